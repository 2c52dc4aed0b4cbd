#!/usr/bin/env python3
"""Who did not get a campaign, and getting it to them: counted at a sink. And suppressions that nobody should believe."""
import os
import sqlite3
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import peers  # noqa: E402


def many(n):
    return [(f"r{i}@example.org", f"R {i}") for i in range(n)]


def sql(site, text):
    db = sqlite3.connect(os.path.join(site.folder, "t.db"), timeout=20)
    with db:
        db.execute(text)
    db.close()


def recipients(sink):
    with sink.lock:
        return [to for _, to, _ in sink.mails]


def test_a_resend_reaches_exactly_those_who_missed_it_and_may_get_it():
    good = False
    ids = {}

    def rcpt(to):
        if good:
            return None
        return {"r0": "550 5.1.1 no such user", "r1": "450 4.2.1 busy", "r2": "450 4.2.1 busy", "r3": "450 4.2.1 busy"}.get(to.split("@")[0])

    def dot(to, mail):
        ids.setdefault(to, set()).add(next(line for line in mail.decode().splitlines() if line.startswith("Message-ID:")))
        return "drop" if to == "r4@example.org" and not good else None

    sink = peers.Sink(rcpt=rcpt, dot=dot)
    site = peers.Site(sink.port, many(10), extra="\n", sessions=1)
    try:
        site.set_conf("[delivery]\n", "[delivery]\non_uncertain = hold\nbreaker = off\n")
        site.start().send()
        assert peers.wait_for(lambda: (lambda s: s["sent"] == 5 and s["deferred"] == 3 and s["uncertain"] == 1)(site.stats()), 20), (site.stats(), site.log())
        # Two of the deferred are given up; one of them has left meanwhile. One that was sent came back for a while, one for good.
        site.stop()
        sql(site, "UPDATE delivery SET attempts = 9, queued_us = 1 WHERE state = 'deferred' AND subscriber_id IN (SELECT id FROM subscriber WHERE email IN ('r1@example.org', 'r2@example.org'))")
        sql(site, "UPDATE delivery SET returned_us = 1, returned_class = 'soft' WHERE subscriber_id = (SELECT id FROM subscriber WHERE email = 'r5@example.org')")
        sql(site, "UPDATE delivery SET returned_us = 1, returned_class = 'hard' WHERE subscriber_id = (SELECT id FROM subscriber WHERE email = 'r6@example.org')")
        sql(site, "UPDATE campaign_count SET returned = returned + 2 WHERE rowid = (SELECT min(rowid) FROM campaign_count)")
        site.start()
        assert peers.wait_for(lambda: site.stats()["expired"] == 2, 20), (site.stats(), site.log())
        site.run("subscriber", "unsubscribe", "r2@example.org", "news")
        rows = {row["email"].split("@")[0]: row for row in site.rows("campaign", "missed", "1")}
        assert set(rows) == {"r0", "r1", "r2", "r3", "r4", "r5", "r6"}, rows
        keys = "email, state, returned, reason, code, status, reply, provider, attempts, last_attempt, resend_reaches".split(", ")
        assert list(rows["r0"]) == keys, list(rows["r0"])
        assert rows["r0"]["code"] == 550 and rows["r0"]["status"] == "5.1.1" and rows["r0"]["state"] == "bounced", rows["r0"]
        reached = {name for name, row in rows.items() if row["resend_reaches"]}
        assert reached == {"r1", "r4", "r5"}, reached
        before = recipients(sink)
        assert site.rows("campaign", "resend", "1", "--missed", "--dry-run")[0]["resent"] == 3
        assert recipients(sink) == before and site.stats()["expired"] == 2
        good = True
        assert site.rows("--yes", "campaign", "resend", "1", "--missed")[0]["resent"] == 3
        assert peers.wait_for(lambda: len(recipients(sink)) == len(before) + 3, 20), (site.stats(), site.log())
        assert sorted(recipients(sink)[len(before):]) == ["r1@example.org", "r4@example.org", "r5@example.org"]
        assert len(ids["r4@example.org"]) == 1 == len(ids["r5@example.org"]), "a resend has another Message-ID"
        assert site.rows("--yes", "campaign", "resend", "1", "--missed")[0]["resent"] == 0
        assert site.run("store", "check").returncode == 0
    finally:
        site.close()
        sink.stop()


def test_a_server_that_refuses_everybody_is_not_believed():
    broken = True
    sink = peers.Sink(rcpt=lambda to: "550 5.1.1 no such user" if broken and to != "admin@example.org" else None)
    site = peers.Site(sink.port, many(300), extra="\n[alerts]\nmail = admin@example.org\n", sessions=2)
    try:
        site.set_conf("[delivery]\n", "[delivery]\nbreaker = off\n")
        site.start().send()
        assert peers.wait_for(lambda: "admin@example.org" in recipients(sink), 30), site.log()
        rows = site.rows("suppression", "ls")
        assert 5 <= len(rows) <= 20 and all(row["is_provisional"] for row in rows), rows
        bounced = site.stats()["bounced"]
        assert bounced == len(rows), (bounced, len(rows))
        status = site.run("--json", "status", check=False)
        assert status.returncode == 75 and b"suppressions" in status.stdout, status.stdout
        assert any(relay["state"] == "paused" for relay in site.rows("status")[0]["relays"]), "sending goes on"
        broken = False
        done = site.rows("--yes", "suppression", "drop", "--provisional")[0]
        assert done == {"dropped": bounced, "queued": bounced}, done
        assert site.rows("suppression", "ls") == []
        site.run("queue", "retry", "1")
        assert peers.wait_for(lambda: site.stats()["sent"] == 300, 30), (site.stats(), site.log())
        readers = [to for to in recipients(sink) if to != "admin@example.org"]
        assert len(readers) == len(set(readers)) == 300
        assert peers.wait_for(lambda: b"suppressions" not in site.run("--json", "status", check=False).stdout, 10)
        assert site.run("store", "check").returncode == 0
    finally:
        site.close()
        sink.stop()


def test_a_good_sample_confirms_what_was_provisional():
    sink = peers.Sink(rcpt=lambda to: "550 5.1.1 no such user" if to in ("r50@example.org", "r90@example.org") else None)
    site = peers.Site(sink.port, many(260), sessions=2)
    try:
        site.start().send()
        assert peers.wait_for(lambda: site.stats()["state"] == "sent", 30), (site.stats(), site.log())
        assert peers.wait_for(lambda: [row["is_provisional"] for row in site.rows("suppression", "ls")] == [False, False], 15), site.rows("suppression", "ls")
    finally:
        site.close()
        sink.stop()


if __name__ == "__main__":
    peers.tests(test_a_resend_reaches_exactly_those_who_missed_it_and_may_get_it, test_a_server_that_refuses_everybody_is_not_believed,
                test_a_good_sample_confirms_what_was_provisional)
