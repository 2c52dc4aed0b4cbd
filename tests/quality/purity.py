#!/usr/bin/env python3
"""Undefined symbols of the built libraries: the pure rooms must not reach for clock, random, files, sockets or the environment; nobody for
functions that can not be used safely."""
import glob
import os
import subprocess
import sys

PURE = ["base", "model", "template", "content", "message", "bounce", "pacing", "policy"]
IMPURE = {"time", "clock_gettime", "gettimeofday", "rand", "random", "srand", "getrandom", "open", "open64", "fopen", "fopen64", "socket", "connect", "getenv",
          "secure_getenv", "system", "popen", "fork", "execve", "getaddrinfo", "unlink", "rename", "stat", "localtime", "localtime_r", "sleep", "nanosleep"}
NEVER = {"strcpy", "strcat", "sprintf", "vsprintf", "gets", "atoi", "atol", "tmpnam", "mktemp"}


def undefined(path):
    out = subprocess.run(["nm", "-u", path], capture_output=True, text=True, check=True).stdout
    return {line.split()[-1].split("@")[0] for line in out.splitlines() if line.strip().startswith(("U ", "w "))}


def main():
    build = sys.argv[1]
    faults = []
    for path in sorted(glob.glob(os.path.join(build, "lib", "*", "*.a")) + glob.glob(os.path.join(build, "daemon", "*.a"))):
        room = os.path.basename(os.path.dirname(path))
        names = undefined(path)
        bad = (names & NEVER) | (names & IMPURE if room in PURE else set())
        faults += [f"{room} uses {name}" for name in sorted(bad)]
    system = os.path.join(build, "lib", "system", "libsystem.a")
    assert undefined(system) & IMPURE, "the check sees nothing"
    print("\n".join(faults))
    return 1 if faults else 0


sys.exit(main())
