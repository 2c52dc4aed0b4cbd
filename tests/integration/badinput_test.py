#!/usr/bin/env python3
"""What bad input gets: a clear reason at the source (try, poll, show), nothing half-imported, the rest of the feed still read."""
import gzip
import http.server
import json
import os
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import peers  # noqa: E402

PRIVATE = "\n[source]\nallow_private = yes\n"


class Web(http.server.ThreadingHTTPServer):
    """`pages`: path to (body, headers)."""
    daemon_threads = True

    def __init__(self, address=("127.0.0.1", 0)):
        super().__init__(address, Talk)
        self.pages, self.asked = {}, []
        self.url = f"http://{self.server_address[0]}:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, client_address):
        pass  # who is sent too much hangs up


class Talk(http.server.BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def do_GET(self):
        self.server.asked.append(self.path)
        body, headers = self.server.pages.get(self.path, (b"", {}))
        self.send_response(302 if "Location" in headers else 200 if self.path in self.server.pages else 404)
        for name, value in {"Content-Type": "application/rss+xml", "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def item(name, title=None):
    return f"<item><guid isPermaLink='false'>{name}</guid><title>{title or 'Post ' + name}</title><description>Words of {name}</description></item>\n"


def rss(*items, head=""):
    return f"<?xml version='1.0'?>\n{head}<rss version='2.0'><channel><title>A site</title>\n{''.join(items)}</channel></rss>".encode()


def titles(site):
    return sorted(row["title"] for row in site.rows("post", "ls", "news") if row["title"].startswith("Post") or len(row["title"]) > 100)


def test_feeds_that_can_be_read_in_part_are_and_say_so():
    web, site = Web(), peers.Site(1, [("ann@example.org", "Ann")], extra=PRIVATE)
    secret = os.path.join(site.folder, "secret.txt")
    with open(secret, "w", encoding="utf-8") as f:
        f.write("TOP SECRET")
    bomb = "".join(f"<!ENTITY a{i} '{f'&a{i - 1};' * 10}'>" for i in range(1, 10))
    cases = {
        # An end tag of another element, and a feed that stops in the middle.
        "/illformed.xml": (rss(item("a"), item("b").replace("</title>", "</titel>"), item("c")), {}, ("line 4", "as far as it means something"), ["a"]),
        "/cut.xml": (rss(item("a"), item("b"), item("c"))[:-75], {}, ("as far as it means something",), ["a", "b"]),
        "/dtd.xml": (rss(item("a"), item("b", "Post b &x;"), item("c"), head=f"<!DOCTYPE rss [<!ENTITY x SYSTEM 'file://{secret}'>]>\n"), {}, ("entities", "not expanded"), ["a", "c"]),
        "/entities.xml": (rss(item("a", "Post a &a9;"), item("b"), item("c"), head=f"<!DOCTYPE rss [<!ENTITY a0 'ha'>{bomb}]>\n"), {}, ("entities", "not expanded"), ["b", "c"]),
        "/title.xml": (rss(item("a"), item("b", "x" * 10_000_000), item("c")), {}, ("1 of 3 items left out", "title is longer than 64 KB"), ["a", "c"]),
        "/encoding.xml": (rss(item("a"), item("b"), item("c", "Caf\u00e9")).decode().replace("'1.0'", "'1.0' encoding='x-none'").encode("latin-1"), {}, ("x-none", "not known"), ["a", "b"]),
        "/page.html": (b"<html><head><meta charset='x-none'><title>Caf\xe9</title></head><body><article><h1>Caf\xe9</h1><p>" + b"Words of a page, caf\xe9. " * 40 + b"</p></article></body></html>",
                       {"Content-Type": "text/html"}, ("x-none", "not known"), []),
    }
    try:
        for number, (path, (body, headers, words, names)) in enumerate(cases.items(), 1):
            web.pages[path] = (rss(item(f"old{number}")) if names else body, headers)
            begin = time.time()
            site.run("source", "add", "news", web.url + path)
            web.pages[path] = (body, headers)
            tried = site.run("source", "try", web.url + path)
            polled = site.run("source", "poll", str(number))
            row = site.rows("source", "show", str(number))[0]
            shown = site.run("source", "show", str(number)).stdout.decode()
            assert time.time() - begin < 20, path
            assert row["state"] == "active" and not row["error"], row
            for said in (tried.stderr.decode(), polled.stderr.decode(), row["note"], shown):
                assert all(word in said for word in words) and "TOP SECRET" not in said and len(said) < 3000, (path, words, said[:1000])
            got = titles(site)
            assert all(f"Post {name}" in got for name in names) and all(len(title) < 100 for title in got), (path, got)
            assert b"TOP SECRET" not in site.run("--json", "post", "ls").stdout + tried.stdout
            if names:
                web.pages[path] = (rss(item(f"old{number}")), headers)
                site.run("source", "poll", str(number))
                assert not site.rows("source", "show", str(number))[0]["note"], "a note that is over is still shown"
    finally:
        web.shutdown()
        site.close()


def test_what_can_not_be_read_is_refused_with_its_reason():
    web, site = Web(), peers.Site(1, [("ann@example.org", "Ann")], extra=PRIVATE)
    cases = {
        "/bomb.xml": (gzip.compress(b"<rss>" + b" " * (64 << 20)), {"Content-Encoding": "gzip"}, ("larger", "MB", "bytes")),
        "/large.xml": (b"<rss>" + b" " * (12 << 20), {}, ("larger", "MB", "bytes")),
        "/nothing.xml": (b"", {}, ("empty",)),
        "/picture.xml": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + b"\0" * 100, {}, ("feed",)),
        "/json.xml": (b'{"version": "https://jsonfeed.org/version/1", "items": [', {"Content-Type": "application/feed+json"}, ("line 1",)),
        "/file.xml": (b"", {"Location": "file:///etc/passwd"}, ("http", "redirect", "protocol")),
        "/round.xml": (b"", {"Location": "/round.xml"}, ("redirect",)),
    }
    try:
        web.pages["/feed.xml"] = (rss(item("a")), {})
        site.run("source", "add", "news", web.url + "/feed.xml")
        before = site.rows("post", "ls")
        for path, (body, headers, words) in cases.items():
            web.pages[path] = web.pages["/feed.xml"] = (body, headers)
            tried = site.run("source", "try", web.url + path, check=False)
            polled = site.run("source", "poll", "1", check=False)
            row = site.rows("source", "show", "1")[0]
            shown = site.run("source", "show", "1").stdout.decode()
            assert tried.returncode not in (0, 70) and polled.returncode not in (0, 70), (path, tried, polled)
            assert row["state"] == "failing", row
            for said in (tried.stderr.decode(), polled.stderr.decode(), row["error"], shown):
                assert any(word in said for word in words) and len(said.splitlines()[0]) < 400, (path, words, said)
        assert site.rows("post", "ls") == before, "something was imported"
        web.pages["/feed.xml"] = (rss(item("a"), item("b")), {})
        site.run("source", "poll", "1")
        assert titles(site) == ["Post a", "Post b"] and site.rows("source", "show", "1")[0]["state"] == "active"
    finally:
        web.shutdown()
        site.close()


PUBLIC = "93.184.216.34"


def inside():
    """In a network of our own, where a public address is this machine: what it sends on to private ones is refused, each time."""
    for words in (["link", "set", "lo", "up"], *(["addr", "add", f"{a}/32", "dev", "lo"] for a in (PUBLIC, "10.1.2.3", "169.254.169.254"))):
        subprocess.run(["ip", *words], check=True)
    web = Web((PUBLIC, 80))
    private = [Web((address, 80)) for address in ("127.0.0.1", "10.1.2.3", "169.254.169.254")]
    for server in private:
        server.pages["/secret"] = (rss(item("secret")), {})
    site = peers.Site(1, [("ann@example.org", "Ann")])
    try:
        base = f"http://{PUBLIC}"
        web.pages["/feed.xml"] = (rss(item("a")), {})
        site.run("source", "add", "news", base + "/feed.xml")
        for target in ("http://127.0.0.1/secret", "http://10.1.2.3/secret", "http://169.254.169.254/secret", "http://[::ffff:127.0.0.1]/secret", "http://2130706433/secret", "http://localhost/secret",
                       f"http://{PUBLIC}:8080/secret"):
            web.pages["/there"] = (b"", {"Location": target})
            web.pages["/feed.xml"] = (b"", {"Location": "/there"})
            for done in (site.run("source", "try", base + "/feed.xml", check=False), site.run("source", "poll", "1", check=False)):
                assert done.returncode == 77 or "public" in done.stderr.decode(), (target, done)
            row = site.rows("source", "show", "1")[0]
            assert row["state"] == "failing" and "public" in row["error"], (target, row)
        # Nor does what a feed names bring us there: the page of a summary, a picture for the mail.
        site.run("list", "set", "news", "--images", "inline")
        web.pages["/feed.xml"] = (rss(item("a"), item("b").replace("</title>", "</title><link>http://127.0.0.1/secret</link>").replace("Words of b", "&lt;img src='http://10.1.2.3/secret'&gt;")), {})
        site.run("source", "poll", "1")
        post = [row for row in site.rows("post", "ls", "news") if row["title"] == "Post b"][0]
        site.run("campaign", "create", "news", "--post", str(post["id"]))
        site.run("campaign", "preview", "1", "--to", "ann@example.org", "--eml")
        assert [server.asked for server in private] == [[], [], []], [server.asked for server in private]
        assert "/there" in web.asked
        print(json.dumps("reached the end"))
    finally:
        site.close()


def test_a_redirect_into_a_private_network_is_refused():
    done = subprocess.run(["unshare", "-rn", "true"], capture_output=True, check=False)
    if done.returncode != 0:
        print("skip redirects: no network of our own can be made here")
        return
    done = subprocess.run(["unshare", "-rn", sys.executable, os.path.abspath(__file__), "--inside"], capture_output=True, timeout=100, check=False)
    assert done.returncode == 0 and b"reached the end" in done.stdout, done.stderr.decode()[-3000:]


if sys.argv[1:] == ["--inside"]:
    inside()
    sys.exit(0)
peers.tests(test_feeds_that_can_be_read_in_part_are_and_say_so, test_what_can_not_be_read_is_refused_with_its_reason, test_a_redirect_into_a_private_network_is_refused)
