#!/usr/bin/env python3
"""The corpora's own scorers over what `gazette post inspect --json` reads. Skipped where the corpora are not at hand."""
import json
import os
import subprocess
import sys
import tempfile

import peers

CORPORA = os.path.join(peers.ROOT, "..", "shared", "corpora")
FEEDS = {"entries": 0.985, "ids": 0.985, "titles": 0.985, "links": 0.985, "dates": 0.985}
PAGES = {"titles": 0.97, "bylines": 0.97, "sites": 0.97, "dates": 0.95, "text": 0.98}


def inspect(cases, folder, out):
    """Runs the command over JSON lines of cases; what it refuses has a line too, so its status says nothing here."""
    with open(out, "wb") as f:
        subprocess.run([peers.GAZETTE, "--json", "post", "inspect", "--cases", cases, "--dir", folder], stdout=f, check=False, timeout=120)
    with open(out, encoding="utf-8") as f:
        return [json.loads(line) for line in f]


def score(goals, *arguments):
    done = subprocess.run([sys.executable, *arguments, "--failures", "20", *(f"--fail-under={k}={v}" for k, v in goals.items())],
                          capture_output=True, text=True, check=False, timeout=120)
    print(done.stdout.splitlines()[-1])
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr


def test_feeds():
    folder = os.path.join(CORPORA, "feeds")
    with tempfile.TemporaryDirectory() as work:
        expected, out = os.path.join(folder, "expected.jsonl"), os.path.join(work, "out.jsonl")
        inspect(expected, os.path.join(folder, "files"), out)
        score(FEEDS, os.path.join(folder, "score.py"), "--expected", expected, "--predictions", out)


def test_pages():
    folder = os.path.join(CORPORA, "pages")
    names = sorted(os.listdir(os.path.join(folder, "cases")))
    with tempfile.TemporaryDirectory() as work:
        cases, out = os.path.join(work, "cases.jsonl"), os.path.join(work, "out.jsonl")
        with open(cases, "w", encoding="utf-8") as f:
            for name in names:
                with open(os.path.join(folder, "cases", name, "extra.json"), encoding="utf-8") as extra:
                    said = json.load(extra)
                f.write(json.dumps({"file": f"{name}/source.html", "base_url": said["base_url"], "content_type": said["content_type"]}) + "\n")
        rows = inspect(cases, os.path.join(folder, "cases"), out)
        assert [row.get("case") for row in rows] == names
        score(PAGES, os.path.join(folder, "score.py"), "--cases", os.path.join(folder, "cases"), "--predictions", out)


def test_posts():
    """Every field of every file. What can not be read, or would have to be run, is refused."""
    folder = os.path.join(CORPORA, "posts")
    expected = os.path.join(folder, "expected.jsonl")
    with open(expected, encoding="utf-8") as f:
        wanted = [json.loads(line) for line in f]
    with tempfile.TemporaryDirectory() as work:
        rows = inspect(expected, os.path.join(folder, "files"), os.path.join(work, "out.jsonl"))
    assert len(rows) == len(wanted)
    wrong = []
    for want, row in zip(wanted, rows):
        refused = bool(want["error"]) or want["front_matter"] == "js"
        if bool(row["error"]) != refused:
            wrong.append((want["file"], "error", want["error"], row["error"]))
        for key, value in want.items():
            if key not in ("file", "error", "note") and row.get(key) != value:
                wrong.append((want["file"], key, value, row.get(key)))
    assert not wrong, "\n".join(map(str, wrong))


if not os.path.isdir(CORPORA):
    print("skip corpora: ../shared/corpora is not here")
    sys.exit(0)
peers.tests(test_feeds, test_pages, test_posts)
