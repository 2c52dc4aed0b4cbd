#!/usr/bin/env python3
"""The whole way: into a sink and into a real Postfix, read back and compared; and what a relay can do wrong."""
import email
import email.policy
import os
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import peers  # noqa: E402

READERS = [("ann@example.org", "Ann"), ("BOB@gmail.com", "Bäcker, Bob"), ("cara@münchen.example", "קרה לוי"), ("o'neil+x@example.org", 'X' * 200),
           ("dee@example.org", "Renée O’Brien-Ångström")]


def headers_of(data):
    return email.message_from_bytes(data, policy=email.policy.default)


def test_every_reader_gets_the_bytes_of_the_preview():
    sink = peers.Sink()
    site = peers.Site(sink.port, READERS)
    try:
        site.start().send()
        done = site.run("campaign", "watch", "1")
        assert done.returncode == 0, done
        stats = site.stats()
        assert stats["sent"] == len(READERS) == len(sink.mails), stats
        assert stats["state"] == "sent"
        for sender, recipient, data in sink.mails:
            preview = site.run("campaign", "preview", "1", "--to", recipient, "--eml").stdout
            assert preview == data, recipient
            assert re.fullmatch(r"bounce\+[a-z2-7]+@example\.org", sender), sender
    finally:
        site.close()
        sink.stop()


def test_python_finds_no_fault_and_lines_hold_their_limits():
    sink = peers.Sink()
    site = peers.Site(sink.port, READERS)
    try:
        site.start().send()
        site.run("campaign", "watch", "1")
        for _, recipient, data in sink.mails:
            message = headers_of(data)
            assert not message.defects and all(not part.defects for part in message.walk()), recipient
            for name in ("From", "To", "Subject", "Date", "Message-ID", "List-Id", "List-Unsubscribe", "List-Unsubscribe-Post", "MIME-Version", "Content-Type"):
                assert len(message.get_all(name, [])) == 1, (recipient, name)
            assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click" and message["List-Post"] == "NO"
            assert message["Subject"] == "Storks over the café"
            # Python joins neighbouring encoded words of a name with a blank, against RFC 2047 section 6.2.
            names = {e.replace("münchen", "xn--mnchen-3ya"): n.replace(" ", "") for e, n in READERS}
            assert message["To"].addresses[0].display_name.replace(" ", "") == names[recipient]
            assert b"\n" not in data.replace(b"\r\n", b"") and b"\r" not in data.replace(b"\r\n", b"")
            assert max(map(len, data.split(b"\r\n"))) <= 78 and all(c < 128 for c in data)
            assert [p.get_content_type() for p in message.walk()] == ["multipart/alternative", "text/plain", "text/html"]
            text, html = (message.get_body((kind,)).get_content() for kind in ("plain", "html"))
            for part in (text, html):
                assert "1 Main St, Springfield" in part and recipient.replace("'", "&#39;" if part is html else "'") in part and "/u/" in part
            assert "\n.A dot." in text and "\n From here." in text  # stuffed, RFC 3676
    finally:
        site.close()
        sink.stop()


def test_a_real_postfix_delivers_what_the_preview_shows():
    postfix = peers.Postfix()
    site = peers.Site(postfix.port, READERS)
    try:
        site.start().send()
        site.run("campaign", "watch", "1")
        mails = peers.wait_for(lambda: len(postfix.mails()) == len(READERS) and postfix.mails(), 20)
        assert mails, f"{len(postfix.mails())} of {len(READERS)} arrived\n" + site.log()
        for data in mails:
            to = re.search(rb"^(?:Delivered-To|X-Original-To): (\S+)", data, re.M).group(1).decode()
            preview = site.run("campaign", "preview", "1", "--to", to, "--eml").stdout.replace(b"\r\n", b"\n")
            assert data.endswith(preview), to
    finally:
        site.close()
        postfix.close()


def test_rspamd_finds_no_fault():
    """What is left is said of the place the test stands in (no names resolve there), and of the hidden preheader."""
    known = {"AUTH_NA": 1.0, "MANY_INVISIBLE_PARTS": 0.05}
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "post.md"), encoding="utf-8") as f:
        body = f.read()
    dns, sink = peers.Dns(), peers.Sink()
    rspamd = peers.Rspamd(dns)
    readers = [r for r in READERS if len(r[1]) < 100]  # one word of 200 letters has to be encoded to be folded
    site = peers.Site(sink.port, readers, body=body, public_url="https://news.example.org")
    try:
        site.start().send()
        site.run("campaign", "watch", "1")
        assert len(sink.mails) == len(readers)
        for sender, recipient, data in sink.mails:
            faults = {name: score for name, score in rspamd.symbols(data, sender, recipient).items() if score > known.get(name, 0) and not name.startswith("HFILTER")}
            assert not faults, (recipient, faults)
        broken = sink.mails[0][2].replace(b"Subject:", b"X-Subject:").replace(b"Date:", b"X-Date:")
        assert "MISSING_SUBJECT" in rspamd.symbols(broken, "a@example.org", "b@example.org"), "rspamd sees nothing at all"
    finally:
        site.close()
        rspamd.close()
        sink.stop()
        dns.stop()


def test_a_refused_recipient_in_a_pipeline_costs_nobody_else():
    """Postfix answers a refused RCPT's DATA with 554 and a nested MAIL with 503: whoever comes next must not travel under the wrong return path."""
    readers = [(f"r{i}@example.org", f"R {i}") for i in range(60)]
    refused = {f"r{i}@example.org" for i in range(0, 60, 7)}
    sink = peers.Sink(rcpt=lambda to: "550 5.1.1 <%s>: no such user" % to if to in refused else None)
    site = peers.Site(sink.port, readers, sessions=2)
    try:
        site.start().send()
        site.run("campaign", "watch", "1")
        stats = site.stats()
        assert stats["sent"] == 60 - len(refused) and stats["bounced"] == len(refused), stats
        paths = {}
        for sender, recipient, data in sink.mails:
            message = headers_of(data)
            assert message["To"].addresses[0].addr_spec == recipient
            assert sender in message["List-Unsubscribe"], "a mail went out under another reader's return path"
            paths.setdefault(sender, set()).add(recipient)
        assert all(len(who) == 1 for who in paths.values())
        assert {row["email"] for row in site.rows("campaign", "missed", "1")} == refused
    finally:
        site.close()
        sink.stop()


def test_a_relay_that_refuses_everyone_suppresses_nobody():
    sink = peers.Sink(rcpt=lambda to: "554 5.7.1 Relay access denied")
    site = peers.Site(sink.port, [(f"r{i}@example.org", "") for i in range(30)])
    try:
        site.start().send()
        assert peers.wait_for(lambda: "is paused" in site.log(), 20), site.log()
        stats = site.stats()
        assert stats["bounced"] == 0 and stats["queued"] + stats["leased"] + stats["inflight"] == 30, stats
        assert site.rows("suppression", "ls") == []
        why = site.run("queue", "--why").stdout.decode()
        assert "Relay access denied" in why, why
        one = site.run("queue", "--why", "r29@example.org").stdout.decode()
        assert "Relay access denied" in one, one
    finally:
        site.close()
        sink.stop()


def test_a_wrong_password_suppresses_nobody_and_says_so():
    sink = peers.Sink(auth="535 5.7.8 authentication failed")
    site = peers.Site(sink.port, [(f"r{i}@example.org", "") for i in range(10)])
    with open(site.conf, encoding="utf-8") as conf:
        text = conf.read()
    os.chmod(site.conf, 0o600)
    with open(site.conf, "w", encoding="utf-8") as conf:
        conf.write(text.replace("[relay:main]\n", "[relay:main]\nuser = me\npassword = wrong\n"))
    try:
        site.start().send()
        assert peers.wait_for(lambda: "authentication failed" in site.run("queue", "--why").stdout.decode(), 20), site.log()
        row, = site.rows("queue", "--why", "r0@example.org")
        assert "authentication failed" in row["why"] and row["code"] is None, row
        site.run("campaign", "pause", "1")
        assert "the campaign is paused by" in site.run("queue", "--why", "r0@example.org").stdout.decode()
        assert site.stats()["queued"] + site.stats()["leased"] == 10 and site.rows("suppression", "ls") == []
        assert not sink.mails
    finally:
        site.close()
        sink.stop()


def test_a_relay_that_hangs_up_after_the_dot_is_shown_as_doubt():
    seen = set()

    def hang_up_once(to, data):
        if to in seen:
            return None
        seen.add(to)
        return "drop"
    sink = peers.Sink(dot=hang_up_once)
    site = peers.Site(sink.port, [("ann@example.org", "Ann")])
    with open(site.conf, encoding="utf-8") as conf:
        text = conf.read()
    with open(site.conf, "w", encoding="utf-8") as conf:
        conf.write(text.replace("[delivery]\n", "[delivery]\nretry = 1s\n"))
    try:
        site.start().send()
        assert peers.wait_for(lambda: site.stats()["sent"] == 1, 30), site.log()
        assert len(sink.mails) == 1
        attempts = site.rows("queue", "ann@example.org")
        assert attempts and attempts[0]["stage"] == "end", attempts
    finally:
        site.close()
        sink.stop()


def test_no_relay_at_all_keeps_everything_queued():
    site = peers.Site(peers.free_port(), [("ann@example.org", "Ann")])
    try:
        site.start().send()
        assert peers.wait_for(lambda: "refused" in site.run("queue", "--why").stdout.decode(), 20), site.log()
        stats = site.stats()
        assert stats["queued"] + stats["leased"] == 1 and stats["bounced"] == 0
        assert site.stop() == 0
        assert site.stats()["queued"] == 1
        assert peers.wait_for(lambda: "the daemon does not run" in site.run("queue", "--why", "ann@example.org").stdout.decode(), 30)
    finally:
        site.close()


def test_pause_resume_and_cancel():
    sink = peers.Sink(dot=lambda to, data: time.sleep(0.02))
    site = peers.Site(sink.port, [(f"r{i}@example.org", "") for i in range(600)], sessions=4)
    try:
        site.start().send()
        assert peers.wait_for(lambda: len(sink.mails) > 50, 20)
        site.run("campaign", "pause", "1")
        time.sleep(1.2)
        held = len(sink.mails)
        time.sleep(1)
        assert len(sink.mails) == held, "mail went out after a pause"
        site.run("campaign", "resume", "1")
        assert peers.wait_for(lambda: len(sink.mails) > held, 20)
        site.run("campaign", "cancel", "1", "--yes")
        time.sleep(1.5)
        stats = site.stats()
        assert stats["state"] == "cancelled" and stats["cancelled"] > 0, stats
        assert stats["sent"] + stats["cancelled"] + stats["uncertain"] == 600, stats
        assert stats["sent"] == len(sink.mails)
        assert site.run("store", "check").returncode == 0
    finally:
        site.close()
        sink.stop()


def test_R14_a_second_daemon_says_who_holds_the_store():
    sink = peers.Sink()
    site = peers.Site(sink.port, [("ann@example.org", "Ann")])
    try:
        site.start()
        second = subprocess.run([peers.GAZETTED, "-c", site.conf, "--foreground"], cwd=site.folder, capture_output=True, timeout=20)
        assert second.returncode == 75 and str(site.daemon.pid).encode() in second.stderr, second
    finally:
        site.close()
        sink.stop()


peers.tests(test_every_reader_gets_the_bytes_of_the_preview, test_python_finds_no_fault_and_lines_hold_their_limits,
            test_a_real_postfix_delivers_what_the_preview_shows, test_rspamd_finds_no_fault, test_a_refused_recipient_in_a_pipeline_costs_nobody_else,
            test_a_relay_that_refuses_everyone_suppresses_nobody, test_a_wrong_password_suppresses_nobody_and_says_so,
            test_a_relay_that_hangs_up_after_the_dot_is_shown_as_doubt, test_no_relay_at_all_keeps_everything_queued, test_pause_resume_and_cancel,
            test_R14_a_second_daemon_says_who_holds_the_store)
