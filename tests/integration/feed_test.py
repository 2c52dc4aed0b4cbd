#!/usr/bin/env python3
"""Posts in: feeds that behave and feeds that do not, over HTTP from a server of ours, and folders."""
import email.utils
import gzip
import http.server
import json
import os
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import peers  # noqa: E402

PRIVATE = "\n[source]\nallow_private = yes\ninterval = 1s\nfolder_interval = 1s\n[delivery]\nsend_delay = 0s\n"


def rss(items):
    now = email.utils.formatdate(time.time() - 60)
    rows = "".join(f"<item><guid isPermaLink='false'>{guid}</guid><title>{title}</title><link>https://example.org/{guid}</link><pubDate>{now}</pubDate>"
                   f"<description>{text}</description></item>" for guid, title, text in items)
    return f"<?xml version='1.0'?><rss version='2.0'><channel><title>A site</title><link>https://example.org/</link><description>d</description>{rows}</channel></rss>".encode()


class FeedServer(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass  # a client that hangs up is what some of the tests want

    def __init__(self):
        super().__init__(("127.0.0.1", 0), FeedTalk)
        self.items, self.asked, self.broken = [("a", "First post", "Text one of the site")], [], None
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, daemon=True).start()


class FeedTalk(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        server = self.server
        server.asked.append((self.path, dict(self.headers)))
        if self.path == "/feed.xml" and server.broken:
            self.answer(*server.broken)
        elif self.path == "/feed.xml":
            body = rss(server.items)
            tag = f'"{hash(body)}"'
            if self.headers.get("If-None-Match") == tag:
                self.answer(304, ETag=tag)
            else:
                self.answer(200, body, ETag=tag, Content_Type="application/rss+xml")
        elif self.path == "/page":
            self.answer(200, b"no feed at all, just words", Content_Type="text/plain")
        elif self.path == "/endless":
            self.send_response(200)
            self.send_header("Content-Type", "application/rss+xml")
            self.send_header("Content-Length", str(2 << 30))
            self.end_headers()
            try:
                for _ in range(4096):
                    self.wfile.write(b" " * 65536)
            except OSError:
                server.asked.append(("hung up", {}))
        elif self.path == "/bomb":
            self.answer(200, gzip.compress(b" " * (64 << 20)), Content_Encoding="gzip", Content_Type="application/rss+xml")
        elif self.path == "/entities":
            levels = "".join(f"<!ENTITY a{i} '{f'&a{i - 1};' * 10}'>" for i in range(1, 10))
            self.answer(200, f"<!DOCTYPE rss [<!ENTITY a0 'ha'>{levels}]><rss version='2.0'><channel><title>&a9;</title></channel></rss>".encode(), Content_Type="text/xml")
        elif self.path == "/round":
            self.answer(302, Location="/round")
        elif self.path == "/file":
            self.answer(302, Location="file:///etc/passwd")
        elif self.path == "/cut":
            self.send_response(200)
            self.send_header("Content-Length", "100000")
            self.end_headers()
            self.wfile.write(rss(server.items)[:200])
            self.close_connection = True
        else:
            self.answer(404)


def site_with(server, extra=PRIVATE):
    sink = peers.Sink()
    return peers.Site(sink.port, [("ann@example.org", "Ann"), ("bob@example.org", "Bob")], extra=extra), sink


def titles(site, **where):
    return [row["title"] for row in site.rows("post", "ls", "news") if all(row[k] == v for k, v in where.items())]


def refused(site, what, *words, code=None):
    done = site.run("source", "add", "news", what, check=False, timeout=30)
    said = done.stderr.decode()
    assert done.returncode not in (0, 70) and (code is None or done.returncode == code), (what, done.returncode, said)
    assert len(said.strip().splitlines()) <= 2 and any(word in said for word in words), (what, said)
    assert site.rows("source", "ls") == [], f"{what}: a source was left behind"


def test_what_is_no_feed_is_refused_in_one_line_and_leaves_nothing():
    server = FeedServer()
    site, sink = site_with(server)
    try:
        refused(site, server.url + "/page", "feed")
        refused(site, server.url + "/nowhere", "404")
        refused(site, server.url + "/endless", "larger", "too large", "MB")
        assert ("hung up", {}) in server.asked, "two gigabytes were read to the end"
        refused(site, server.url + "/bomb", "larger", "too large", "MB")
        refused(site, server.url + "/round", "redirect")
        refused(site, server.url + "/file", "http", "redirect", "protocol")
        refused(site, server.url + "/cut", "closed", "transfer", "cut", "end", "ended")
        refused(site, "http://127.0.0.1:1/feed.xml", "connect")
        refused(site, "ftp://127.0.0.1/feed.xml", "http")
        refused(site, os.path.join(site.folder, "no-such-folder"), "no http(s) URL and no folder")
    finally:
        site.close()
        sink.stop()
        server.shutdown()


def test_entities_are_not_expanded():
    server = FeedServer()
    site, sink = site_with(server)
    try:
        begin = time.time()
        site.run("source", "add", "news", server.url + "/entities", check=False)
        assert time.time() - begin < 10
        assert all(len(row["title"]) < 100 for row in site.rows("source", "ls"))
    finally:
        site.close()
        sink.stop()
        server.shutdown()


def test_A11_private_addresses_are_refused_unless_allowed():
    server = FeedServer()
    site, sink = site_with(server, extra="")
    port = server.server_address[1]
    try:
        for url in (server.url, f"http://localhost:{port}", f"http://[::1]:{port}", f"http://[::ffff:127.0.0.1]:{port}", f"http://2130706433:{port}", f"http://0x7f000001:{port}",
                    f"http://0177.0.0.1:{port}", f"http://127.1:{port}", f"http://0.0.0.0:{port}", "http://169.254.169.254/latest", "http://10.0.0.1/feed", "http://192.168.1.1/feed", "http://[fe80::1]/feed",
                    "http://[fd00::1]/feed", "http://100.64.0.1/feed", f"http://user@127.0.0.1:{port}"):
            refused(site, url + "/feed.xml", "private", "refuse", "port", "address", "public")
        assert server.asked == [], server.asked
    finally:
        site.close()
        sink.stop()
        server.shutdown()


def test_a_first_look_mails_nobody_and_a_new_item_goes_out_once():
    server = FeedServer()
    site, sink = site_with(server)
    try:
        site.start()
        added = site.run("source", "add", "news", server.url + "/feed.xml", "--policy", "send")
        assert b"1 post marked seen, none will be mailed" in added.stderr, added.stderr
        server.items.insert(0, ("b", "Second post", "Text two of the site"))
        assert peers.wait_for(lambda: len(sink.mails) == 2, 30), site.log()
        server.items[0] = ("b", "Second post, corrected", "Text two of the site, mended")
        assert peers.wait_for(lambda: "Second post, corrected" in titles(site), 20)
        # The same text under another id is what a moved site does.
        server.items.insert(0, ("c", "Second post, corrected", "Text two of the site, mended"))
        assert peers.wait_for(lambda: len(titles(site, title="Second post, corrected")) == 2, 20), site.rows("post", "ls")
        time.sleep(2.5)
        assert sorted(to for _, to, _ in sink.mails) == ["ann@example.org", "bob@example.org"], "an edited or doubled item was mailed"
        assert any("If-None-Match" in headers for path, headers in server.asked), "no conditional GET"
    finally:
        site.close()
        sink.stop()
        server.shutdown()


def test_a_flood_becomes_drafts():
    server = FeedServer()
    site, sink = site_with(server, PRIVATE + "[alerts]\nmail = admin@example.org\n")
    try:
        site.start()
        site.run("source", "add", "news", server.url + "/feed.xml", "--policy", "send")
        server.items = [(f"n{i}", f"New {i}", f"Words of number {i}") for i in range(8)] + server.items
        assert peers.wait_for(lambda: len(site.rows("post", "ls", "news")) == 10, 20), titles(site)
        time.sleep(2.5)
        assert peers.wait_for(lambda: sink.mails, 10) and [to for _, to, _ in sink.mails] == ["admin@example.org"] and b"drafts" in sink.mails[0][2], sink.mails
        assert not site.rows("campaign", "ls")
        assert len([row for row in site.rows("post", "ls", "news") if row["title"].startswith("New ") and row["state"] == "draft"]) == 8
    finally:
        site.close()
        sink.stop()
        server.shutdown()


def test_a_feed_that_fails_later_is_marked_and_tried_again():
    server = FeedServer()
    site, sink = site_with(server)
    try:
        site.start()
        site.run("source", "add", "news", server.url + "/feed.xml", "--policy", "send")
        for status, body, word in ((404, b"", "404"), (500, b"", "500"), (200, b"<html>We moved</html>", "feed")):
            server.broken = (status, body)
            site.run("source", "poll", "1", check=False)
            row = site.rows("source", "ls")[0]
            assert row["state"] == "failing" and word in row["error"], row
        server.broken = None
        server.items.insert(0, ("z", "After the break", "It works again"))
        assert peers.wait_for(lambda: site.rows("source", "ls")[0]["state"] == "active", 30)
        assert peers.wait_for(lambda: len(sink.mails) == 2, 20), "the item that came after the break did not go out"
    finally:
        site.close()
        sink.stop()
        server.shutdown()


def test_a_folder_is_a_source():
    site, sink = site_with(None)
    folder = os.path.join(site.folder, "posts")
    os.mkdir(folder)

    def write(name, text):
        with open(os.path.join(folder, "." + name), "w", encoding="utf-8") as f:
            f.write(text)
        os.rename(os.path.join(folder, "." + name), os.path.join(folder, name))
    try:
        write("old.md", "# Old\n\nAlready there.\n")
        site.start()
        site.run("source", "add", "news", folder, "--policy", "send")
        write("bad.html", "")
        write("new.md", "---\ntitle: From the folder\n---\n\nHello *you*.\n")
        assert peers.wait_for(lambda: len(sink.mails) == 2, 30), site.log()
        assert all(b"From the folder" in data for _, _, data in sink.mails)
        write("new.md", "---\ntitle: From the folder\n---\n\nHello *you*, mended.\n")
        time.sleep(3)
        assert len(sink.mails) == 2 and titles(site).count("From the folder") == 1
        inspected = json.loads(site.run("post", "inspect", "--json", os.path.join(folder, "new.md")).stdout.splitlines()[0])
        assert inspected["file"] == "new.md", inspected
    finally:
        site.close()
        sink.stop()


peers.tests(test_what_is_no_feed_is_refused_in_one_line_and_leaves_nothing, test_entities_are_not_expanded, test_A11_private_addresses_are_refused_unless_allowed,
            test_a_first_look_mails_nobody_and_a_new_item_goes_out_once, test_a_flood_becomes_drafts, test_a_feed_that_fails_later_is_marked_and_tried_again, test_a_folder_is_a_source)
