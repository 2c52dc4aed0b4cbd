#!/usr/bin/env python3
"""After kill -9 the store is looked through in the background while mail goes out already: a sound one is said to be, damage is told."""
import os
import sqlite3
import time

import trouble  # noqa: F401 - finds the other tests' peers
from trouble import peers

ALERTS = "\n[alerts]\nmail = admin@example.org\n"


def many(n):
    return [(f"r{i}@example.org", "") for i in range(n)]


def check_of(site):
    return site.rows("status")[0]["check"] or ""


def killed_while_sending(sink, readers, extra=""):
    site = peers.Site(sink.port, many(readers), extra=extra, sessions=4)
    site.set_conf("[delivery]\n", "[delivery]\nretry = 1s\nrate = 100/s\n")
    site.start().send()
    assert peers.wait_for(lambda: len(sink.mails) > 50, 20), site.log()
    site.kill()
    return site


def while_down(site, *statements):
    db = sqlite3.connect(os.path.join(site.folder, "t.db"))
    db.execute("PRAGMA writable_schema = ON")
    for statement in statements:
        assert db.execute(statement).rowcount > 0, statement
    db.commit()
    db.close()


def told(sink, word):
    return [data.decode() for _, to, data in list(sink.mails) if to == "admin@example.org" and word in data.decode()]


def test_a_clean_stop_owes_no_check_and_a_kill_does():
    sink = peers.Sink()
    site = killed_while_sending(sink, 600)
    try:
        before, begin = len(sink.mails), time.time()
        site.start()
        assert peers.wait_for(lambda: len(sink.mails) > before, 20, 0.01), site.log()
        first = time.time() - begin
        assert peers.wait_for(lambda: "the file is sound, and the counters are right" in check_of(site), 20), (check_of(site), site.log())
        assert "after an unclean stop" in site.run("status").stdout.decode()
        print(f"# sends again {first:.2f} s after a kill, the check was done after {time.time() - begin:.2f} s")
        assert peers.wait_for(lambda: site.stats()["state"] == "sent", 30), (site.stats(), site.log())
        assert site.stop() == 0
        size = os.path.getsize(os.path.join(site.folder, "daemon.log"))
        site.start()
        time.sleep(1)
        with open(os.path.join(site.folder, "daemon.log"), encoding="utf-8") as log:
            log.seek(size)
            assert "store check" not in log.read(), "a clean stop owes no check"
        assert site.stop() == 0
    finally:
        site.close()
        sink.stop()


def test_damage_is_told_while_mail_goes_on():
    sink = peers.Sink()
    site = killed_while_sending(sink, 600, ALERTS)
    try:
        # Pages that belong to nobody: what sqlite3 calls damage, and what no statement stumbles over.
        while_down(site, "DELETE FROM sqlite_master WHERE name = (SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name = 'event' LIMIT 1)")
        before = len(sink.mails)
        site.start()
        assert peers.wait_for(lambda: told(sink, "needs you: store"), 20), (check_of(site), site.log())
        mail = told(sink, "needs you: store")[0].replace("=\n", "")
        assert "the file is damaged" in mail and "restore a backup" in mail, mail
        assert "the file is damaged" in check_of(site) and site.run("status", check=False).returncode == 75
        assert len(sink.mails) > before + 1, "sending waited for the check"
        # It is owed until the store is found sound: a stop in order does not hide it.
        assert site.stop() == 0
        site.start()
        assert peers.wait_for(lambda: site.log().count("store check: the file is damaged") >= 2, 20), site.log()
    finally:
        site.close()
        sink.stop()


def test_wrong_counters_are_told_and_the_alert_ends_with_them():
    sink = peers.Sink()
    site = killed_while_sending(sink, 300, ALERTS)
    try:
        while_down(site, "UPDATE campaign_count SET bounced = bounced + 3 WHERE rowid = (SELECT min(rowid) FROM campaign_count)")
        site.start()
        assert peers.wait_for(lambda: told(sink, "counted wrong"), 20), (check_of(site), site.log())
        site.kill()
        while_down(site, "UPDATE campaign_count SET bounced = bounced - 3 WHERE rowid = (SELECT min(rowid) FROM campaign_count)")
        site.start()
        assert peers.wait_for(lambda: "is sound" in check_of(site) and not site.rows("status")[0]["alerts"], 20), site.rows("status")
    finally:
        site.close()
        sink.stop()


peers.tests(test_a_clean_stop_owes_no_check_and_a_kill_does, test_damage_is_told_while_mail_goes_on, test_wrong_counters_are_told_and_the_alert_ends_with_them)
