#!/usr/bin/env python3
"""Test mails: to the list's testers by themselves, before bulk, in no statistics, with links that do nothing and say so; and templates."""
import email
import email.policy
import json
import os
import re
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import peers  # noqa: E402


def text_of(data):
    return email.message_from_bytes(data, policy=email.policy.default).get_body(("plain",)).get_content()


def test_testers_get_it_by_themselves_and_nothing_counts():
    sink = peers.Sink()
    site = peers.Site(sink.port, [("ann@example.org", "Ann Other"), ("bob@example.org", "Bob")], body="---\ntitle: Storks\n---\n\nDear {{first_name}}, they are back.\n")
    try:
        site.run("campaign", "create", "news", "--post", "1")
        nobody = site.run("campaign", "test", "1", check=False)
        assert nobody.returncode == 64 and b"testers" in nobody.stderr, nobody
        site.run("list", "set", "news", "--testers", "dana@example.org eve@example.org")
        site.start()
        assert site.run("campaign", "test", "1").returncode == 0
        assert sorted(to for _, to, _ in sink.mails) == ["dana@example.org", "eve@example.org"]
        for _, to, data in sink.mails:
            message = email.message_from_bytes(data, policy=email.policy.default)
            html = message.get_body(("html",)).get_content()
            assert "change nothing" in text_of(data) and "change nothing" in html and message["To"].addresses[0].addr_spec == to
        assert site.run("campaign", "test", "1", "--to", "me@example.org", "--as", "ann@example.org").returncode == 0
        assert "Dear Ann, they" in text_of(sink.mails[-1][2]) and sink.mails[-1][1] == "me@example.org"
        unknown = site.run("campaign", "test", "1", "--to", "me@example.org", "--as", "nobody@example.org", check=False)
        assert unknown.returncode == 67, unknown
        stats = site.stats()
        assert stats["audience"] == 0 and stats["sent"] == 0 and stats["state"] == "draft", stats
        # Its own Message-ID, and its links: both kinds of sample.
        ids = {email.message_from_bytes(data)["Message-ID"] for _, _, data in sink.mails}
        assert len(ids) == len(sink.mails)
        for data in (sink.mails[0][2], sink.mails[-1][2]):
            path = re.search(r"/u/[\w-]+", text_of(data)).group(0)
            status, page = site.get(path)
            assert status == 200 and "test" in page.lower(), page
            status, page = site.get(path, data=b"List-Unsubscribe=One-Click")
            assert status == 200, page
            status, page = site.get(re.search(r"/v/[\w-]+", text_of(data)).group(0))
            assert status == 200 and "they are back" in page, page
        assert {row["state"] for row in site.rows("subscriber", "ls", "news")} == {"active"}, "a test mail's link unsubscribed somebody"
        site.run("campaign", "send", "1", "--yes")
        site.run("campaign", "watch", "1")
        real = {email.message_from_bytes(data)["Message-ID"] for _, to, data in sink.mails if to in ("ann@example.org", "bob@example.org")}
        assert len(real) == 2 and not real & ids and site.stats()["sent"] == 2 and site.stats()["unsubscribes"] == 0
    finally:
        site.close()
        sink.stop()


def test_a_test_goes_before_bulk():
    sink = peers.Sink(dot=lambda to, data: time.sleep(0.05))
    site = peers.Site(sink.port, [(f"r{i}@example.org", "") for i in range(600)], sessions=2)
    try:
        site.start().send()
        assert peers.wait_for(lambda: len(sink.mails) > 20, 20)
        assert site.run("campaign", "test", "1", "--to", "me@example.org").returncode == 0
        where = [to for _, to, _ in sink.mails].index("me@example.org")
        assert where < 500, f"it waited behind {where} mails"
    finally:
        site.close()
        sink.stop()


def test_the_parts_of_a_preview_are_those_of_the_mail():
    site = peers.Site(peers.free_port(), [("ann@example.org", "Ann <b>")])
    try:
        site.run("campaign", "create", "news", "--post", "1")
        eml = email.message_from_bytes(site.run("campaign", "preview", "1", "--to", "ann@example.org", "--eml").stdout, policy=email.policy.default)
        for flag, kind in (("--html", "html"), ("--text", "plain")):
            part = site.run("campaign", "preview", "1", "--to", "ann@example.org", flag).stdout.decode()
            assert part.split() == eml.get_body((kind,)).get_content().split(), flag
        missing = site.run("campaign", "preview", "1", "--to", "nobody@example.org", "--eml", check=False)
        assert missing.returncode == 67, missing
    finally:
        site.close()


def test_a_template_of_ones_own_is_started_from_the_one_built_in():
    site = peers.Site(peers.free_port(), [("ann@example.org", "Ann")])
    try:
        names = {json.loads(line)["template"] for line in site.run("--json", "template", "ls").stdout.splitlines()}
        assert {"mail/letter.html", "mail/letter.txt", "mail/news.html", "mail/digest.html"} <= {name.removesuffix(".mustache") for name in names}, names
        site.run("template", "export", "own")
        assert os.path.exists(os.path.join(site.folder, "own", "mail", "letter.html.mustache"))
        values = os.path.join(site.folder, "values.json")
        with open(values, "w", encoding="utf-8") as f:
            f.write('{"name": "<Ann>"}')
        with open(os.path.join(site.folder, "hello.html.mustache"), "w", encoding="utf-8") as f:
            f.write("<p>{{name}}</p>")
        assert site.run("template", "render", "hello.html.mustache", "--data", values).stdout == b"<p>&lt;Ann&gt;</p>"
    finally:
        site.close()


peers.tests(test_testers_get_it_by_themselves_and_nothing_counts, test_a_test_goes_before_bulk, test_the_parts_of_a_preview_are_those_of_the_mail,
            test_a_template_of_ones_own_is_started_from_the_one_built_in)
