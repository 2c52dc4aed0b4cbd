#!/usr/bin/env python3
"""kill -9 at random moments in a send: nobody is lost, no more are in doubt than sessions were open, every copy is the same bytes; and a
negative control that proves the test sees a loss. GAZETTE_LONG=1: two hundred kills in a send to 100,000."""
import collections
import os
import random
import re
import sqlite3
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "integration"))
import peers  # noqa: E402

LONG = bool(os.environ.get("GAZETTE_LONG"))
KILLS, READERS, SESSIONS = (200, 100000, 20) if LONG else (20, 10000, 20)


def copies_of(sink):
    copies = collections.defaultdict(list)
    for _, recipient, data in sink.mails:
        copies[recipient].append(data)
    return copies


def verdict(readers, copies, stats, kills):
    """What a reader would say: (lost, doubled, copies that differ)."""
    lost = [r for r in readers if r not in copies]
    doubled = sum(len(c) - 1 for c in copies.values())
    differ = [r for r, c in copies.items() if len(set(c)) > 1]
    return lost, doubled, differ


def test_twenty_kills_lose_nobody():
    pick = random.Random(7)
    readers = [f"r{i}@example.org" for i in range(READERS)]
    sink = peers.Sink()
    site = peers.Site(sink.port, [(r, "") for r in readers], sessions=SESSIONS)
    # Slow enough that every kill falls into the send.
    site.set_conf("[delivery]\n", f"[delivery]\nretry = 1s\nrate = {READERS // 25 if not LONG else 1500}/s\n")
    try:
        site.start().send()
        most_doubt, done = 0, 0
        for done in range(1, KILLS + 1):
            time.sleep(pick.uniform(0.3, 1.2))
            if site.stats()["state"] == "sent":
                break
            site.kill()
            site.start()
            for line in re.findall(r"in doubt after the last stop messages=(\d+)", site.log()):
                most_doubt = max(most_doubt, int(line))
        assert peers.wait_for(lambda: site.stats()["state"] == "sent", 60 if not LONG else 600), site.stats()
        stats = site.stats()
        lost, doubled, differ = verdict(readers, copies_of(sink), stats, done)
        print(f"# {done} kills, {stats['sent']} sent, {stats['uncertain']} uncertain, {doubled} doubled, at most {most_doubt} in doubt after a kill")
        assert done >= KILLS // 2, f"only {done} kills fell into the send"
        assert not lost, f"{len(lost)} readers lost, {lost[:5]}"
        assert not differ, f"copies differ: {differ[:5]}"
        assert most_doubt <= SESSIONS, most_doubt
        assert doubled <= done * SESSIONS and stats["sent"] + stats["uncertain"] == READERS, stats
        assert site.run("store", "check").returncode == 0
    finally:
        site.close()
        sink.stop()


def test_the_check_sees_a_loss():
    """Rows marked as sent that never were: what a broken ledger would do."""
    readers = [f"r{i}@example.org" for i in range(300)]
    sink = peers.Sink()
    site = peers.Site(sink.port, [(r, "") for r in readers], sessions=2)
    try:
        site.run("campaign", "create", "news", "--post", "1")
        site.start()
        site.run("campaign", "send", "1", "--yes")
        site.run("campaign", "watch", "1")
        assert not verdict(readers, copies_of(sink), site.stats(), 0)[0]
        sink.mails = sink.mails[:-3]
        assert len(verdict(readers, copies_of(sink), site.stats(), 0)[0]) == 3
        site.stop()
        db = sqlite3.connect(os.path.join(site.folder, "t.db"))
        db.execute("UPDATE delivery SET state = 'bounced' WHERE id = 5")
        db.commit()
        db.close()
        assert site.run("store", "check", check=False).returncode == 65, "a miscounted campaign is not seen"
    finally:
        site.close()
        sink.stop()


peers.tests(test_twenty_kills_lose_nobody, test_the_check_sees_a_loss)
