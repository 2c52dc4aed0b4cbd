#!/usr/bin/env python3
"""What becomes of a campaign after it was made: scheduled and taken back, edited at half the list, corrected for those who had the old words."""
import email
import email.policy
import os
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import peers  # noqa: E402

READERS = [(f"r{i}@example.org", f"R {i}") for i in range(40)]


def text_of(data):
    message = email.message_from_bytes(data, policy=email.policy.default)
    return message, message.get_body(("plain",)).get_content()


def write(site, name, text):
    with open(os.path.join(site.folder, name), "w", encoding="utf-8") as f:
        f.write(text)


def test_a_typo_seen_at_half_the_list():
    gate, half = threading.Event(), threading.Event()
    taken = []

    def dot(to, data):
        taken.append(to)
        if len(taken) >= 15:
            half.set()
            gate.wait(30)
    sink = peers.Sink(dot=dot)
    site = peers.Site(sink.port, READERS, sessions=1, body="---\ntitle: A fact\nurl: https://example.org/p/fact\n---\n\nThe tower is 30 metres high.\n\nIt stands.\n")
    try:
        site.start().send()
        assert half.wait(30), site.log()
        running = site.run("campaign", "refresh", "1", check=False)
        assert running.returncode == 65 and b"pause it first" in running.stderr and not running.stdout, running
        site.run("campaign", "pause", "1")
        refused = site.run("campaign", "refresh", "2", check=False)
        assert refused.returncode == 66, refused
        write(site, "new.md", "---\ntitle: A fact, mended\n---\n\nThe tower is 300 metres high.\n\nIt stands.\n")
        edited = site.run("post", "edit", "1", "new.md").stderr
        assert b"Campaign 1 is paused: gazette campaign refresh 1 takes this to those not mailed yet" in edited, edited
        shown = site.run("campaign", "refresh", "1", "--dry-run").stdout.decode()
        assert "-The tower is 30 metres high." in shown and "+The tower is 300 metres high." in shown and "+Subject: A fact, mended" in shown, shown
        gate.set()
        assert peers.wait_for(lambda: site.stats()["leased"] == 0 and site.stats()["inflight"] == 0, 20), site.stats()
        before = site.stats()["sent"]
        assert before >= 15
        done = site.run("--json", "campaign", "refresh", "1", "--yes")
        assert f'"readers": {len(READERS) - before}' in done.stdout.decode() or f'"readers":{len(READERS) - before}' in done.stdout.decode(), done.stdout
        assert b"nothing to refresh" in site.run("campaign", "refresh", "1", "--yes").stderr
        assert b"old words" not in site.run("campaign", "resume", "1").stderr
        assert peers.wait_for(lambda: site.stats()["sent"] == len(READERS), 30), site.stats()
        assert len(sink.mails) == len(READERS) and len({to for _, to, _ in sink.mails}) == len(READERS), "somebody got it twice"
        old = {to: data for _, to, data in sink.mails if "is 30 metres" in text_of(data)[1]}
        new = {to: data for _, to, data in sink.mails if "is 300 metres" in text_of(data)[1]}
        assert len(old) == before and len(new) == len(READERS) - before, (len(old), len(new), before)
        assert all(text_of(data)[0]["Subject"] == "A fact, mended" for data in new.values())
        for some in (old, new):
            to, data = next(iter(some.items()))
            assert site.run("campaign", "preview", "1", "--to", to, "--eml").stdout == data, "the preview is not what that reader got"
        history = site.run("post", "history", "1").stdout.decode()
        assert "-The tower is 30 metres high." in history and "--- version 1" in history, history
        correct(site, sink, old)
    finally:
        gate.set()
        site.close()
        sink.stop()


def correct(site, sink, old):
    """Exactly those who got the old words, in the thread of what they got."""
    first = {to: text_of(data)[0]["Message-ID"] for to, data in old.items()}
    del sink.mails[:]
    assert site.run("campaign", "correct", "1").stdout.strip() == b"2"
    twice = site.run("campaign", "correct", "1", check=False)
    assert twice.returncode == 65 and b"campaign 2 already corrects it" in twice.stderr, twice
    site.run("campaign", "send", "2", "--yes")
    assert peers.wait_for(lambda: len(sink.mails) == len(old), 30), (len(sink.mails), site.stats(2), site.log())
    assert site.stats(2)["audience"] == len(old)
    assert {to for _, to, _ in sink.mails} == set(old)
    for _, to, data in sink.mails:
        message, text = text_of(data)
        assert message["In-Reply-To"] == message["References"] == first[to] != message["Message-ID"], to
        assert message["Subject"] == "Re: A fact, mended" and "300 metres" in text
    web = text_of(sink.mails[0][2])[1].split("/v/")[1].split()[0]
    status, page = site.get("/v/" + web)
    assert status == 200 and "300 metres" in page
    nobody = site.run("campaign", "correct", "2", check=False)
    assert nobody.returncode == 65 and b"nobody got" in nobody.stderr, nobody


def test_the_page_of_an_old_mail_shows_the_edited_words():
    sink = peers.Sink()
    site = peers.Site(sink.port, READERS[:1], body="---\ntitle: One\n---\n\nThirty.\n")
    try:
        site.start().send()
        site.run("campaign", "watch", "1")
        token = text_of(sink.mails[0][2])[1].split("/v/")[1].split()[0]
        assert "Thirty." in site.get("/v/" + token)[1]
        write(site, "new.md", "# One\n\nThree hundred.\n")
        site.run("post", "edit", "1", "new.md")
        page = site.get("/v/" + token)[1]
        assert "Three hundred." in page and "Thirty." not in page, page[-600:]
    finally:
        site.close()
        sink.stop()


def test_old_words_go_on_with_a_warning():
    sink = peers.Sink()
    site = peers.Site(sink.port, READERS, body="---\ntitle: One\n---\n\nThirty.\n")
    try:
        site.set_conf("[delivery]\n", "[delivery]\nrate = 1/s\n")
        site.start().send()
        assert peers.wait_for(lambda: sink.mails, 20), site.log()
        write(site, "new.md", "# One\n\nThree hundred.\n")
        edited = site.run("post", "edit", "1", "new.md").stderr
        assert b"gazette campaign pause 1, then gazette campaign refresh 1 takes this" in edited, edited
        site.run("campaign", "pause", "1")
        resumed = site.run("campaign", "resume", "1")
        assert resumed.returncode == 0 and b"warning: the post was edited since" in resumed.stderr, resumed
    finally:
        site.close()
        sink.stop()


def test_times_are_said_back_and_the_past_is_refused():
    sink = peers.Sink()
    site = peers.Site(sink.port, READERS[:2])
    try:
        site.run("list", "set", "news", "--timezone", "Europe/Berlin")
        assert site.run("list", "set", "news", "--timezone", "Europe/Berlim", check=False).returncode == 65
        site.run("campaign", "create", "news", "--post", "1")
        asked = site.run("campaign", "schedule", "1", "--at", "2031-07-01 07:00", check=False)
        assert asked.returncode == 64 and b"--yes" in asked.stderr and b"Readers: 2" in asked.stderr, asked
        assert site.rows("campaign", "show", "1")[0]["state"] == "draft"
        said = site.run("campaign", "schedule", "1", "--at", "2031-07-01 07:00", "--yes").stderr.decode()
        assert "Tue 1 Jul 2031 07:00 Europe/Berlin (05:00 UTC)" in said, said
        row = site.rows("campaign", "show", "1")[0]
        assert row["state"] == "scheduled" and row["schedule"] == "2031-07-01 07:00 Europe/Berlin", row
        skipped = site.run("campaign", "schedule", "1", "--at", "2031-03-30 02:30", "--yes").stderr.decode()
        assert "03:30 Europe/Berlin (01:30 UTC)" in skipped and "skip" in skipped, skipped
        for wrong in ("2020-01-01 07:00", "yesterday 07:00", "25:00", "+5", ""):
            done = site.run("campaign", "schedule", "1", "--at", wrong, "--yes", check=False)
            assert done.returncode in (64, 65), (wrong, done)
        site.run("campaign", "unschedule", "1")
        assert site.rows("campaign", "show", "1")[0]["state"] == "draft"
        site.run("campaign", "delete", "1", "--yes")
        assert site.rows("campaign", "ls") == [] and site.rows("post", "ls")[0]["state"] == "draft"
        site.run("campaign", "create", "news", "--post", "1")
    finally:
        site.close()
        sink.stop()


def test_a_schedule_starts_by_itself_and_what_can_not_is_a_draft_again():
    sink = peers.Sink()
    site = peers.Site(sink.port, READERS[:2])
    try:
        site.start()
        site.run("campaign", "create", "news", "--post", "1")
        site.run("campaign", "schedule", "1", "--at", "+2s", "--yes")
        assert not sink.mails
        assert peers.wait_for(lambda: len(sink.mails) == 2, 20), site.log()
        write(site, "two.md", "# Two\n\nWords.\n")
        site.run("post", "add", "news", "two.md")
        site.run("campaign", "create", "news", "--post", "2")
        site.run("campaign", "schedule", "2", "--at", "+3s", "--yes")
        site.run("list", "set", "news", "--approval")
        assert peers.wait_for(lambda: site.rows("campaign", "show", "2")[0]["state"] == "draft", 20)
        assert "second person" in site.rows("campaign", "show", "2")[0]["paused_by"]
        assert site.run("campaign", "send", "2", "--yes", check=False).returncode == 77
        assert site.run("campaign", "approve", "2", check=False).returncode == 77, "who made it approved it"
        assert len(sink.mails) == 2
    finally:
        site.close()
        sink.stop()


def test_expect_stops_a_send_to_another_audience():
    sink = peers.Sink()
    site = peers.Site(sink.port, READERS)
    try:
        site.run("campaign", "create", "news", "--post", "1")
        assert site.run("campaign", "send", "1", "--yes", "--expect", "80", check=False).returncode == 65
        assert site.run("campaign", "send", "1", "--yes", "--expect", "many", check=False).returncode == 64
        assert site.rows("campaign", "show", "1")[0]["state"] == "draft"
        site.run("campaign", "send", "1", "--yes", "--expect", "41")
    finally:
        site.close()
        sink.stop()


peers.tests(test_old_words_go_on_with_a_warning, test_a_typo_seen_at_half_the_list, test_the_page_of_an_old_mail_shows_the_edited_words, test_times_are_said_back_and_the_past_is_refused,
            test_a_schedule_starts_by_itself_and_what_can_not_is_a_draft_again, test_expect_stops_a_send_to_another_audience)
