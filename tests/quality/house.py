#!/usr/bin/env python3
"""The house: SQL stays in lib/store, files stay short, no path of a machine, nothing left half done."""
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LONGEST = 700
SQL = re.compile(r"sqlite3\.h|libpq|sqlite3_\w+\(|PQexec|\"\s*(SELECT|INSERT INTO|UPDATE|DELETE FROM)\s[a-z]", re.I)
UNFINISHED = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|X" + r"XX|HA" + r"CK)\b|not implem" + "ented")


def faults_in(name, text):
    if name.endswith((".c", ".h")) and text.count("\n") > LONGEST:
        yield f"{name}: longer than {LONGEST} lines"
    if name.endswith((".c", ".h")) and not name.startswith(("lib/store/", "tests/")) and SQL.search(text):
        yield f"{name}: SQL outside lib/store: {SQL.search(text).group(0)}"
    if name.endswith((".c", ".h", ".py", ".sh")) and UNFINISHED.search(text):
        yield f"{name}: {UNFINISHED.search(text).group(0)}"
    if re.search(r"/(work|home)/[a-z]+/", text):
        yield f"{name}: names a path of one machine"


def main():
    names = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
    faults = []
    for name in filter(None, names):
        path = os.path.join(ROOT, name)
        if not os.path.isfile(path) or name.endswith("house.py"):
            continue
        with open(path, encoding="utf-8", errors="replace") as f:
            faults += faults_in(name, f.read())
    assert list(faults_in("lib/ops/x.c", 'x = "SELECT a FROM b";')), "the check sees nothing"
    assert list(faults_in("lib/x.c", "\n" * 701)), "the check sees nothing"
    print("\n".join(faults))
    return 1 if faults else 0


sys.exit(main())
