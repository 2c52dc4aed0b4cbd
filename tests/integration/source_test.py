#!/usr/bin/env python3
"""Sources: their own pace, what they say of themselves, pages that name a feed and pages without one, filters, and posts by mail."""
import email
import email.policy
import email.utils
import html
import http.server
import os
import re
import smtplib
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import peers  # noqa: E402

PRIVATE = "\n[source]\nallow_private = yes\ninterval = 1s\nfolder_interval = 1s\n[delivery]\nsend_delay = 1s\n"
READERS = [("ann@example.org", "Ann"), ("bob@example.org", "Bob")]


def item(guid, title, text, base, author=None, categories=(), age=60, summary=False):
    rows = "".join(f"<category>{html.escape(c)}</category>" for c in categories)
    by = f"<dc:creator>{author}</dc:creator>" if author else ""
    words = f"<description>{html.escape(text)}</description>" if summary else f"<content:encoded>{html.escape(f'<p>{text}</p>')}</content:encoded>"
    return (f"<item><guid isPermaLink='false'>{guid}</guid><title>{html.escape(title)}</title><link>{base}/p/{guid}</link>"
            f"<pubDate>{email.utils.formatdate(time.time() - age)}</pubDate>{by}{rows}{words}</item>")


def rss(items, extra=""):
    return (f"<?xml version='1.0'?><rss version='2.0' xmlns:content='http://purl.org/rss/1.0/modules/content/' xmlns:dc='http://purl.org/dc/elements/1.1/' "
            f"xmlns:sy='http://purl.org/rss/1.0/modules/syndication/'><channel><title>A site</title><link>https://example.org/</link><description>d</description>{extra}{''.join(items)}</channel></rss>").encode()


class Web(http.server.ThreadingHTTPServer):
    """`pages`: path to (status, body, headers). Keeps what was asked, with the time."""
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Talk)
        self.pages, self.asked = {}, []
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def times(self, path):
        return sum(1 for asked, _ in self.asked if asked == path)


class Talk(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_GET(self):
        self.server.asked.append((self.path, dict(self.headers)))
        status, body, headers = self.server.pages.get(self.path, (404, b"", {}))
        if status == 200 and headers.get("ETag") and self.headers.get("If-None-Match") == headers["ETag"]:
            status, body = 304, b""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def site_with(extra=PRIVATE, readers=READERS):
    web, sink = Web(), peers.Sink()
    return web, sink, peers.Site(sink.port, readers, extra=extra)


def close(web, sink, site):
    site.close()
    sink.stop()
    web.shutdown()


def add(site, what, *options):
    return site.run("source", "add", "news", what, *options).stdout.decode().strip()


def source(site, number="1"):
    return site.rows("source", "show", number)[0]


def wait_s(row):
    """Seconds from its last look to the next."""
    from datetime import datetime
    return (datetime.fromisoformat(row["due"].replace("Z", "+00:00")) - datetime.fromisoformat(row["checked"].replace("Z", "+00:00"))).total_seconds()


def poll(site, number="1", check=False):
    return site.run("--json", "source", "poll", number, check=check)


def posts(site):
    return {row["title"]: row for row in site.rows("post", "ls", "news")}


def test_each_source_has_its_own_pace():
    web, sink, site = site_with(extra="\n[source]\nallow_private = yes\ninterval = 10m\n")
    feed, old = (200, rss([item("a", "One", "Words", web.url)]), {}), rss([item("a", "One", "Words", web.url)], "<ttl>60</ttl>")
    try:
        web.pages["/plain.xml"] = feed
        web.pages["/ttl.xml"] = (200, old, {"ETag": '"1"'})
        web.pages["/hourly.xml"] = (200, rss([item("a", "One", "Words", web.url)], "<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>12</sy:updateFrequency>"), {})
        web.pages["/cache.xml"] = (200, feed[1], {"Cache-Control": "max-age=1800"})
        web.pages["/month.xml"] = (200, feed[1], {"Cache-Control": "max-age=9999999"})
        for number, (path, least, by) in enumerate((("/plain.xml", 600, "standard"), ("/ttl.xml", 3600, "wish"), ("/hourly.xml", 7200, "wish"),
                                                    ("/cache.xml", 1800, "Cache-Control"), ("/month.xml", 86400, "Cache-Control")), 1):
            add(site, web.url + path)
            row = source(site, str(number))
            assert least <= wait_s(row) <= least * 1.1 + 1 and by in row["paced_by"], (path, wait_s(row), row)
        # What was said before holds when the feed has not changed.
        assert poll(site, "2").returncode == 0 and web.asked[-1][1].get("If-None-Match") == '"1"'
        assert 3600 <= wait_s(source(site, "2")) <= 3961
        site.run("source", "set", "2", "--interval", "2m")
        poll(site, "2")
        assert 120 <= wait_s(source(site, "2")) <= 133
        web.pages["/plain.xml"] = (503, b"", {"Retry-After": "5000"})
        assert poll(site, "1").returncode == 69
        row = source(site, "1")
        assert 5000 <= wait_s(row) <= 5501 and "Retry-After" in row["paced_by"] and "503" in row["error"] and row["failures"] == 1, row
        web.pages["/plain.xml"] = (500, b"", {})
        for failures, least in ((2, 1200), (3, 2400)):
            poll(site, "1")
            row = source(site, "1")
            assert row["failures"] == failures and least <= wait_s(row) <= least * 1.1 + 1, row
        shown = site.run("source", "show", "1").stdout.decode()
        assert "3 in a row" in shown and "500" in shown and "failures in a row" in shown, shown
    finally:
        close(web, sink, site)


def test_moved_and_gone():
    web, sink, site = site_with()
    feed = rss([item("a", "One", "Words", web.url)])
    try:
        web.pages.update({"/old.xml": (200, feed, {}), "/new.xml": (200, feed, {})})
        add(site, web.url + "/old.xml")
        web.pages["/old.xml"] = (302, b"", {"Location": "/new.xml"})
        poll(site, check=True)
        assert source(site)["url"].endswith("/old.xml"), "a detour for now moved the source"
        web.pages["/old.xml"] = (308, b"", {"Location": "/middle.xml"})
        web.pages["/middle.xml"] = (301, b"", {"Location": "/new.xml"})
        poll(site, check=True)
        assert source(site)["url"] == web.url + "/new.xml"
        web.pages["/new.xml"] = (410, b"", {})
        poll(site)
        row = source(site)
        assert row["state"] == "paused" and "gone" in row["error"], row
        before = len(web.asked)
        site.start()
        time.sleep(2.5)
        assert len(web.asked) == before, "a paused source was looked at"
        web.pages["/new.xml"] = (200, feed, {})
        site.run("source", "resume", "1")
        assert peers.wait_for(lambda: source(site)["state"] == "active" and not source(site)["error"], 20), source(site)
    finally:
        close(web, sink, site)


def test_a_page_names_its_feed_and_a_page_without_one_is_the_post():
    web, sink, site = site_with()
    body = " ".join(f"Sentence number {i} of a text that is long enough to be taken for one." for i in range(30))
    try:
        web.pages["/"] = (200, b"<html><head><title>Home</title><link rel='alternate' type='application/rss+xml' href='/posts.xml'></head><body><p>Hello</p></body></html>", {"Content-Type": "text/html"})
        web.pages["/posts.xml"] = (200, rss([item("a", "One", "Words", web.url)]), {})
        said = site.run("source", "add", "news", web.url + "/").stderr.decode()
        assert "/posts.xml" in said and "1 post" in said, said
        row = source(site)
        assert row["kind"] == "page" and row["url"] == web.url + "/" and row["feed_url"] == web.url + "/posts.xml", row
        home = web.times("/")
        web.pages["/posts.xml"] = (200, rss([item("b", "Two", "More words", web.url), item("a", "One", "Words", web.url)]), {})
        poll(site, check=True)
        assert posts(site)["Two"]["state"] == "draft" and web.times("/") == home, "the page was asked although its feed is known"
        # The feed moves: the page is asked again.
        del web.pages["/posts.xml"]
        web.pages["/"] = (200, web.pages["/"][1].replace(b"/posts.xml", b"/neu.xml"), {"Content-Type": "text/html"})
        web.pages["/neu.xml"] = (200, rss([item("c", "Three", "Other words", web.url), item("b", "Two", "More words", web.url)]), {})
        assert poll(site).returncode != 0
        poll(site, check=True)
        assert source(site)["feed_url"].endswith("/neu.xml") and "Three" in posts(site)
        web.pages["/article"] = (200, f"<html lang=en><head><title>A story</title><meta property='og:title' content='A story'></head><body><article><h1>A story</h1><p>{body}</p></article></body></html>".encode(),
                                 {"Content-Type": "text/html"})
        add(site, web.url + "/article", "--latest", "1")
        assert source(site, "2")["kind"] == "page" and posts(site)["A story"]["state"] == "draft", posts(site)
        assert wait_s(source(site, "2")) >= 3600
    finally:
        close(web, sink, site)


def test_summaries_are_completed_from_the_page_once():
    web, sink, site = site_with()
    whole = " ".join(f"The whole story, sentence {i}, with more than the feed says of it." for i in range(25))
    entries = [item("a", "One", "The short of it…", web.url, summary=True)]
    try:
        web.pages["/feed.xml"] = (200, rss(entries), {})
        web.pages["/p/b"] = (200, f"<html><head><title>Two</title></head><body><nav>Menu</nav><article><h1>Two</h1><p>{whole}</p></article></body></html>".encode(), {"Content-Type": "text/html"})
        add(site, web.url + "/feed.xml")
        assert web.times("/p/a") == 0, "the pages of old posts were fetched"
        web.pages["/feed.xml"] = (200, rss([item("b", "Two", "The short of it…", web.url, summary=True)] + entries), {})
        poll(site, check=True)
        number = str(posts(site)["Two"]["id"])
        shown = site.run("--json", "post", "show", number).stdout.decode()
        assert "sentence 24" in shown and "Menu" not in shown, shown[:500]
        for _ in range(2):
            assert b'"revised": 0' in poll(site).stdout.replace(b'":0', b'": 0')
        assert web.times("/p/b") == 1, "a page was fetched again and again"
        assert site.rows("post", "show", number)[0]["version"] == 1
        # The feed says something else of it: the page is read again, and gives the words.
        web.pages["/p/b"] = (200, web.pages["/p/b"][1].replace(b"sentence 24", b"sentence 24, mended"), {"Content-Type": "text/html"})
        web.pages["/feed.xml"] = (200, rss([item("b", "Two", "The short of it, mended…", web.url, summary=True)] + entries), {})
        poll(site, check=True)
        row = site.rows("post", "show", number)[0]
        assert row["version"] == 2 and "sentence 24, mended" in row["text"], row
        del web.pages["/p/b"]
        web.pages["/feed.xml"] = (200, rss([item("b", "Two", "The short of it, mended again…", web.url, summary=True)] + entries), {})
        poll(site, check=True)
        assert "sentence 24" in site.rows("post", "show", number)[0]["text"], "the few words of the feed took the place of the whole"
    finally:
        close(web, sink, site)


def test_filters_leave_out_and_settings_hold():
    web, sink, site = site_with()

    def show(*items):
        web.pages["/feed.xml"] = (200, rss(items), {})
    old = item("a", "Old", "Words of old", web.url)
    try:
        show(old)
        assert site.run("source", "add", "news", web.url + "/feed.xml", "--only", "tag=x", check=False).returncode == 65
        assert site.run("source", "add", "news", web.url + "/feed.xml", "--interval", "soon", check=False).returncode == 65
        add(site, web.url + "/feed.xml", "--only", "category=News", "--except", "author=Bob", "--policy", "send", "--max-age", "1h", "--flood", "2")
        show(item("b", "Sport", "Ball", web.url, "Ann", ["Sport"]), item("c", "By Bob", "Words of Bob", web.url, "Bob", ["News"]),
             item("d", "Wanted", "Words wanted", web.url, "Ann", ["Other", "news"]), item("e", "Late", "Words late", web.url, "Ann", ["News"], age=7200), old)
        poll(site, check=True)
        state = {title: row["state"] for title, row in posts(site).items()}
        assert state["Sport"] == state["By Bob"] == "skipped" and state["Wanted"] == "held" and state["Late"] == "draft", state
        row = source(site)
        assert row["taken"] == 2 and row["policy"] == "send", row
        site.start()
        assert peers.wait_for(lambda: len(sink.mails) == 2, 20), site.log()
        site.run("source", "set", "1", "--only", "", "--except", "", "--max-age", "standard")
        show(*[item(f"n{i}", f"New {i}", f"Words of {i}", web.url) for i in range(3)], old)
        assert peers.wait_for(lambda: "New 2" in posts(site), 20)
        assert all(posts(site)[f"New {i}"]["state"] == "draft" for i in range(3)), "three were no flood where two are one"
        time.sleep(2)
        assert len(sink.mails) == 2
    finally:
        close(web, sink, site)


def test_one_article_under_two_ids_in_one_look_goes_out_once():
    web, sink, site = site_with()
    old = item("a", "Old", "Words of old", web.url)
    try:
        web.pages["/feed.xml"] = (200, rss([old]), {})
        add(site, web.url + "/feed.xml", "--policy", "send", "--flood", "9")
        web.pages["/feed.xml"] = (200, rss([item("b", "News", "Words of news", web.url), item("c", "The same words", "Words of news", web.url),
                                            item("d", "News", "The same title", web.url), item("e", "Else", "Words of else", web.url), old]), {})
        poll(site, check=True)
        state = {row["url"][-1]: (row["state"], row["alert"] or "") for row in site.rows("post", "ls", "news")}
        assert state["b"][0] == state["e"][0] == "held" and state["c"][0] == state["d"][0] == "draft", state
        assert "another new post under another id" in state["c"][1], state
    finally:
        close(web, sink, site)


def test_a_hold_lets_corrections_in_and_an_edit_here_is_not_undone():
    web, sink, site = site_with()
    try:
        web.pages["/feed.xml"] = (200, rss([item("a", "Old", "Words of old", web.url)]), {})
        site.start()
        add(site, web.url + "/feed.xml", "--policy", "hold=4s")
        web.pages["/feed.xml"] = (200, rss([item("b", "News", "Thirty storks", web.url)]), {})
        assert peers.wait_for(lambda: posts(site).get("News", {}).get("state") == "held", 20)
        web.pages["/feed.xml"] = (200, rss([item("b", "News", "Three hundred storks", web.url)]), {})
        assert peers.wait_for(lambda: len(sink.mails) == 2, 30), site.log()
        assert all(b"Three hundred storks" in data for _, _, data in sink.mails), "the mail has the words of before the correction"
        number = str(posts(site)["News"]["id"])
        site.run("post", "set", number, "--title", "News, by hand")
        time.sleep(2.5)
        row = site.rows("post", "show", number)[0]
        assert row["title"] == "News, by hand" and row["version"] == 3, row
        web.pages["/feed.xml"] = (200, rss([item("b", "News of the source", "Four hundred storks", web.url)]), {})
        assert peers.wait_for(lambda: "News of the source" in posts(site), 20), "the source's own change was not taken"
    finally:
        close(web, sink, site)


def lmtp(site, sender, to, message):
    with smtplib.LMTP("127.0.0.1", site.lmtp) as server:
        return server.sendmail(sender, [to], message.replace("\n", "\r\n").encode())


def letter(sender, subject, body, extra="", number=[0]):
    number[0] += 1
    return f"From: {sender}\nTo: post\nSubject: {subject}\nMessage-ID: <{number[0]}.{time.time()}@example.org>\nMIME-Version: 1.0\n{extra}\n{body}\n"


def test_an_editor_mails_a_post_in_and_nobody_else_does():
    web, sink, site = site_with()
    try:
        site.run("list", "set", "news", "--editors", "Dana@example.org")
        address = re.search(r"post\+[a-z2-7]+@example\.org", site.run("list", "show", "news").stdout.decode()).group()
        site.start()
        lmtp(site, "dana@example.org", address, letter("Dana Lee <dana@example.org>", "=?utf-8?q?Caf=C3=A9_news?=", "Hello *all*.\n\n- one\n- two\n\n-- \nDana"))
        assert peers.wait_for(lambda: "Café news" in posts(site), 20), site.log()
        row = site.rows("post", "show", str(posts(site)["Café news"]["id"]))[0]
        assert row["state"] == "draft" and "<em>all</em>" in row["html"] and "Dana" not in row["html"], row
        assert peers.wait_for(lambda: len(sink.mails) == 1, 20), site.log()
        sender, to, data = sink.mails[0]
        answer = email.message_from_bytes(data, policy=email.policy.default)
        assert to == "dana@example.org" and f"post {row['id']} " in answer.get_content() and answer["Auto-Submitted"] == "auto-replied", data
        # The same mail twice is one post.
        twice = letter("dana@example.org", "Twice", "Once.")
        lmtp(site, "dana@example.org", address, twice)
        lmtp(site, "dana@example.org", address, twice)
        wrong = re.sub(r"\+.", "+" + ("b" if address[5] == "a" else "a"), address)
        refused = (("dana@example.org", wrong, letter("dana@example.org", "Wrong address", "x")), ("eve@example.org", address, letter("eve@example.org", "Eve", "x")),
                   ("", address, letter("dana@example.org", "Null sender", "x")), ("dana@example.org", address, letter("dana@example.org", "Away", "x", "Auto-Submitted: auto-replied\n")),
                   ("dana@example.org", address, letter("dana@example.org", "From a list", "x", "List-Id: <x.example.org>\n")))
        for mail in refused:
            lmtp(site, *mail)
        lmtp(site, "dana@example.org", address, letter("dana@example.org", "", "no subject"))
        lmtp(site, "dana@example.org", address, letter("dana@example.org", "Web words", "<p>Hi <b>you</b><script>x()</script></p>", "Content-Type: text/html; charset=utf-8\n"))
        assert peers.wait_for(lambda: "Web words" in posts(site), 20), site.log()
        assert peers.wait_for(lambda: len(sink.mails) == 5, 20), (len(sink.mails), site.log())
        time.sleep(1)
        assert set(posts(site)) == {"Storks over the café", "Café news", "Twice", "Web words"}, posts(site).keys()
        assert len(sink.mails) == 5 and {to for _, to, _ in sink.mails} == {"dana@example.org"}, "somebody else was answered"
        assert sum(b"no subject" in data for _, _, data in sink.mails) == 1
        assert "<script" not in site.rows("post", "show", str(posts(site)["Web words"]["id"]))[0]["html"]
        # By policy, if the list says so.
        add(site, "mail", "--policy", "send")
        lmtp(site, "dana@example.org", address, letter("dana@example.org", "At once", "Go."))
        assert peers.wait_for(lambda: {to for _, to, data in sink.mails if b"At once" in data} >= {"ann@example.org", "bob@example.org"}, 30), site.log()
    finally:
        close(web, sink, site)


def test_an_editor_mails_a_post_through_a_maildir():
    web, sink, site = site_with()
    site.set_conf("return_path =", "maildir = inbound\nreturn_path =")
    new, cur = (os.path.join(site.folder, "inbound", part) for part in ("new", "cur"))

    def put(name, message):
        with open(os.path.join(site.folder, "inbound", "tmp", name), "wb") as f:
            f.write(message.encode())
        os.rename(os.path.join(site.folder, "inbound", "tmp", name), os.path.join(new, name))
    try:
        site.run("list", "set", "news", "--editors", "dana@example.org")
        address = re.search(r"post\+[a-z2-7]+@example\.org", site.run("list", "show", "news").stdout.decode()).group()
        site.start()
        put("1.a", letter("Dana <dana@example.org>", "By a folder", "Hello *all*.").replace("To: post", f"To: Desk <{address}>"))
        assert peers.wait_for(lambda: "By a folder" in posts(site), 20), site.log()
        row = site.rows("post", "show", str(posts(site)["By a folder"]["id"]))[0]
        assert row["state"] == "draft" and "<em>all</em>" in row["html"], row
        assert peers.wait_for(lambda: len(sink.mails) == 1 and sink.mails[0][1] == "dana@example.org", 20), site.log()
        # The envelope is known by what the server wrote down; who is no editor is passed over, and each mail is taken once.
        put("2.b", f"Delivered-To: {address}\n" + letter("Dana <dana@example.org>", "By its envelope", "Words."))
        put("3.c", letter("Eve <eve@example.org>", "Not an editor", "Words.").replace("To: post", f"To: {address}"))
        assert peers.wait_for(lambda: "By its envelope" in posts(site) and not os.listdir(new), 20), (os.listdir(new), site.log())
        put("4.d", letter("Dana <dana@example.org>", "With a picture", '<p>Look: <img src="cid:p1"></p>', "Content-Type: text/html; charset=utf-8\n").replace("To: post", f"To: {address}"))
        assert peers.wait_for(lambda: any(b"With a picture" in data for _, _, data in sink.mails), 20), site.log()
        answers = {email.message_from_bytes(data, policy=email.policy.default)["Subject"]: data for _, _, data in sink.mails}
        assert b"pictures are left out" in answers["Re: With a picture"] and b"pictures" not in answers["Re: By a folder"], answers
        os.remove(os.path.join(cur, next(name for name in os.listdir(cur) if name.startswith("4.d"))))
        assert sorted(name.split(":")[0] for name in os.listdir(cur)) == ["1.a", "2.b", "3.c"] and "Not an editor" not in posts(site)
    finally:
        close(web, sink, site)


def test_tracking_of_others_goes_if_asked():
    web, sink, site = site_with()
    link = "https://other.example/x?id=5&utm_source=a&fbclid=b&utm_medium=c#part"

    def show(*names):
        web.pages["/feed.xml"] = (200, rss([item(name, f"Post {name}", f"Words of {name} <a href='{link}'>there</a>", web.url) for name in names]), {})

    def html_of(name):
        return site.rows("post", "show", str(posts(site)[f"Post {name}"]["id"]))[0]["html"]
    try:
        show("a")
        add(site, web.url + "/feed.xml", "--strip-tracking", "yes")
        assert source(site)["strips_tracking"] is True
        show("b", "a")
        poll(site, check=True)
        assert 'href="https://other.example/x?id=5#part"' in html_of("b"), html_of("b")
        assert b'"revised": 0' in poll(site).stdout.replace(b'":0', b'": 0'), "a post was taken for an edited one"
        site.run("source", "set", "1", "--strip-tracking", "no")
        show("c", "b", "a")
        poll(site, check=True)
        assert "utm_source=a" in html_of("c") and "fbclid" in html_of("c")
        assert site.run("source", "set", "1", "--strip-tracking", "maybe", check=False).returncode == 65
    finally:
        close(web, sink, site)


peers.tests(test_an_editor_mails_a_post_through_a_maildir, test_one_article_under_two_ids_in_one_look_goes_out_once, test_tracking_of_others_goes_if_asked, test_each_source_has_its_own_pace, test_moved_and_gone, test_a_page_names_its_feed_and_a_page_without_one_is_the_post, test_summaries_are_completed_from_the_page_once,
            test_filters_leave_out_and_settings_hold, test_a_hold_lets_corrections_in_and_an_edit_here_is_not_undone, test_an_editor_mails_a_post_in_and_nobody_else_does)
