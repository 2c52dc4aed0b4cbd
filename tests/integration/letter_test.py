#!/usr/bin/env python3
"""What a mail is made of: parts and files, text that reads well, two readers who differ in their own values alone, and what spam filters say."""
import difflib
import email
import email.policy
import http.server
import os
import re
import shutil
import sqlite3
import struct
import subprocess
import sys
import threading
import zlib

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import peers  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
POSTS = os.path.join(os.path.dirname(HERE), "browser", "posts")
READERS = [("ann@reader.test", "Ann Lee"), ("bo@reader.test", ""), ("shalom@reader.test", "שלום כהן"), ("long@reader.test", 'Reader "the' + " very" * 30 + '" Long')]


def png(width, height):
    """A picture of one colour."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) + \
        chunk(b"IDAT", zlib.compress((b"\0" + b"\x30\x60\x90" * width) * height)) + chunk(b"IEND", b"")


class Pictures(http.server.BaseHTTPRequestHandler):
    """/WxH.png is a picture, /page.png is none, all else is missing."""

    def do_GET(self):  # noqa: N802 - the base class's name
        size = re.match(r"/(\d+)x(\d+)\.png", self.path)
        body = png(int(size[1]), int(size[2])) if size else b"<html>no picture</html>" if self.path == "/page.png" else b""
        self.send_response(200 if body else 404)
        self.send_header("Content-Type", "image/png")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def site_with(body, template="letter", public_url="https://news.example.org", **more):
    site = peers.Site(1, READERS, body=body, public_url=public_url, **more)
    site.run("list", "set", "news", "--template", template)
    site.run("campaign", "create", "news", "--post", "1")
    return site


def eml(site, to, campaign=1):
    return site.run("campaign", "preview", str(campaign), "--to", to, "--eml").stdout


def parsed(raw):
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert not [d for part in message.walk() for d in part.defects], [part.defects for part in message.walk()]
    return message


def tree(message):
    return [part.get_content_type() for part in message.walk()]


def unflow(text):
    """RFC 3676, section 4: paragraphs as they were before they were wrapped."""
    lines, open_line = [], False
    for line in text.replace("\r\n", "\n").split("\n"):
        line = line[1:] if line.startswith(" ") else line
        if open_line:
            lines[-1] += line
        else:
            lines.append(line)
        open_line = line.endswith(" ") and line != "-- "
    return lines


def test_merge_tags_are_filled_in_every_place_and_names_are_harmless():
    body = """---
title: "{{first_name}}{{^first_name}}Reader{{/first_name}}: the café & \\"<b>\\""
url: https://example.org/p/1
---

Dear {{name}}{{^name}}reader{{/name}}, this is [yours](https://example.org/?n={{name}}&e={{email}}).

{{#attributes.vip}}

For the few.

{{/attributes.vip}}

`{{name}}` and {{day}} stay.
"""
    site = site_with(body)
    try:
        for name, to, vip in (('O\'Brien "Q" <b>', "q@reader.test", "yes"), ("Eve\r\nBcc: x", "crlf@reader.test", ""), ("\u202eevil\u200f שלום", "rtl@reader.test", "")):
            site.run("subscriber", "add", "news", to, "--name", name.replace("\r\n", " "), "--consent", "t", *(["--attributes", '{"vip":"yes"}'] if vip else []))
            raw = eml(site, to)
            message = parsed(raw)
            clean = re.sub("[\u202e\u200f]", "", name).replace("\r\n", " ").strip()
            assert "Bcc" not in message.keys() and len(message.get_all("Subject")) == 1
            assert message["Subject"] == f'{clean.split()[0]}: the café & "<b>"', message["Subject"]
            text, html = (message.get_body((kind,)).get_content() for kind in ("plain", "html"))
            lines = unflow(text)
            assert f"Dear {clean}, this is yours [1]." in lines, lines
            escaped = clean.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;").replace("'", "&#39;")
            assert f"Dear {escaped}, this is" in html and f"<title>{escaped.split()[0]}: the café &amp; &quot;&lt;b&gt;&quot;</title>" in html
            from urllib.parse import quote
            address = f"https://example.org/?n={quote(clean, safe='')}&e={quote(to, safe='')}"
            assert f'href="{address.replace("&", "&amp;")}"' in html and address in text, (address, text)
            assert ("For the few." in html, "For the few." in text) == (bool(vip), bool(vip))
            assert "`{{name}}`" in text and "{{day}} stay" in html and "{{#" not in html and "{{#" not in text, text
        assert parsed(eml(site, "bo@reader.test"))["Subject"].startswith("Reader: ")
        assert "Dear reader, this" in parsed(eml(site, "bo@reader.test")).get_body(("plain",)).get_content()
    finally:
        site.close()


def test_what_a_feed_brought_is_not_merged():
    site = peers.Site(1, READERS[:1], extra="\n[source]\nallow_private = yes\n")
    feed = b"""<?xml version="1.0"?><rss version="2.0"><channel><title>F</title><link>https://example.org/</link><description>d</description>
<item><title>Braces {{email}}</title><guid>g1</guid><link>https://example.org/p/9</link><description>&lt;p&gt;Hello {{first_name}}
&lt;a href="https://example.org/?e={{email}}"&gt;x&lt;/a&gt;&lt;/p&gt;</description></item></channel></rss>"""

    class Feed(Pictures):
        def do_GET(self):  # noqa: N802
            self.send_response(200)
            self.send_header("Content-Type", "application/rss+xml")
            self.end_headers()
            self.wfile.write(feed)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Feed)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        site.run("source", "add", "news", f"http://127.0.0.1:{server.server_address[1]}/feed.xml", "--latest", "1")
        post = [row for row in site.rows("post", "ls", "news") if row["title"].startswith("Braces")][0]
        site.run("campaign", "create", "news", "--post", str(post["id"]))
        message = parsed(eml(site, "ann@reader.test"))
        html = message.get_body(("html",)).get_content()
        assert message["Subject"] == "Braces {{email}}" and "Hello {{first_name}}" in html and "e=ann" not in html
    finally:
        server.shutdown()
        site.close()


def test_files_and_pictures_come_along_when_asked_for():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pictures)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}"
    body = f"---\ntitle: Pictures\nurl: https://example.org/p/1\nimage: {url}/1200x600.png\n---\n\n![one]({url}/300x200.png)\n\n![same]({url}/300x200.png)\n\n![none]({url}/page.png)\n\n![away]({url}/away.png)\n"
    site = site_with(body, extra="\n[source]\nallow_private = yes\n")
    try:
        assert tree(parsed(eml(site, "ann@reader.test"))) == ["multipart/alternative", "text/plain", "text/html"]
        site.run("list", "set", "news", "--images", "inline")
        message = parsed(eml(site, "ann@reader.test"))
        assert tree(message) == ["multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png", "image/png"], tree(message)
        html = message.get_body(("html",)).get_content()
        pictures = [part for part in message.walk() if part.get_content_type() == "image/png"]
        assert [p.get_content() for p in pictures] == [png(1200, 600), png(300, 200)]
        for part in pictures:
            assert f'src="cid:{part["Content-ID"].strip("<>")}"' in html and part.get_content_disposition() == "inline"
        assert html.count("cid:picture2@") == 2 and 'width="300" height="200"' in html
        assert f'src="{url}/page.png"' in html and f'src="{url}/away.png"' in html

        files = {"תפריט קיץ.pdf": b"%PDF-1.4 menu", "notes.txt": b"plain words\n", "x" * 140 + "é.bin": bytes(range(256))}
        for name, data in files.items():
            with open(os.path.join(site.folder, name), "wb") as f:
                f.write(data)
        site.run("post", "add", "news", "post.md", *(word for name in files for word in ("--attach", name)))
        raw = eml(site, "ann@reader.test")
        message = parsed(raw)
        assert tree(message)[:4] == ["multipart/mixed", "multipart/alternative", "text/plain", "multipart/related"]
        got = {part.get_filename(): (part.get_content_type(), part.get_payload(decode=True)) for part in message.iter_attachments()}
        assert {name: got[name][1] for name in got} == files, list(got)
        assert sorted(kind for kind, _ in got.values()) == ["application/octet-stream", "application/pdf", "text/plain"]
        assert not [line for line in raw.split(b"\r\n") if len(line) > 78] and all(c < 128 for c in raw), [line for line in raw.split(b"\r\n") if len(line) > 78]

        for name, data in (("run.exe", b"MZ"), ("empty.txt", b""), ("large.bin", b"\0" * (11 << 20))):
            with open(os.path.join(site.folder, name), "wb") as f:
                f.write(data)
            refused = site.run("post", "add", "news", "post.md", "--attach", name, check=False)
            assert refused.returncode in (65, 75) and name.encode() in refused.stderr, refused.stderr
    finally:
        server.shutdown()
        site.close()


def own_values(text, reader):
    """The reader's own values taken out: address, name, and the tokens of the links."""
    text = re.sub(r"https://news\.example\.org/[uv]/[A-Za-z0-9_-]+", "LINK", text)
    for value in sorted({reader[0], reader[1], reader[1].split(" ")[0]} - {""}, key=len, reverse=True):
        for form in (value, value.replace('"', "&quot;")):
            text = text.replace(form, "VALUE")
    return text


def test_two_readers_differ_in_their_own_values_alone():
    for template in ("letter", "news"):
        with open(os.path.join(POSTS, "code.md"), encoding="utf-8") as f:
            site = site_with(f.read(), template)
        try:
            html, text = [], []
            for reader in READERS:
                message = parsed(eml(site, reader[0]))
                html.append(own_values(message.get_body(("html",)).get_content(), reader))
                text.append(own_values(" ".join(unflow(message.get_body(("plain",)).get_content())), reader))
                headers = {name: value for name, value in message.items() if name not in ("To", "Date", "Message-ID", "List-Unsubscribe", "CFBL-Address", "CFBL-Feedback-ID")}
                first = {name: value for name, value in parsed(eml(site, READERS[0][0])).items() if name in headers}
                assert headers == first, {name: (value, first.get(name)) for name, value in headers.items() if value != first.get(name)}
            for part in (html, text):
                for other in part[1:]:
                    assert part[0] == other, "\n".join(list(difflib.unified_diff(part[0].split("\n"), other.split("\n"), lineterm=""))[:20])
        finally:
            site.close()


def test_links_in_the_text_stand_as_the_list_wants_them():
    body = "---\ntitle: T\nurl: https://example.org/p/1\n---\n\nA [link](https://example.org/one), [again](https://example.org/one) and <https://example.org/two>.\n"
    site = site_with(body)
    try:
        lines = unflow(parsed(eml(site, "ann@reader.test")).get_body(("plain",)).get_content())
        assert "A link [1], again [1] and https://example.org/two." in lines and "[1] https://example.org/one" in lines, lines
        site.run("list", "set", "news", "--text-links", "inline")
        lines = unflow(parsed(eml(site, "ann@reader.test")).get_body(("plain",)).get_content())
        assert "A link <https://example.org/one>, again <https://example.org/one> and https://example.org/two." in lines, lines
        assert not any(line.startswith("[1]") for line in lines)
    finally:
        site.close()


# Symbols that are no reproach. Everything else that costs a point is a fault.
# AUTH_NA: nothing is signed here and no record asked; dkim_test.py has that. MANY_INVISIBLE_PARTS, 0.05 of 15: the preheader, which every program must hide.
# URI_COUNT_ODD: it wants an even number of addresses over both parts; how many a post links to, and how often, is the editor's.
# MIME_BASE64_TEXT: Hebrew is shorter that way (RULES section 2).
# MIME_HTML_ONLY: a title that says "<table>" makes it take the text part for HTML.
# HFILTER_: the machine that hands the mail in.
RSPAMD_MAY = {"AUTH_NA": 1.0, "MANY_INVISIBLE_PARTS": 0.05, "URI_COUNT_ODD": 1.0, "MIME_BASE64_TEXT": 0.1, "MIME_HTML_ONLY": 0.2}
SPAMASSASSIN_MAY = {"NO_RELAYS", "NO_RECEIVED"}  # the mail has not travelled


LANGUAGES = ("en", "he", "ar", "de", "fr", "es", "ru")


def confirmation(site, language):
    """The mail that asks whether it was the address's owner who subscribed, in the list's language."""
    to = f"{language}@reader.test"
    title = {"he": "חדשות הנמל", "ar": "أخبار الميناء", "ru": "Новости гавани"}.get(language, "The Harbour Letter")
    site.run("list", "set", "news", "--language", language, "--title", title)
    site.run("subscriber", "add", "news", to, "--consent", "form", "--confirm")
    db = sqlite3.connect(os.path.join(site.folder, "t.db"))
    raw = db.execute("SELECT message FROM notice WHERE email = ?", (to,)).fetchone()[0]
    db.close()
    return raw


def test_confirmations_speak_the_lists_language():
    site = site_with("# Words\n\nWords.\n")
    words = {"en": "Somebody, probably you", "he": "מישהו, כנראה אתם", "ar": "طلب أحدهم", "de": "Jemand, wahrscheinlich Sie", "fr": "Quelqu’un, sans doute vous",
             "es": "Alguien, probablemente usted", "ru": "Кто-то, вероятно вы"}
    try:
        for language in LANGUAGES:
            message = parsed(confirmation(site, language))
            text, html = (message.get_body((kind,)).get_content() for kind in ("plain", "html"))
            rtl = language in ("he", "ar")
            assert words[language] in text and words[language] in html, text
            assert f'<html lang="{language}" dir="{"rtl" if rtl else "ltr"}">' in html and f"<title>{message['Subject']}</title>" in html
            link = re.search(r"https://news\.example\.org/c/\S+", text)[0]
            assert link in unflow(text) and f'href="{link}"' in html and "\n-- \n" in text.replace("\r\n", "\n")
            assert all(len(line) <= 78 for line in text.splitlines() if "://" not in line) and message.get_body(("plain",))["Content-Type"].params["format"] == "flowed"
            assert language == "en" or not any(word in text + html for word in ("Somebody", "If it was not you", "Please confirm")), text
    finally:
        site.close()


def test_the_texts_own_words_are_the_languages():
    body = "---\ntitle: Title\nurl: https://example.org/1\n---\n\n![A stork](https://example.org/s.png) and [a link](https://example.org/2).\n"
    site = site_with(body)
    words = {"en": ("Image", "Links"), "he": ("תמונה", "קישורים"), "ar": ("صورة", "الروابط"), "de": ("Bild", "Links"), "fr": ("Image", "Liens"),
             "es": ("Imagen", "Enlaces"), "ru": ("Изображение", "Ссылки")}
    try:
        for language, (image, links) in words.items():
            site.run("list", "set", "news", "--language", language)
            lines = unflow(parsed(eml(site, "ann@reader.test")).get_body(("plain",)).get_content())
            assert f"[{image}: A stork] and a link [1]." in lines and links in lines, lines
            assert lines[lines.index("Title") + 1] == "=====", lines
        # Where a sentence ends its line, what follows begins another.
        site.run("list", "set", "news", "--template", "news", "--language", "en")
        lines = unflow(parsed(eml(site, "ann@reader.test")).get_body(("plain",)).get_content())
        assert lines[lines.index("https://example.org/1") - 1].endswith("share the link:"), lines
        why = lines.index("You get this because ann@reader.test subscribed to Example News.")
        assert lines[why - 1] == "-- " and lines[why + 1:why + 3] == ["", "Unsubscribe from Example News:"], lines
    finally:
        site.close()


def every_mail():
    """Each template with each post, as a reader gets it; and the confirmations."""
    sites = []
    site = site_with("# Words\n\nWords.\n")
    for language in LANGUAGES:
        yield f"confirm-{language}", confirmation(site, language)
    site.close()
    for template in ("letter", "news", "digest"):
        for post in ("short", "pictures", "hebrew", "code"):
            with open(os.path.join(POSTS, post + ".md"), encoding="utf-8") as f:
                site = site_with(f.read(), template)
            sites.append(site)
            if post == "hebrew":
                site.run("list", "set", "news", "--language", "he")
            yield f"{template}-{post}", eml(site, "ann@reader.test")
            site.close()


MAILS = {}


def mails():
    if not MAILS:
        MAILS.update(every_mail())
    return MAILS


def test_rspamd_gives_no_point_of_penalty():
    dns = peers.Dns()
    rspamd = peers.Rspamd(dns)
    try:
        for name, raw in mails().items():
            sender = "news@example.org" if name.startswith("confirm") else "bounce@example.org"
            symbols = rspamd.symbols(raw, sender, re.search(rb"(?m)^To: (?:.*<)?([^\s<>]+@[^\s<>]+?)>?\r?$", raw)[1].decode())
            bad = {symbol: score for symbol, score in symbols.items() if score > RSPAMD_MAY.get(symbol, 0) and not symbol.startswith("HFILTER_")}
            assert not bad, (name, bad)
        broken = re.sub(rb"(?m)^(Date|Message-ID): .*\r\n", b"", mails()["letter-short"])
        assert any(score > 0 for score in rspamd.symbols(broken, "b@example.org", "a@reader.test").values()), "it sees nothing"
    finally:
        rspamd.close()
        dns.stop()


def test_spamassassin_gives_no_point_of_penalty():
    if not shutil.which("spamassassin"):
        print("skip spamassassin: it is not installed (scripts/install-deps --test)")
        return
    for name, raw in mails().items():
        report = subprocess.run(["spamassassin", "-L", "-t"], input=raw, capture_output=True, timeout=60).stdout.decode("utf-8", "replace")
        table = report[report.index("Content analysis details"):]
        points = re.findall(r"^ *(-?\d+\.\d+) ([A-Z0-9_]+) ", table, re.M)
        assert points, report[-2000:]
        bad = {symbol: score for score, symbol in points if float(score) > 0 and symbol not in SPAMASSASSIN_MAY}
        assert not bad, (name, bad)


peers.tests(test_confirmations_speak_the_lists_language, test_the_texts_own_words_are_the_languages, test_merge_tags_are_filled_in_every_place_and_names_are_harmless, test_what_a_feed_brought_is_not_merged,
            test_files_and_pictures_come_along_when_asked_for, test_two_readers_differ_in_their_own_values_alone,
            test_links_in_the_text_stand_as_the_list_wants_them, test_rspamd_gives_no_point_of_penalty, test_spamassassin_gives_no_point_of_penalty)
