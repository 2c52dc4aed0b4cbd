#!/usr/bin/env python3
"""The pre-flight: what it says of real campaigns, that faults stop a send, and that others (Python's parser, rspamd) agree with a clean verdict."""
import email
import email.policy
import http.server
import json
import os
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import peers  # noqa: E402

READERS = [("ann@example.org", "Ann"), ("bob@gmail.com", "Bäcker, Bob"), ("cara@münchen.example", "קרה לוי"), ("o'neil+x@example.org", "X" * 60),
           ("dee@yahoo.com", 'Dee ""Dot"" O’Brien'), ("anon@outlook.com", "")]
PUBLIC = "https://news.example.org"
BODY = "---\ntitle: Storks over the café\nsubtitle: They are back at the river.\nurl: {url}\n---\n\n{text}\n"
PROSE = "The first *paragraph* tells what happened at the river, and [which birds came back]({link}).\n\n## What to look for\n\n- Nests\n- Meadows\n"


class Web(http.server.ThreadingHTTPServer):
    """Pages that are there, gone, slow, or no picture."""

    def __init__(self):
        self.asked = []
        super().__init__(("127.0.0.1", 0), Page)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def stop(self):
        self.shutdown()
        self.server_close()


class Page(http.server.BaseHTTPRequestHandler):
    def answer(self):
        self.server.asked.append((self.command, self.path))
        if self.path.startswith("/slow"):
            time.sleep(20)
        status = 404 if "gone" in self.path else 405 if "post-only" in self.path and self.command == "HEAD" else 200
        self.send_response(status)
        self.send_header("Content-Type", "image/png" if self.path.endswith(".png") else "text/html")
        self.send_header("Content-Length", "2")
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(b"ok")

    do_GET = do_HEAD = answer

    def log_message(self, *_):
        pass


def made(text=None, readers=READERS, extra="", url="https://example.org/p/storks", relay=None):
    site = peers.Site(relay or peers.free_port(), readers, extra=extra, public_url=PUBLIC, body=BODY.format(url=url, text=text or PROSE.format(link="https://example.org/birds")))
    site.run("campaign", "create", "news", "--post", "1")
    return site


def findings(site, *words):
    done = site.run("--json", "campaign", "check", "1", *words, check=False)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert all(set(row) == {"check", "level", "text", "where", "mend", "reader", "readers"} for row in rows), rows
    return done.returncode, {(row["check"], row["level"]) for row in rows}, rows


def signing(site):
    made_key = json.loads(site.run("--json", "dkim", "keygen", "example.org", "s2026").stdout)
    with open(site.conf, "a", encoding="utf-8") as conf:
        conf.write(f"\n[dkim:example.org/s2026]\nkey = {made_key['dkim']}\nsign = always\n")
    return made_key["record"]


def test_a_good_campaign_is_clean_and_others_agree():
    """AUTH_NA and what begins with HFILTER speak of the place the test stands in; the hidden words are the preheader; a lone é is no mix of scripts."""
    known = {"AUTH_NA": 1.0, "MANY_INVISIBLE_PARTS": 0.05, "R_MIXED_CHARSET": 1.0}
    site = made()
    record = signing(site)
    dns = peers.Dns({"s2026._domainkey.example.org": record})
    rspamd = peers.Rspamd(dns)
    try:
        status, found, rows = findings(site, "--offline")
        assert status == 0 and not found, rows
        for to, _ in READERS:
            data = site.run("campaign", "preview", "1", "--to", to, "--eml").stdout
            message = email.message_from_bytes(data, policy=email.policy.default)
            assert not message.defects and all(not part.defects for part in message.walk()), to
            assert len(message.get_all("CFBL-Address")) == 1 and message["CFBL-Address"].endswith("report=arf")
            symbols = rspamd.symbols(data, "bounce@example.org", to.replace("münchen", "xn--mnchen-3ya"))
            faults = {name: score for name, score in symbols.items() if score > known.get(name, 0) and not name.startswith("HFILTER")}
            assert not faults and "R_DKIM_ALLOW" in symbols, (to, faults)
    finally:
        rspamd.close()
        dns.stop()
        site.close()


def test_faults_stop_a_send_and_only_by_name_are_let_through():
    site = made("Dear {{surname}}, lorem ipsum dolor sit amet, and [which birds came back](https://192.0.2.1/x) to the river this week.")
    try:
        status, found, rows = findings(site, "--offline")
        assert status == 65 and {("placeholder", "fault"), ("M16", "fault"), ("M21", "warning")} <= found, rows
        assert all(row["mend"] for row in rows)
        assert site.run("campaign", "send", "1", "--yes", check=False).returncode == 65
        assert site.run("campaign", "send", "1", "--yes", "--ignore", "M16", check=False).returncode == 65
        assert site.stats()["state"] == "draft"
        status, found, _ = findings(site, "--offline", "--ignore", "m16", "--ignore", "placeholder")
        assert status == 0 and ("M16", "ignored") in found
        assert site.run("campaign", "send", "1", "--yes", "--ignore", "M16", "--ignore", "placeholder").returncode == 0
        assert site.stats()["state"] in ("preparing", "sending")
    finally:
        site.close()


def test_the_daemon_keeps_to_it_too():
    """A fault that comes up after it was scheduled makes it a draft again, with the reason; what was accepted then stays accepted."""
    sink = peers.Sink()
    text = "The river, lorem ipsum dolor sit amet, and the birds that came back to it this week, in numbers nobody had seen before."
    site = made(text, extra="\n[alerts]\nmail = admin@example.org\n", relay=sink.port)
    try:
        refused = site.run("campaign", "schedule", "1", "--at", "+1h", "--yes", check=False)
        assert refused.returncode == 65 and b"lorem ipsum" in refused.stderr, refused
        site.start()
        assert site.run("campaign", "schedule", "1", "--at", "+2s", "--ignore", "placeholder", "--yes").returncode == 0
        assert peers.wait_for(lambda: site.stats()["state"] in ("preparing", "sending", "sent"), 20), site.log()
        site.run("campaign", "create", "news", "--post", "1", "--again")
        assert site.run("campaign", "schedule", "2", "--at", "+4s", "--ignore", "placeholder", "--yes").returncode == 0
        site.run("list", "set", "news", "--postal", "")
        assert peers.wait_for(lambda: site.stats(2)["state"] == "draft", 20), site.log()
        alert = peers.wait_for(lambda: [data for _, to, data in sink.mails if to == "admin@example.org"], 20)
        assert alert and b"needs you: unsent" in alert[0] and b"campaign 2: was not sent" in alert[0] and b"postal" in alert[0].replace(b"=\r\n", b""), alert
        assert [row["object"] for row in site.rows("status")[0]["alerts"]] == ["campaign 2"]
        site.run("campaign", "delete", "2", "--yes")
        assert peers.wait_for(lambda: not site.rows("status")[0]["alerts"], 10), site.rows("status")
    finally:
        site.close()
        sink.stop()


def test_links_and_pictures_are_looked_at_within_bounds():
    web = Web()
    text = (PROSE.format(link=f"{web.url}/good") + f"\nSee [the other page]({web.url}/gone), [the picky one]({web.url}/post-only) and [the good one again]({web.url}/good).\n\n"
            f"![A stork]({web.url}/gone.png)\n\n![A nest]({web.url}/nest.png)\n\n![No picture]({web.url}/page)\n")
    site = made(text, url=f"{web.url}/main-gone", extra="\n[source]\nallow_private = yes\n")
    try:
        status, _, rows = findings(site, "--ignore", "M16")
        seen = {(row["check"], row["level"], row["text"].split(" ")[0].rsplit("/", 1)[1]) for row in rows if row["check"] in ("link", "image")}
        assert seen == {("link", "warning", "gone"), ("link", "fault", "main-gone"), ("image", "fault", "gone.png"), ("image", "fault", "page")}, rows
        assert status == 65
        heads = [path for command, path in web.asked if command == "HEAD"]
        assert len(heads) == len(set(heads)), "a page was asked twice"
        assert not any("/u/" in path or "/v/" in path for _, path in web.asked), "a reader's own link was followed"
        before = len(web.asked)
        assert not {row["check"] for row in findings(site, "--offline", "--ignore", "M16")[2]} & {"link", "image"} and len(web.asked) == before
    finally:
        site.close()
        web.stop()


def test_a_slow_web_server_holds_nobody_up():
    web = Web()
    links = " and ".join(f"[the page number {i} of many]({web.url}/slow{i})" for i in range(30))
    site = made(links, extra="\n[source]\nallow_private = yes\n")
    try:
        begin = time.monotonic()
        _, _, rows = findings(site, "--ignore", "M16")
        assert time.monotonic() - begin < 12, "the check took too long"
        assert any(row["check"] == "link" and "in time" in row["text"] for row in rows), rows
    finally:
        site.close()
        web.stop()


def test_private_addresses_are_not_asked():
    web = Web()
    site = made(PROSE.format(link=f"{web.url}/inner"))
    try:
        _, _, rows = findings(site)
        assert any(row["check"] == "link" and "is not public" in row["text"] for row in rows), rows
        assert not web.asked
    finally:
        site.close()
        web.stop()


def test_the_setup_is_judged():
    site = made()
    try:
        site.run("list", "set", "news", "--from", "News <news@gmail.com>")
        site.run("list", "set", "news", "--postal", "")
        site.run("campaign", "set", "1", "--subject", "FREE birds!!!", "--preheader", "")
        _, found, rows = findings(site, "--offline")
        assert {("sender", "fault"), ("postal", "fault"), ("spam", "warning"), ("preheader", "warning")} <= found, rows
        assert [row["check"] for row in rows if "postal" in row["text"]] == ["postal"], rows
        # A file of words from before an update is judged too.
        os.makedirs(os.path.join(site.folder, "own/mail/words"))
        with open(os.path.join(site.folder, "own/mail/words/en.json"), "w", encoding="utf-8") as f:
            f.write('{"lang": "en", "why": "You asked for {{list.title}}."}')
        site.set_conf("[daemon]\n", "[daemon]\ntemplate_dir = own\n")
        _, found, rows = findings(site, "--offline")
        assert ("words", "warning") in found and not any(row["check"] == "template" for row in rows), rows
    finally:
        site.close()


def test_a_large_list_is_looked_at_in_no_time():
    site = made(readers=[(f"r{i}@example.org", f"Reader {i}") for i in range(30000)])
    try:
        begin = time.monotonic()
        status, _, rows = findings(site, "--offline")
        assert status == 0 and time.monotonic() - begin < 5, (time.monotonic() - begin, rows)
    finally:
        site.close()


peers.tests(test_a_good_campaign_is_clean_and_others_agree, test_faults_stop_a_send_and_only_by_name_are_let_through, test_the_daemon_keeps_to_it_too,
            test_links_and_pictures_are_looked_at_within_bounds, test_a_slow_web_server_holds_nobody_up, test_private_addresses_are_not_asked,
            test_the_setup_is_judged, test_a_large_list_is_looked_at_in_no_time)
