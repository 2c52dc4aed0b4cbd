#!/usr/bin/env python3
"""R9: pauses of a provider and of a relay last as long as they were to, whatever the wall clock does meanwhile."""
import os
import sqlite3
import time

import trouble
from trouble import peers

HOUR, YEAR, PAUSE = 3600, 365 * 86400, 8


def stored(site, query):
    db = sqlite3.connect(os.path.join(site.folder, "t.db"))
    try:
        return db.execute(query).fetchone()[0]
    finally:
        db.close()


def until_of(site, what):
    if what == "provider":
        return stored(site, "SELECT max(paused_until_us) FROM provider_state") / 1e6
    return int(stored(site, "SELECT value FROM meta WHERE key = 'relay_hold:main'").split()[0]) / 1e6


def pause_beside_a_jump(what, jump):
    clock, sink = trouble.Trouble(), peers.Sink()
    site = peers.Site(sink.port, [(f"r{i}@gmail.com", "") for i in range(5)], sessions=2)
    site.env = clock.env()
    try:
        begin = time.time()
        site.run(what, "pause", "gmail" if what == "provider" else "main", "--for", f"{PAUSE}s", "--reason", "a test")
        before = until_of(site, what)
        site.start().send()
        time.sleep(1.5)
        clock.wall(jump)
        assert peers.wait_for(lambda: "the clock jumped" in site.log(), 10), site.log()
        assert peers.wait_for(lambda: abs(until_of(site, what) - before - jump) < 2, 10), (until_of(site, what), before, site.log())
        assert peers.wait_for(lambda: sink.mails, 20, 0.02), (site.run("queue", "--why", check=False).stdout, site.log())
        took = time.time() - begin
        print(f"# a pause of {PAUSE} s of a {what}, and a jump by {jump} s: the first mail after {took:.1f} s")
        assert PAUSE - 0.5 < took < PAUSE + 6, took
        assert peers.wait_for(lambda: site.stats()["state"] == "sent", 20), site.log()
    finally:
        site.close()
        sink.stop()


def test_R9_a_clock_set_back_makes_no_pause_longer():
    pause_beside_a_jump("provider", -HOUR)
    pause_beside_a_jump("relay", -HOUR)


def test_R9_a_clock_set_ahead_ends_no_pause():
    pause_beside_a_jump("provider", YEAR)
    pause_beside_a_jump("relay", YEAR)


peers.tests(test_R9_a_clock_set_back_makes_no_pause_longer, test_R9_a_clock_set_ahead_ends_no_pause)
