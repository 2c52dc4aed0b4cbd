"""Trouble below a running daemon: the wall clock jumps, time runs faster, flushes fail. preload.c, loaded into it, reads what is written here."""
import mmap
import os
import struct
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "integration"))
import peers  # noqa: E402


class Trouble:
    def __init__(self):
        self.file = tempfile.NamedTemporaryFile(prefix="gazette-trouble-")
        self.file.write(struct.pack("=4q", 0, 1, 0, 0))
        self.file.flush()
        self.map = mmap.mmap(self.file.fileno(), 32)

    def env(self):
        """For the daemon's environment."""
        module = os.path.join(peers.BIN, "tests", "crash", "trouble.so")
        assert os.path.exists(module), f"{module} is missing: it is built with the tests"
        return {"LD_PRELOAD": module, "TROUBLE": self.file.name}

    def put(self, place, value):
        self.map[place * 8:place * 8 + 8] = struct.pack("=q", int(value))

    def wall(self, seconds):
        """How far the wall clock is off from now on."""
        self.put(0, seconds * 1e6)

    def speed(self, times):
        """From now on time runs that much faster; once only."""
        self.put(2, time.clock_gettime(time.CLOCK_BOOTTIME) * 1e6)
        self.put(1, times)

    def fail(self, fails):
        """Flushes end with EIO."""
        self.put(3, fails)
