#!/usr/bin/env python3
"""Feeds and pages read a second of processor time, beside Debian's python3-feedparser in the same run. Figures for people; the exit status is 1 below TIMES.

bench.py [SECONDS]: needs build/gcc (meson compile -C build/gcc content_bench), python3-feedparser and ../shared/corpora."""
import glob
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
CORPORA = os.path.join(ROOT, "..", "shared", "corpora")
BIN = os.environ.get("GAZETTE_BIN") or os.path.join(ROOT, "build", "gcc")
BENCH = os.path.join(BIN, "tests", "bench", "content", "content_bench")
TIMES = 10


def run(*command):
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)


def main():
    seconds = sys.argv[1] if len(sys.argv) > 1 else "10"
    # JSON feeds are none of feedparser's.
    feeds = [f for f in sorted(glob.glob(os.path.join(CORPORA, "feeds", "files", "*"))) if not f.endswith(".json")]
    pages = sorted(glob.glob(os.path.join(CORPORA, "pages", "cases", "*", "source.html")))
    ours, theirs, page = run(BENCH, seconds, "feed", *feeds), run("/usr/bin/python3", os.path.join(HERE, "feedparser_bench.py"), seconds, *feeds), run(BENCH, seconds, "page", *pages)
    ratio = ours["per_s"] / theirs["per_s"]
    print(f"{len(feeds)} feeds: gazette {ours['per_s']:.0f}/s ({ours['mb_per_s']:.1f} MB/s), feedparser {theirs['per_s']:.1f}/s: {ratio:.1f} times as fast")
    print(f"{len(pages)} pages: gazette {page['per_s']:.0f}/s ({page['mb_per_s']:.1f} MB/s)")
    return 0 if ratio >= TIMES else 1


if not os.path.isdir(CORPORA):
    print("skip content bench: ../shared/corpora is not here")
    sys.exit(0)
sys.exit(main())
