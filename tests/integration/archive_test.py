#!/usr/bin/env python3
"""The archive of a list: what was sent, newest first, for everybody; an edit shows; what is not public is not there."""
import email
import email.policy
import html
import os
import re
import sqlite3
import sys
import urllib.error
import urllib.request
import xml.etree.ElementTree as ET

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import peers  # noqa: E402

ATOM = "{http://www.w3.org/2005/Atom}"
FAST = "\n[delivery]\nsend_delay = 1s\n"


def get(site, path, **headers):
    request = urllib.request.Request(f"http://127.0.0.1:{site.web}{path}", headers={name.replace("_", "-"): value for name, value in headers.items()})
    try:
        with urllib.request.urlopen(request, timeout=10) as reply:
            return reply.status, reply.headers, reply.read().decode()
    except urllib.error.HTTPError as reply:
        return reply.code, reply.headers, reply.read().decode()


def page(site, path):
    status, _, body = get(site, path)
    assert status == 200, (path, status)
    return body


def add(site, name, text, list_name="news"):
    with open(os.path.join(site.folder, name), "w", encoding="utf-8") as f:
        f.write(text)
    return site.run("post", "add", list_name, name).stdout.decode().strip()


def send(site, post, list_name="news", words=()):
    campaign = site.run("campaign", "create", list_name, "--post", post).stdout.decode().strip()
    site.run("campaign", "send", campaign, "--yes", *words)
    site.run("campaign", "watch", campaign)
    return campaign


def links(body):
    return re.findall(r'<li><a href="([^"]*)"', body)


def test_what_was_sent_is_there_newest_first_in_pages():
    sink = peers.Sink()
    site = peers.Site(sink.port, [("ann@reader.test", "Ann")], extra=FAST)
    try:
        site.start()
        assert "<section" not in page(site, "/news"), "an empty archive"
        assert not ET.fromstring(page(site, "/news/feed.xml")).findall(ATOM + "entry")
        assert get(site, "/news/p/1-storks-over-the-cafe")[0] == 404, "a draft is shown"
        send(site, "1")
        many = [add(site, f"n{i}.md", f"# Issue {i}\n\nWords of {i}.\n") for i in range(22)]
        campaign = send(site, many[0])
        # As if it had been a digest of them all.
        db = sqlite3.connect(os.path.join(site.folder, "t.db"), timeout=10)
        with db:
            db.executemany("INSERT INTO campaign_post (campaign_id, position, post_id) VALUES (?, ?, ?)", [(campaign, at, post) for at, post in enumerate(many) if at])
        db.close()
        first = page(site, "/news")
        assert links(first)[0].startswith(f"/news/p/{many[-1]}-issue-21") and len(links(first)) == 20, links(first)
        older = html.unescape(re.search(r'<a href="([^"]*)" rel="next">', first)[1])
        second = page(site, older)
        assert [link.split("/")[-1] for link in links(second)] == [f"{many[1]}-issue-1", f"{many[0]}-issue-0", "1-storks-over-the-cafe"], links(second)
        assert 'rel="next"' not in second and "<form" not in second and 'href="/news"' in second
        for path in links(first) + links(second):
            assert "</article>" in page(site, path)
        for path in ("/news?before=999", "/news?before=x", "/news/p/999-x", "/news/p/x", "/news/p/1x", "/nobody/feed.xml", "/nobody/p/1"):
            assert get(site, path)[0] == 404, path
        feed = ET.fromstring(page(site, "/news/feed.xml"))
        entries = feed.findall(ATOM + "entry")
        assert len(entries) == 23 and entries[0].find(ATOM + "title").text == "Issue 21"
        assert len({entry.find(ATOM + "id").text for entry in entries}) == 23 and feed.find(ATOM + "id").text.startswith("tag:news.example.org,")
        assert feed.find(f"{ATOM}link[@rel='self']").get("href") == f"http://127.0.0.1:{site.web}/news/feed.xml"
        assert all(entry.find(ATOM + part) is not None for entry in entries for part in ("updated", "published", "link", "content")), "RFC 4287, section 4.1.2"
    finally:
        site.close()
        sink.stop()


def test_an_edit_shows_and_a_mail_leads_there():
    sink = peers.Sink()
    site = peers.Site(sink.port, [("ann@reader.test", "Ann")], extra=FAST)
    try:
        site.start()
        send(site, "1")
        mail = email.message_from_bytes(sink.mails[0][2], policy=email.policy.default)
        base = f"http://127.0.0.1:{site.web}"
        assert mail["List-Archive"] == f"<{base}/news>", mail["List-Archive"]
        path = mail["Archived-At"].strip("<>")[len(base):]
        status, headers, body = get(site, path)
        assert status == 200 and "First <em>paragraph</em>." in body and "https://example.org/p/storks" in body
        assert get(site, path, If_None_Match=headers["ETag"])[0] == 304 and get(site, path, If_Modified_Since=headers["Last-Modified"])[0] == 304
        assert get(site, path, If_None_Match='"another"', If_Modified_Since=headers["Last-Modified"])[0] == 200
        feed = page(site, "/news/feed.xml")
        with open(os.path.join(site.folder, "post.md"), "w", encoding="utf-8") as f:
            f.write("---\ntitle: Storks, corrected\nurl: https://example.org/p/storks\n---\n\nSecond words.\n")
        site.run("post", "add", "news", "post.md")
        status, after, body = get(site, path, If_None_Match=headers["ETag"])
        assert status == 200 and "Storks, corrected" in body and "Second words." in body and "paragraph" not in body, body
        assert after["ETag"] != headers["ETag"]
        assert f'<link rel="canonical" href="{base}/news/p/1-storks-corrected">' in body
        before, now = (ET.fromstring(text).find(ATOM + "entry") for text in (feed, page(site, "/news/feed.xml")))
        assert now.find(ATOM + "id").text == before.find(ATOM + "id").text and "Second words." in now.find(ATOM + "content").text
        assert now.find(ATOM + "updated").text >= before.find(ATOM + "updated").text
    finally:
        site.close()
        sink.stop()


def test_a_feed_is_made_once_until_something_in_it_changes():
    """Seen by its template: it is not read again until the feed is made again."""
    sink = peers.Sink()
    site = peers.Site(sink.port, [("ann@reader.test", "Ann")], extra=FAST)
    site.set_conf("[daemon]\n", "[daemon]\ntemplate_dir = templates\n")
    os.makedirs(os.path.join(site.folder, "templates/web"))

    def template(version):
        with open(os.path.join(site.folder, "templates/web/feed.xml.mustache"), "w", encoding="utf-8") as f:
            f.write(f"{version} {{{{list.title}}}}{{{{#entries}}}} {{{{title}}}}{{{{/entries}}}}")
    try:
        template("v1")
        site.start()
        assert page(site, "/news/feed.xml") == "v1 Example News"
        template("v2")
        status, headers, body = get(site, "/news/feed.xml")
        assert (status, body) == (200, "v1 Example News"), body
        assert get(site, "/news/feed.xml", If_None_Match=headers["ETag"])[0] == 304
        send(site, "1")
        assert page(site, "/news/feed.xml") == "v2 Example News Storks over the café"
        with open(os.path.join(site.folder, "post.md"), "w", encoding="utf-8") as f:
            f.write("---\ntitle: Storks, corrected\nurl: https://example.org/p/storks\n---\n\nSecond words.\n")
        site.run("post", "add", "news", "post.md")
        assert page(site, "/news/feed.xml") == "v2 Example News Storks, corrected"
        site.run("list", "set", "news", "--title", "Other News")
        assert page(site, "/news/feed.xml") == "v2 Other News Storks, corrected"
        site.run("list", "set", "news", "--private")
        assert get(site, "/news/feed.xml")[0] == 404
    finally:
        site.close()
        sink.stop()


def test_the_page_is_for_all_and_nothing_runs_in_it():
    body = """---
title: "For {{first_name}}{{^first_name}}you{{/first_name}} & <all>"
url: https://example.org/p/1
image: https://pictures.example/lead.png
---

# Within

Dear {{name}}{{^name}}reader{{/name}}, `{{name}}` stays. <script>alert(1)</script><img src="x" onerror="alert(1)">
"""
    sink = peers.Sink()
    site = peers.Site(sink.port, [("ann@reader.test", "Ann Lee")], body=body, extra=FAST)
    try:
        site.start()
        send(site, "1", words=("--ignore", "placeholder"))
        status, headers, text = get(site, "/news/p/1-for-you-all")
        assert status == 200 and "<h1>For you &amp; &lt;all&gt;</h1>" in text and "Dear reader, <code>{{name}}</code> stays." in text, text
        assert "<h2>Within</h2>" in text and text.count("<h1") == 1 and "Ann" not in text and "/u/" not in text and "/v/" not in text
        assert "alert" not in text and "onerror" not in text and '<img src="https://pictures.example/lead.png"' in text
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "script-src" not in policy and "sandbox" in policy and "allow-scripts" not in policy, policy
        assert headers["X-Content-Type-Options"] == "nosniff" and headers["X-Robots-Tag"] is None and headers["Referrer-Policy"] == "no-referrer"
        entry = ET.fromstring(page(site, "/news/feed.xml")).find(ATOM + "entry")
        assert entry.find(ATOM + "title").text == "For you & <all>" and "Dear reader" in entry.find(ATOM + "content").text
        assert '<img src="https://pictures.example/lead.png"' in entry.find(ATOM + "content").text
    finally:
        site.close()
        sink.stop()


def test_what_is_private_or_was_taken_back_is_not_there():
    sink = peers.Sink()
    site = peers.Site(sink.port, [("ann@reader.test", "Ann")], extra=FAST)
    try:
        site.start()
        send(site, "1")
        assert get(site, "/news/p/1")[0] == 200
        site.run("list", "set", "news", "--private")
        for path in ("/news/p/1", "/news/feed.xml", "/news?before=1"):
            assert get(site, path)[0] == 404, path
        status, headers, body = get(site, "/news")
        assert status == 200 and "/p/1" not in body and "feed.xml" not in body and headers["X-Robots-Tag"] == "noindex"
        raw = site.run("campaign", "preview", site.run("campaign", "create", "news", "--post", add(site, "p.md", "---\ntitle: P\nurl: https://example.org/p/p\n---\n\nP.\n"))
                       .stdout.decode().strip(), "--to", "ann@reader.test", "--eml").stdout
        mail = email.message_from_bytes(raw, policy=email.policy.default)
        assert mail["List-Archive"] is None and mail["Archived-At"] == "<https://example.org/p/p>"
        site.run("list", "set", "news", "--public")
        # A campaign that was cancelled: its post is withdrawn.
        site.set_conf("send_delay = 1s", "send_delay = 1s\nrate = 1/m")
        site.stop()
        site.start()
        for i in range(3):
            site.run("subscriber", "add", "news", f"r{i}@reader.test", "--consent", "t")
        post = add(site, "q.md", "# Q\n\nQ.\n")
        campaign = site.run("campaign", "create", "news", "--post", post).stdout.decode().strip()
        site.run("campaign", "send", campaign, "--yes", "--now")
        assert peers.wait_for(lambda: get(site, f"/news/p/{post}")[0] == 200, 20)
        site.run("campaign", "cancel", campaign, "--yes")
        assert get(site, f"/news/p/{post}")[0] == 404
    finally:
        site.close()
        sink.stop()


def test_it_speaks_its_lists_language():
    sink = peers.Sink()
    site = peers.Site(sink.port, [("ann@reader.test", "Ann")], extra=FAST)
    try:
        site.run("list", "create", "hebrew", "--title", "חדשות הנמל", "--from", "News <he@example.org>", "--postal", "רציף 4", "--language", "he", "--timezone", "Asia/Jerusalem")
        site.run("subscriber", "add", "hebrew", "ann@reader.test", "--consent", "t")
        post = add(site, "he.md", "---\ntitle: החסידות חזרו\nauthor: דנה\ndate: 2026-05-01T23:30:00Z\n---\n\nשלום.\n", "hebrew")
        site.start()
        send(site, post, list_name="hebrew")
        body = page(site, "/hebrew")
        assert '<html lang="he" dir="rtl">' in body and "כל הגיליונות" in body and "2 במאי 2026" in body and "להרשמה אל" in body, body
        link = links(body)[0]
        assert link == f"/hebrew/p/{post}", link
        text = page(site, link)
        assert "מאת דנה" in text and '<article lang="he" dir="rtl">' in text and "All issues" not in text
        # Every word of the page is there in every language.
        for language in ("en", "ar", "de", "fr", "es", "ru", "he"):
            site.run("list", "set", "hebrew", "--language", language)
            assert f'<html lang="{language}"' in page(site, "/hebrew") and f'<html lang="{language}"' in page(site, link)
    finally:
        site.close()
        sink.stop()


def test_a_digest_has_a_page_and_posts_without_an_address_have_theirs():
    sink = peers.Sink()
    site = peers.Site(sink.port, [("ann@reader.test", "Ann")], extra=FAST)
    try:
        site.run("list", "set", "news", "--digest", "weekly fri 18:30")
        for at, title in enumerate(("Tea & trains", "A second one, with a longer title than the first", "The last of the three")):
            with open(os.path.join(site.folder, f"{at}.md"), "w", encoding="utf-8") as f:
                f.write(f"---\ntitle: {title}\n---\n\nThe words of the post with the number {at}.\n")
            site.run("post", "add", "news", f"{at}.md", "--digest")
        site.start()
        site.digest_due("each")
        assert peers.wait_for(lambda: len(sink.mails) == 1, 20), site.log()
        mail = email.message_from_bytes(sink.mails[0][2], policy=email.policy.default)
        base = f"http://127.0.0.1:{site.web}"
        html_part, text = (mail.get_body((kind,)).get_content() for kind in ("html", "plain"))
        path = mail["Archived-At"].strip("<>")[len(base):]
        assert path == "/news/d/1-example-news-tea-trains-2", path
        assert f'href="{base}{path}"' in html_part and base + path in text.replace("\r\n", "\n"), text
        assert "A second one, with a longer title than the first · The last of the three" in html_part
        body = page(site, path)
        posts = re.findall(r'<li><a href="([^"]*)"', body)
        assert len(posts) == 3 and posts[0].endswith("-tea-trains") and "Tea &amp; trains" in body, body
        for post in posts:
            assert f'href="{base}{post}"' in html_part and "The words of the post" in page(site, post), post
        for wrong in ("/news/d/99-x", "/news/d/x"):
            assert get(site, wrong)[0] == 404, wrong
        # What is sent alone has its button too.
        send(site, add(site, "alone.md", "# Alone\n\nWords of it.\n"))
        alone = email.message_from_bytes(sink.mails[1][2], policy=email.policy.default)
        where = alone["Archived-At"].strip("<>")
        assert f'href="{where}"' in alone.get_body(("html",)).get_content() and get(site, where[len(base):])[0] == 200
        assert get(site, "/news/d/2-alone")[0] == 404, "a post of its own is no digest"
        site.run("list", "set", "news", "--private")
        assert get(site, path)[0] == 404
    finally:
        site.close()
        sink.stop()


peers.tests(test_what_was_sent_is_there_newest_first_in_pages, test_an_edit_shows_and_a_mail_leads_there, test_a_feed_is_made_once_until_something_in_it_changes, test_the_page_is_for_all_and_nothing_runs_in_it,
            test_what_is_private_or_was_taken_back_is_not_there, test_it_speaks_its_lists_language,
            test_a_digest_has_a_page_and_posts_without_an_address_have_theirs)
