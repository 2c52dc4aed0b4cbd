#!/usr/bin/env python3
"""R1: kill -9 at random moments of a send: nobody is lost, no more are in doubt than sessions were open, every copy is the same bytes; and a
negative control that proves the test sees a loss. GAZETTE_LONG=1: two hundred kills in a send to 100,000."""
import collections
import email
import os
import random
import re
import sqlite3
import time

import trouble  # noqa: F401 - finds the other tests' peers
from trouble import peers

LONG = bool(os.environ.get("GAZETTE_LONG"))
KILLS, READERS, SESSIONS = (200, 100000, 20) if LONG else (20, 10000, 20)
PAUSE = 0.55  # between two kills, in the mean


def copies_of(sink):
    copies = collections.defaultdict(list)
    for _, recipient, data in sink.mails:
        copies[recipient].append(data)
    return copies


def verdict(readers, copies):
    """What a reader would say: (lost, doubled, copies that differ)."""
    lost = [r for r in readers if r not in copies]
    doubled = sum(len(c) - 1 for c in copies.values())
    differ = [r for r, c in copies.items() if len(set(c)) > 1]
    return lost, doubled, differ


def doubt_after_start(site):
    """Starts it again: what it says to be in doubt, and the time until it is ready."""
    log = os.path.join(site.folder, "daemon.log")
    size, begin = os.path.getsize(log), time.time()
    site.start()
    took = time.time() - begin
    with open(log, encoding="utf-8") as f:
        f.seek(size)
        told = re.findall(r"in doubt after the last stop messages=(\d+)", f.read())
    return int(told[0]) if told else 0, took


def test_R1_kills_lose_nobody():
    pick = random.Random(7)
    readers = [f"r{i}@example.org" for i in range(READERS)]
    sink = peers.Sink()
    site = peers.Site(sink.port, [(r, "") for r in readers], sessions=SESSIONS)
    # Slow enough that every kill falls into the send.
    site.set_conf("[delivery]\n", f"[delivery]\nretry = 1s\nrate = {int(READERS / KILLS / PAUSE / 1.5)}/s\n")
    doubts, restarts = [], []
    try:
        site.start().send()
        for _ in range(KILLS):
            time.sleep(pick.uniform(0.1, 2 * PAUSE - 0.1))
            assert len(sink.mails) < READERS, f"only {len(doubts)} kills fell into the send"
            site.kill()
            doubt, took = doubt_after_start(site)
            doubts.append(doubt)
            restarts.append(took)
        assert peers.wait_for(lambda: site.stats()["state"] == "sent", 60 if not LONG else 600), site.stats()
        copies, stats = copies_of(sink), site.stats()
        lost, doubled, differ = verdict(readers, copies)
        ids = [len({email.message_from_bytes(c)["Message-ID"] for c in of}) for of in copies.values() if len(of) > 1]
        print(f"# {KILLS} kills in a send to {READERS}: lost {len(lost)}, in doubt after a kill {max(doubts)} at most and {sum(doubts) / KILLS:.1f} in the mean, of "
              f"{SESSIONS} sessions; {doubled} second copies, {len(differ)} of them not the same bytes; ready again after {sum(restarts) / KILLS:.2f} s in the "
              f"mean, {max(restarts):.2f} s at most; {stats['uncertain']} held", flush=True)
        assert not lost, f"{len(lost)} readers lost, {lost[:5]}"
        assert not differ and set(ids) <= {1}, f"copies differ: {differ[:5]}"
        assert max(doubts) <= SESSIONS, doubts
        assert doubled <= sum(doubts) and stats["sent"] + stats["uncertain"] == READERS, stats
        assert site.run("store", "check").returncode == 0
    finally:
        site.close()
        sink.stop()


def test_R1_control_the_check_sees_a_loss():
    """Rows marked as sent that never were: what a broken ledger would do."""
    readers = [f"r{i}@example.org" for i in range(300)]
    sink = peers.Sink()
    site = peers.Site(sink.port, [(r, "") for r in readers], sessions=2)
    try:
        site.run("campaign", "create", "news", "--post", "1")
        site.start()
        site.run("campaign", "send", "1", "--yes")
        site.run("campaign", "watch", "1")
        assert not verdict(readers, copies_of(sink))[0]
        sink.mails = sink.mails[:-3]
        assert len(verdict(readers, copies_of(sink))[0]) == 3
        site.stop()
        db = sqlite3.connect(os.path.join(site.folder, "t.db"))
        db.execute("UPDATE delivery SET state = 'bounced' WHERE id = 5")
        db.commit()
        db.close()
        assert site.run("store", "check", check=False).returncode == 65, "a miscounted campaign is not seen"
    finally:
        site.close()
        sink.stop()


peers.tests(test_R1_kills_lose_nobody, test_R1_control_the_check_sees_a_loss)
