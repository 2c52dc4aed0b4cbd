#!/usr/bin/env python3
"""Runs every check and test: builds, unit tests under sanitizers, static checks, and the programs against real peers."""
import concurrent.futures
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LOGS = os.path.join(ROOT, "build", "logs")
LONG = "--long" in sys.argv
# What only computes steps back for the programs and peers that run beside it, and mostly wait.
NICE = ["nice", "-n", "15"]
QUICK = "--quick" in sys.argv
passed, failed, skipped = [], [], []
PRINTING = threading.Lock()


def report(name, ok, seconds, note=""):
    print(f"{'ok  ' if ok else 'FAIL'} {name} ({seconds:.0f} s){' ' + note if note else ''}", flush=True)
    (passed if ok else failed).append(name)


def run(name, command, env=None, timeout=1500, quiet=False):
    """One command; its output goes to a log, whose end is shown when it fails."""
    begin = time.time()
    log = os.path.join(LOGS, re.sub(r"\W+", "-", name) + ".log")
    with open(log, "wb") as out:
        try:
            code = subprocess.run(NICE + command, cwd=ROOT, stdout=out, stderr=subprocess.STDOUT, env={**os.environ, **(env or {})}, timeout=timeout).returncode
        except subprocess.TimeoutExpired:
            out.write(b"\ntimed out\n")
            code = 124
    with PRINTING:
        if not quiet:
            report(name, code == 0, time.time() - begin)
        if code != 0:
            with open(log, "rb") as text:
                print(text.read()[-6000:].decode("utf-8", "replace"), flush=True)
    return code


def build(name, compiler, *options):
    folder = os.path.join("build", name)
    if not os.path.exists(os.path.join(ROOT, folder, "build.ninja")):
        shutil.rmtree(os.path.join(ROOT, folder), ignore_errors=True)
        if run(f"configure {name}", ["meson", "setup", folder, *options], {"CC": compiler}, quiet=True) != 0:
            with PRINTING:
                report(f"build {name}", False, 0)
            return False
    return run(f"build {name}", ["ninja", "-C", folder]) == 0


def unit_tests(name, *options):
    """Each test program counts as one."""
    folder = os.path.join(ROOT, "build", name)
    env = {"ASAN_OPTIONS": "detect_stack_use_after_return=0", "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1", "TSAN_OPTIONS": "halt_on_error=1",
           "GAZETTE_LONG": "1" if LONG else ""}
    run(f"unit tests {name}", ["meson", "test", "-C", folder, "--no-rebuild", "--print-errorlogs", "--timeout-multiplier", "20" if LONG else "4", *options], env, quiet=True)
    with PRINTING, open(os.path.join(folder, "meson-logs", "testlog.json"), encoding="utf-8") as log:
        for line in log:
            test = json.loads(line)
            title = f"{name}: {test['name']}"
            if test["result"] == "SKIP":
                skipped.append(title)
                print(f"skip {title}: what it needs is not installed", flush=True)
            else:
                report(title, test["result"] in ("OK", "EXPECTEDFAIL"), test["duration"])
                print("".join(f"     {figure}\n" for figure in test.get("stdout", "").splitlines() if figure.startswith("# ")), end="", flush=True)


SANITIZERS = {"ASAN_OPTIONS": "detect_stack_use_after_return=0:detect_leaks=1", "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
              "TSAN_OPTIONS": "halt_on_error=1"}
# These hold the programs against the clock or take memory from them: they run what users run, not a sanitizer's build, when nothing is
# computed beside them; and as the machine may have another at work, a program of theirs that failed is asked once more.
AGAINST_THE_CLOCK = ("clock_test.py", "hostile_test.py", "hostile_end_test.py", "kill_test.py", "pacing_test.py", "powercut_test.py", "trouble_test.py")


def asked(path, timeout, log, nice, env):
    """Runs a test program and keeps what it printed."""
    try:
        done = subprocess.run([*nice, path], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=env, timeout=timeout)
        text, code = done.stdout.decode("utf-8", "replace"), done.returncode
    except subprocess.TimeoutExpired as late:
        text, code = (late.stdout or b"").decode("utf-8", "replace") + "\ntimed out\n", 124
    with open(log, "w", encoding="utf-8") as out:
        out.write(text)
    return text, code


def scripted(path, timeout, binaries="gcc", nice=()):
    """A test program that prints `ok NAME`, `not ok NAME` and `skip NAME: reason`, a line each."""
    begin = time.time()
    name = os.path.relpath(path, os.path.join(ROOT, "tests")) + ("" if binaries == "gcc" else f" ({binaries})")
    log = os.path.join(LOGS, re.sub(r"\W+", "-", name) + ".log")
    env = {**os.environ, **SANITIZERS, "GAZETTE_BIN": os.path.join(ROOT, "build", binaries), "GAZETTE_LONG": "1" if LONG else ""}
    text, code = asked(path, timeout, log, nice, env)
    if code != 0 and os.path.basename(path) in AGAINST_THE_CLOCK:
        with PRINTING:
            print(f"     {name} failed and is asked once more:\n{text[-3000:]}", flush=True)
        text, code = asked(path, timeout, log, nice, env)
    with PRINTING:
        show(name, text, code, time.time() - begin)


def show(name, text, code, seconds):
    any_failed = False
    for line in text.splitlines():
        if line.startswith("ok "):
            report(f"{name}: {line[3:]}", True, 0)
        elif line.startswith("not ok "):
            any_failed = True
            report(f"{name}: {line[7:]}", False, 0)
        elif line.startswith("skip "):
            skipped.append(line[5:])
            print(line, flush=True)
        elif line.startswith("# "):
            print(f"     {line}", flush=True)
    if code != 0 and not any_failed:
        report(name, False, seconds)
        any_failed = True
    if any_failed:
        print(text[-6000:], flush=True)
    print(f"     {name} took {seconds:.0f} s", flush=True)


def real_peers(lanes, against_the_clock):
    """Starts the programs against real peers: several at a time, for mostly they wait."""
    paths = sorted(path for room in ("integration", "crash", "browser") for path in glob.glob(os.path.join(ROOT, "tests", room, "*_test.*")) if not path.endswith(".c"))
    return [lanes.submit(scripted, path, 3600 if LONG else 600, "gcc" if against_the_clock else "asan")
            for path in paths if (os.path.basename(path) in AGAINST_THE_CLOCK) == against_the_clock]


def sources():
    listed = subprocess.run(["git", "ls-files", "*.c", "*.h"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    return [f for f in listed if os.path.exists(os.path.join(ROOT, f))]


def tidy():
    """clang-tidy, file by file on all cores; a file that was clean and has not changed is not read again."""
    begin = time.time()
    import hashlib
    cache_path = os.path.join(ROOT, "build", "tidy.json")
    try:
        with open(cache_path, encoding="utf-8") as f:
            cache = json.load(f)
    except (OSError, ValueError):
        cache = {}
    headers = hashlib.sha256()
    for path in sorted(f for f in sources() if f.endswith(".h")) + [".clang-tidy"]:
        with open(os.path.join(ROOT, path), "rb") as f:
            headers.update(f.read())

    def one(path):
        with open(os.path.join(ROOT, path), "rb") as f:
            key = headers.hexdigest() + hashlib.sha256(f.read()).hexdigest()
        if cache.get(path) == key:
            return path, key, 0, ""
        done = subprocess.run([*NICE, "clang-tidy", "--quiet", "-p", "build/asan", path], cwd=ROOT, capture_output=True, text=True)
        return path, key, done.returncode, done.stdout
    files = [f for f in sources() if f.endswith(".c") and f.split("/")[0] in ("lib", "daemon", "cli")]
    ok = True
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, key, code, text in pool.map(one, files):
            if code == 0:
                cache[path] = key
            else:
                ok = False
                with PRINTING:
                    print(text[-3000:], flush=True)
    with open(cache_path, "w", encoding="utf-8") as f:
        json.dump(cache, f)
    with PRINTING:
        report("clang-tidy", ok, time.time() - begin)


def main():
    os.makedirs(LOGS, exist_ok=True)
    begin = time.time()
    run("format", ["clang-format", "--dry-run", "-Werror", *sources()])
    for check in sorted(glob.glob(os.path.join(ROOT, "tests", "quality", "*.py"))):
        if not check.endswith("purity.py"):
            run("quality " + os.path.basename(check)[:-3], ["python3", check])
    beside, running = concurrent.futures.ThreadPoolExecutor(3), []
    gcc = build("gcc", "gcc", "--buildtype=debugoptimized")
    if gcc:
        run("quality purity", ["python3", "tests/quality/purity.py", "build/gcc"])
    asan = build("asan", "clang", "-Db_sanitize=address,undefined", "-Db_lundef=false", "--buildtype=debugoptimized")
    if asan:
        running += real_peers(beside, False)
    if build("tsan", "clang", "-Db_sanitize=thread", "-Db_lundef=false", "--buildtype=debugoptimized"):
        running.append(beside.submit(scripted, os.path.join(ROOT, "tests", "integration", "send_test.py"), 600, "tsan"))
        unit_tests("tsan", "--suite", "store", "--suite", "smtp", "--suite", "daemon")
    if asan:
        unit_tests("asan")
        if not QUICK:
            tidy()
    if build("fuzz", "clang", "-Dfuzz=enabled", "-Dman=disabled", "-Db_sanitize=address,undefined", "-Db_lundef=false", "--buildtype=debugoptimized"):
        scripted(os.path.join(ROOT, "tests", "fuzz", "fuzz.py"), 8 * 3600 if LONG else 600, nice=NICE)
    if not QUICK:
        run("cppcheck", ["cppcheck", "--quiet", "--error-exitcode=1", "--enable=warning,portability", "--inline-suppr", "--std=c11", "--suppressions-list=tests/quality/cppcheck.txt",
                         "-j", str(os.cpu_count()), "-Ilib", "-I.", "lib", "daemon", "cli"])
    if gcc:
        scripted(os.path.join(ROOT, "tests", "bench", "callgrind"), 300, nice=NICE)
    for job in running:
        job.result()
    if gcc:
        for job in real_peers(concurrent.futures.ThreadPoolExecutor(2), True):
            job.result()
    print(f"all of it took {time.time() - begin:.0f} s")
    for name in failed:
        print(f"failed: {name}")
    print(f"{len(passed)} passed, {len(failed)} failed" + (f", {len(skipped)} skipped" if skipped else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
