#!/usr/bin/env python3
"""Reads the includes and says so when a room uses one that does not stand before it (docs/architecture.md, "Rooms")."""
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PURE = {"base", "model", "template", "content", "message", "bounce", "pacing", "policy"}
SYSTEM = {"base", "model", "system"}
MAY = {
    "base": {"base"}, "model": {"base", "model"},
    "template": {"base", "model", "template"}, "content": {"base", "model", "template", "content"},
    "message": {"base", "model", "template", "message"}, "bounce": {"base", "model", "bounce"},
    "pacing": {"base", "model", "pacing"}, "policy": {"base", "model", "policy"},
    "system": SYSTEM, "config": SYSTEM | {"config"}, "smtp": SYSTEM | {"smtp"}, "httpd": SYSTEM | {"httpd"}, "store": SYSTEM | {"store"},
}
LIB = PURE | {"system", "config", "smtp", "httpd", "store"}
MAY["ops"] = LIB | {"ops"}
MAY["daemon"] = LIB | {"ops", "daemon"}
MAY["cli"] = LIB | {"ops", "cli"}


def faults_in(room, name, text):
    rooms = set(MAY)
    for line, include in re.findall(r'^(#include "([^"]+)")', text, re.M):
        other = include.split("/")[0]
        if other in rooms and other not in MAY[room]:
            yield f"{name}: {room} must not use {other} ({line})"


def main():
    faults = []
    for top, of in (("lib", None), ("daemon", "daemon"), ("cli", "cli")):
        for folder, _, files in os.walk(os.path.join(ROOT, top)):
            for file in files:
                if not file.endswith((".c", ".h")):
                    continue
                path = os.path.join(folder, file)
                room = of or os.path.relpath(path, os.path.join(ROOT, "lib")).split(os.sep)[0]
                with open(path, encoding="utf-8") as f:
                    faults += faults_in(room, os.path.relpath(path, ROOT), f.read())
    # The check itself must see what is wrong.
    assert list(faults_in("pacing", "x.c", '#include "store/db.h"\n')), "the check sees nothing"
    print("\n".join(faults))
    return 1 if faults else 0


sys.exit(main())
