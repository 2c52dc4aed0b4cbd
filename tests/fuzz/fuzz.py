#!/usr/bin/env python3
"""Runs every fuzz target of build/fuzz: a minute for all of them, an hour each with GAZETTE_LONG. Seeds are those beside this file and, where they are
at hand, the corpora's files. What a target finds lies in build/fuzz/found; what it learned is kept in build/fuzz/corpus for the next time.

fuzz.py [TARGET...] with FUZZ_SECONDS=n runs only those, n seconds each."""
import concurrent.futures
import glob
import os
import re
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.join(ROOT, "build", "fuzz")
CORPORA = os.path.join(ROOT, "..", "shared", "corpora")
LONG = bool(os.environ.get("GAZETTE_LONG"))
MOST_BYTES = 16384
SEEDS = {"feed": "feeds/files/*", "page": "pages/cases/*/source.html", "sanitise": "pages/cases/*/expected.html", "plain": "posts/cmark/**/*.html",
         "markdown": "posts/files/**/*.m*", "bounce": "bounces/files/*"}


def seed_folder(target):
    """A folder with the small ones of the corpora's files under short names: libFuzzer reads folders only, and cuts what is longer."""
    folder = os.path.join(BUILD, "seeds", target)
    os.makedirs(folder, exist_ok=True)
    found = glob.glob(os.path.join(CORPORA, SEEDS[target]), recursive=True) if target in SEEDS else []
    for number, path in enumerate(sorted(f for f in found if os.path.isfile(f))):
        link = os.path.join(folder, f"{number:04}")
        if os.path.getsize(path) <= MOST_BYTES and not os.path.lexists(link):
            os.symlink(os.path.abspath(path), link)
    return folder


def fuzz(target, seconds):
    corpus, found = os.path.join(BUILD, "corpus", target), os.path.join(BUILD, "found")
    for folder in (corpus, found):
        os.makedirs(folder, exist_ok=True)
    folders = [corpus, seed_folder(target)]
    own = os.path.join(HERE, "seeds", target)
    if os.path.isdir(own):
        folders.append(own)
    env = {**os.environ, "ASAN_OPTIONS": "detect_stack_use_after_return=0:allocator_may_return_null=1", "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1"}
    command = [os.path.join(BUILD, "tests", "fuzz", "fuzz_" + target), f"-max_total_time={seconds}", f"-max_len={MOST_BYTES}", "-timeout=20", "-rss_limit_mb=2500",
               "-print_final_stats=1", f"-artifact_prefix={found}/{target}-", *folders]
    begin = time.time()
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=env, timeout=seconds + 300, check=False)
        text, code = done.stdout.decode("utf-8", "replace"), done.returncode
    except subprocess.TimeoutExpired as late:
        text, code = (late.stdout or b"").decode("utf-8", "replace") + "\nit did not come to its end", 1
    runs = re.search(r"stat::number_of_executed_units: (\d+)", text)
    return target, code, f"{runs.group(1) if runs else '?'} inputs in {time.time() - begin:.0f} s", text


def main():
    targets = sys.argv[1:] or sorted(os.path.basename(f)[5:] for f in glob.glob(os.path.join(BUILD, "tests", "fuzz", "fuzz_*")) if os.access(f, os.X_OK) and os.path.isfile(f))
    if not targets:
        print("not ok fuzz: build/fuzz has no targets")
        return 1
    cores = os.cpu_count() or 1
    seconds = int(os.environ.get("FUZZ_SECONDS") or (3600 if LONG else max(3, 60 * cores // len(targets))))
    status = 0
    with concurrent.futures.ThreadPoolExecutor(cores) as pool:
        for target, code, what, text in pool.map(lambda t: fuzz(t, seconds), targets):
            print(f"{'ok' if code == 0 else 'not ok'} fuzz {target}, {what}", flush=True)
            if code != 0:
                status = 1
                print(text[-5000:], flush=True)
    return status


if __name__ == "__main__":
    sys.exit(main())
