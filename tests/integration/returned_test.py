#!/usr/bin/env python3
"""Mail that comes back later speaks of a provider as a reply in the session does: it is paused, a fault of ours is told, nobody is suppressed."""
import os
import smtplib
import sqlite3
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import peers  # noqa: E402

FAULT = "550-5.7.26 This mail has been blocked because the sender is unauthenticated. - gsmtp"
RATE = "450 4.7.28 Gmail has detected an unusual rate of mail, please try again in 10 minutes. - gsmtp"


def dsn(sender, recipient, status, said, action="failed"):
    """Postfix's own form."""
    return f"""From: MAILER-DAEMON@mx.example.org (Mail Delivery System)
To: {sender}
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain; charset=us-ascii

<{recipient}>: {said}

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org

Final-Recipient: rfc822; {recipient}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; {said}

--b--
""".replace("\n", "\r\n").encode()


def come_back(site, mail, status, said, action="failed"):
    sender, recipient, _ = mail
    with smtplib.LMTP("127.0.0.1", site.lmtp, timeout=20) as lmtp:
        assert not lmtp.sendmail("", [sender], dsn(sender, recipient, status, said, action))


def provider(site, name):
    return next((row for row in site.rows("provider", "ls") if row["provider"] == name), None)


def paused_until(site):
    db = sqlite3.connect(os.path.join(site.folder, "t.db"))
    try:
        return db.execute("SELECT max(paused_until_us) FROM provider_state").fetchone()[0]
    finally:
        db.close()


def campaign(site, post, title):
    with open(os.path.join(site.folder, "more.md"), "w", encoding="utf-8") as f:
        f.write(f"---\ntitle: {title}\nurl: https://example.org/p/{title}\n---\n\nWords of {title}.\n")
    site.run("post", "add", "news", "more.md")
    site.run("campaign", "create", "news", "--post", str(post))
    site.run("campaign", "send", str(post), "--yes")


def sent_site(people):
    sink = peers.Sink()
    site = peers.Site(sink.port, people, extra="\n[alerts]\nmail = admin@example.org\n", sessions=4)
    site.start().send()
    assert peers.wait_for(lambda: site.stats()["state"] == "sent", 20), site.log()
    return sink, site


def test_a_fault_of_ours_pauses_the_provider_and_is_told():
    sink, site = sent_site([(f"r{i}@gmail.com", "") for i in range(5)] + [(f"r{i}@example.org", "") for i in range(5)])
    try:
        mails = {to: mail for mail in sink.mails for to in [mail[1]]}
        come_back(site, mails["r1@gmail.com"], "5.7.26", FAULT)
        assert peers.wait_for(lambda: [data for _, to, data in list(sink.mails) if to == "admin@example.org" and b"unauthenticated at gmail" in data], 20), site.log()
        row = provider(site, "gmail")
        assert row["state"] == "paused" and "returned mail" in row["reason"] and "5.7.26" in row["reason"], row
        assert site.rows("suppression", "ls") == [] and site.stats()["returned"] == 1, site.stats()
        # The others go, these wait.
        campaign(site, 2, "second")
        assert peers.wait_for(lambda: site.stats(2)["sent"] == 5, 20), (site.stats(2), site.log())
        time.sleep(1)
        stats = site.stats(2)
        assert stats["sent"] == 5 and stats["queued"] + stats["leased"] == 5, stats
        assert "provider gmail is paused until" in site.run("queue", "--why", "gmail").stdout.decode()
        # More of the mails that were on their way then say nothing new.
        until = paused_until(site)
        come_back(site, mails["r2@gmail.com"], "5.7.26", FAULT)
        assert paused_until(site) == until > 0
        site.run("provider", "resume", "gmail")
        assert peers.wait_for(lambda: site.stats(2)["sent"] == 10, 20), (site.stats(2), site.log())
    finally:
        site.close()
        sink.stop()


def test_slower_is_heard_by_a_notice_of_delay_and_by_the_pipe():
    sink, site = sent_site([("ann@gmail.com", ""), ("ben@corp.example", ""), ("cy@yahoo.com", ""), ("dee@aol.com", "")])
    try:
        mails = {to: mail for mail in sink.mails for to in [mail[1]]}
        come_back(site, mails["ann@gmail.com"], "4.7.28", RATE, "delayed")
        row = provider(site, "gmail")
        assert row["state"] == "paused" and "4.7.28" in row["reason"], row
        with open(os.path.join(site.folder, "back.eml"), "wb") as f:
            f.write(dsn(mails["cy@yahoo.com"][0], "cy@yahoo.com", "4.7.0", "421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume or user complaints"))
        site.run("inbound", "back.eml")
        assert provider(site, "yahoo")["state"] == "paused", provider(site, "yahoo")
        # What speaks of the reader pauses nobody; one small server is not all of them.
        come_back(site, mails["dee@aol.com"], "5.1.1", "550 5.1.1 no such user")
        come_back(site, mails["ben@corp.example"], "5.7.1", "554 5.7.1 client host [192.0.2.1] blocked using zen.spamhaus.org")
        paused = {row["provider"] for row in site.rows("provider", "ls") if row["state"] != "ok"}
        assert paused == {"gmail", "yahoo"}, paused
        alerts = {alert["object"] for alert in site.rows("status")[0]["alerts"]}
        assert alerts == {"blocked at other, in returned mail"}, alerts
        # A clock that jumped, a restart: it stays as long as it was to be.
        site.stop()
        site.start()
        assert provider(site, "gmail")["state"] == "paused"
    finally:
        site.close()
        sink.stop()


def test_a_provider_behind_an_unknown_domain_is_known_by_its_words():
    """A small domain whose mail a big provider takes: what that says stops it, not every small domain."""
    sink = peers.Sink(dot=lambda to, data: "550 " + FAULT[4:] if to.endswith("@hosted.example") else None)
    site = peers.Site(sink.port, [(f"r{i}@hosted.example", "") for i in range(3)], sessions=2)
    try:
        site.start().send()
        assert peers.wait_for(lambda: (provider(site, "gmail") or {}).get("state") == "paused", 20), site.log()
        with open(os.path.join(site.folder, "more.csv"), "w", encoding="utf-8") as csv:
            csv.write("email\nann@small.example\n")
        site.run("subscriber", "import", "news", "more.csv", "--consent", "test", "--yes")
        campaign(site, 2, "second")
        assert peers.wait_for(lambda: site.stats(2)["sent"] == 1, 20), (site.stats(2), site.rows("provider", "ls"), site.log())
        assert {row["provider"] for row in site.rows("provider", "ls") if row["state"] != "ok"} == {"gmail"}, site.rows("provider", "ls")
    finally:
        site.close()
        sink.stop()


def test_one_reader_can_not_stop_a_provider_for_long():
    """The return path is known to whoever got the mail: a forged word of one reader weighs little, and two together, who may be
    one person, stop it for no longer than it stops by itself."""
    sink, site = sent_site([("ann@gmail.com", ""), ("ben@gmail.com", ""), ("cy@example.org", "")])
    try:
        mails = {to: mail for mail in sink.mails for to in [mail[1]]}
        asks = "450 4.7.28 Gmail has detected an unusual rate of mail, please try again in 10 hours. - gsmtp"
        for i in range(3):
            come_back(site, mails["ann@gmail.com"], "4.7.28", asks.replace("unusual", "unusual " * (i + 1)), "delayed")
        left = paused_until(site) / 1e6 - time.time()
        assert 800 < left <= 900, left
        # Neither by saying it again before it is over, nor by a domain of his own that quotes the provider.
        db = sqlite3.connect(os.path.join(site.folder, "t.db"), timeout=10)
        with db:
            began, until, length, who = db.execute("SELECT value FROM meta WHERE key LIKE 'returned_pause:%'").fetchone()[0].split()
            db.execute("UPDATE meta SET value = ? WHERE key LIKE 'returned_pause:%'", (f"{began} {int(until) - 600000000} {length} {who}",))
            db.execute("UPDATE provider_state SET paused_until_us = paused_until_us - 600000000")
        db.close()
        before = paused_until(site)
        come_back(site, mails["ann@gmail.com"], "4.7.28", asks.replace("unusual", "once more unusual"), "delayed")
        come_back(site, mails["cy@example.org"], "4.7.28", asks, "delayed")
        assert paused_until(site) == before, (paused_until(site), before)
        come_back(site, mails["ben@gmail.com"], "4.7.28", asks, "delayed")
        left = paused_until(site) / 1e6 - time.time()
        assert 3.5 * 3600 < left <= 4 * 3600, left
        # Nor for longer by saying it in turn while it lasts.
        before = paused_until(site)
        for who in ("ann", "ben"):
            come_back(site, mails[f"{who}@gmail.com"], "4.7.28", asks.replace("10 hours", "20 hours"), "delayed")
        assert paused_until(site) == before, (paused_until(site), before)
        # When it is over, those who were on their way then bring no new one.
        db = sqlite3.connect(os.path.join(site.folder, "t.db"), timeout=10)
        with db:
            db.execute("UPDATE meta SET value = began || ' ' || (began + 1) || ' 1 ' || who FROM (SELECT substr(value, 1, 16) AS began, substr(value, -1) AS who FROM meta WHERE key LIKE 'returned_pause:%') WHERE key LIKE 'returned_pause:%'")
            db.execute("UPDATE provider_state SET paused_until_us = 0")
        db.close()
        come_back(site, mails["ben@gmail.com"], "4.7.28", asks.replace("unusual", "most unusual"), "delayed")
        assert paused_until(site) == 0
    finally:
        site.close()
        sink.stop()


def test_what_is_said_to_a_notice_counts_for_its_provider():
    sink = peers.Sink(dot=lambda to, data: "550 " + FAULT[4:] if to == "new@gmail.com" else None)
    site = peers.Site(sink.port, [("ann@example.org", "")], sessions=4)
    try:
        site.start()
        site.run("campaign", "create", "news", "--post", "1")
        site.run("campaign", "test", "1", "--to", "new@gmail.com", check=False)
        assert peers.wait_for(lambda: (provider(site, "gmail") or {}).get("state") == "paused", 20), (site.rows("provider", "ls"), site.log())
        assert {row["provider"] for row in site.rows("provider", "ls") if row["state"] != "ok"} == {"gmail"}, site.rows("provider", "ls")
    finally:
        site.close()
        sink.stop()


peers.tests(test_a_fault_of_ours_pauses_the_provider_and_is_told, test_slower_is_heard_by_a_notice_of_delay_and_by_the_pipe, test_a_provider_behind_an_unknown_domain_is_known_by_its_words, test_one_reader_can_not_stop_a_provider_for_long,
            test_what_is_said_to_a_notice_counts_for_its_provider)
