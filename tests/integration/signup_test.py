#!/usr/bin/env python3
"""The sign-up form against those who would use it to fill somebody else's mailbox: the throttles of RULES A2, the form's own marks of A3, and an
answer that tells nothing (A4)."""
import base64
import hashlib
import hmac
import http.client
import os
import re
import sqlite3
import statistics
import sys
import time
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import peers  # noqa: E402

HOUR_US = 3600 * 10**6


def ask(site, method, path, body=None, headers=()):
    connection = http.client.HTTPConnection("127.0.0.1", site.web, timeout=60)
    try:
        connection.putrequest(method, path)
        for name, value in (*headers, *([("Content-Type", "application/x-www-form-urlencoded"), ("Content-Length", str(len(body)))] if body else ())):
            connection.putheader(name, value)
        connection.endheaders(body.encode() if body else None)
        reply = connection.getresponse()
        return reply.status, reply.read().decode()
    finally:
        connection.close()


def form_of(page):
    return re.search(r'name="form" value="([^"]+)"', page).group(1)


def number(n):
    out = bytearray()
    while True:
        out.append(n & 127 | (128 if n > 127 else 0))
        n >>= 7
        if not n:
            return bytes(out)


def made(site, age_s, list_id=1, purpose=5):
    """A form's mark as the site itself would make it, of an age: who has the key can."""
    with sqlite3.connect(f"file:{site.folder}/t.db?mode=ro", uri=True) as db:
        key_id, secret = db.execute("SELECT key_id, value FROM secret").fetchone()
    body = bytes([1, purpose, key_id]) + number(list_id) + number(int.from_bytes(os.urandom(7), "big")) + number(int(time.time()) - age_s)
    return base64.urlsafe_b64encode(body + hmac.new(secret, body + bytes(8), hashlib.sha256).digest()[:16]).decode().rstrip("=")


class Forms:
    """Forms that somebody has looked at for a minute."""

    def __init__(self, site, count, name="news", list_id=1):
        self.site, self.name = site, name
        self.forms = [made(site, 60, list_id) for _ in range(count)]

    def send(self, address, peer="192.0.2.1", form=None, headers=()):
        """peer: X-Forwarded-For, as our own proxy writes it; several are lines of their own."""
        fields = {"email": address, "name": "", "website": "", "form": form or self.forms.pop()}
        lines = [("X-Forwarded-For", one) for one in ([peer] if isinstance(peer, str) else peer)]
        return ask(self.site, "POST", "/" + self.name, urllib.parse.urlencode(fields), (*lines, *headers))


def site_of(sink):
    return peers.Site(sink.port, [("active@reader.test", "")], public_url="https://news.example.org")


def with_site(test):
    def run():
        sink = peers.Sink()
        site = site_of(sink)
        try:
            test(site, sink)
        finally:
            site.close()
            sink.stop()
    run.__name__ = test.__name__
    return run


@with_site
def test_A2_five_an_hour_from_one_IPv4_address_or_IPv6_64(site, sink):
    site.start()
    forms = Forms(site, 18)
    assert [forms.send(f"a{i}@one.test", "192.0.2.7")[0] for i in range(6)] == [200] * 5 + [429]
    assert forms.send("b@one.test", "::ffff:192.0.2.7")[0] == 429, "the same address in other clothes"
    assert forms.send("b@one.test", "192.0.2.8")[0] == 200
    # Who has one IPv6 address has 2^64 of them.
    assert [forms.send(f"c{i}@two.test", f"2001:db8:1:2:{i}::{i + 1}")[0] for i in range(6)] == [200] * 5 + [429]
    assert forms.send("d@two.test", "2001:db8:1:3::1")[0] == 200
    status, page = forms.send("e@two.test", "192.0.2.7")
    assert status == 429 and "too many" in page.lower() and "e@two.test" not in page
    # Over a restart.
    site.stop()
    site.start()
    forms = Forms(site, 2)
    assert forms.send("f@one.test", "192.0.2.7")[0] == 429 and forms.send("f@one.test", "192.0.2.9")[0] == 200
    assert peers.wait_for(lambda: len(sink.mails) == 13, 20), len(sink.mails)
    with sqlite3.connect(f"file:{site.folder}/t.db?mode=ro", uri=True) as db:
        kept = "\n".join(str(row) for row in db.execute("SELECT * FROM sign_up"))
    assert "192.0.2" not in kept and "2001:db8" not in kept and "@" not in kept, kept


@with_site
def test_A2_only_our_proxies_say_who_asks(site, sink):
    site.set_conf("[web]\n", "[web]\ntrusted_proxies = 127.0.0.1, 10.0.0.0/8\n")
    site.start()
    forms = Forms(site, 16)
    # What the client claims stands before what our proxy saw, in the same line or in one above.
    assert [forms.send(f"a{i}@one.test", f"198.51.100.{i}, 192.0.2.7")[0] for i in range(6)] == [200] * 5 + [429]
    assert forms.send("b@one.test", ["198.51.100.77", "192.0.2.7"])[0] == 429, "a line of the client's own is believed"
    assert forms.send("b@one.test", "192.0.2.7, 10.3.2.1")[0] == 429, "a proxy of ours counts as the reader"
    assert forms.send("b@one.test", "192.0.2.8, 10.3.2.1")[0] == 200
    site.stop()
    site.set_conf("trusted_proxies = 127.0.0.1, 10.0.0.0/8", "trusted_proxies = 10.9.9.9")
    site.start()
    forms = Forms(site, 6)
    assert [forms.send(f"c{i}@two.test", f"203.0.113.{i}")[0] for i in range(6)] == [200] * 5 + [429], "anybody is believed"
    site.set_conf("trusted_proxies = 10.9.9.9", "trusted_proxies = 10.9.9.9, proxy.example.org")
    assert b"trusted_proxies" in site.run("status", check=False).stderr


@with_site
def test_A2_thirty_an_hour_for_one_domain(site, sink):
    site.start()
    forms = Forms(site, 32)
    assert [forms.send(f"a{i}@victim.test", f"192.0.2.{i}")[0] for i in range(31)] == [200] * 30 + [429]
    assert forms.send("a@other.test", "192.0.2.77")[0] == 200


@with_site
def test_A2_the_form_closes_at_ten_times_the_usual(site, sink):
    site.run("list", "create", "second", "--title", "Second", "--from", "second@example.org", "--postal", "1 Main St")
    site.set_conf("[web]\n", "[web]\nsign_ups_a_day = 100\n")
    now_us = int(time.time() * 10**6)
    with sqlite3.connect(f"{site.folder}/t.db") as db:
        for i in range(99):
            db.execute("INSERT INTO sign_up (form, list_id, peer, domain, address, email, name, how, at_us, done_us) VALUES (?, 1, ?, ?, ?, '', '', '', ?, 1)",
                       (i, f"p{i}", f"d{i}", f"a{i}", now_us - 2 * HOUR_US))
    site.start()
    forms = Forms(site, 2)
    assert forms.send("a@one.test", "192.0.2.1")[0] == 200
    status, page = forms.send("b@two.test", "192.0.2.1")
    assert status == 429 and 'href="mailto:news@example.org"' in page, (status, page)
    # Another list is open, and so is this one where more are wanted.
    assert Forms(site, 1, "second", 2).send("b@two.test", "192.0.2.2")[0] == 200
    site.stop()
    site.set_conf("sign_ups_a_day = 100\n", "sign_ups_a_day = 101\n")
    site.start()
    forms = Forms(site, 4)
    assert [forms.send(f"{name}@two.test", "192.0.2.2")[0] for name in "cd"] == [200, 429]
    # Who did not ask that day may still.
    assert forms.send("e@two.test", "192.0.2.9")[0] == 200
    # One to which twenty come on a usual day takes two hundred.
    with sqlite3.connect(f"{site.folder}/t.db") as db:
        for i in range(20 * 7):
            db.execute("INSERT INTO sign_up (form, list_id, peer, domain, address, email, name, how, at_us, done_us) VALUES (?, 1, '', '', '', '', '', '', ?, 1)",
                       (1000 + i, now_us - (i % 7 + 1) * 24 * HOUR_US - HOUR_US))
    assert forms.send("b@two.test", "192.0.2.2")[0] == 200


@with_site
def test_A2_three_confirmations_ever_whatever_the_lists(site, sink):
    names = ["news", "second", "third", "fourth", "fifth"]
    for name in names[1:]:
        site.run("list", "create", name, "--title", name, "--from", f"{name}@example.org", "--postal", "1 Main St")
    site.start()
    for i, forms in enumerate([Forms(site, 1, name, i + 1) for i, name in enumerate(names)]):
        assert forms.send("Victim@one.test", f"192.0.2.{i}")[0] == 200
    assert peers.wait_for(lambda: len(sink.mails) == 3, 20), len(sink.mails)
    time.sleep(1)
    assert len(sink.mails) == 3


@with_site
def test_A3_a_form_is_taken_once(site, sink):
    site.start()
    forms = Forms(site, 2)
    form = forms.forms[0]
    first = forms.send("a@one.test", form=form)
    again = forms.send("A@one.test".lower(), form=form)
    assert first == again and first[0] == 200, "a double click is told something else"
    status, page = forms.send("b@one.test", form=form)
    assert status == 422 and "sent before" in page and form_of(page) != form and 'value="b@one.test"' in page, page
    site.stop()
    site.start()
    assert forms.send("b@one.test", form=form)[0] == 422, "a restart forgets"
    assert forms.send("c@one.test", form=forms.forms[1])[0] == 200
    assert peers.wait_for(lambda: len(sink.mails) == 2, 20)
    time.sleep(0.5)
    assert sorted(to for _, to, _ in sink.mails) == ["a@one.test", "c@one.test"], "one form, two readers"


@with_site
def test_A3_a_form_is_ours_of_this_list_and_of_now(site, sink):
    site.run("list", "create", "second", "--title", "S", "--from", "s@example.org", "--postal", "1 Main St")
    site.start()
    forms = Forms(site, 2)
    other = form_of(ask(site, "GET", "/second")[1])
    form = form_of(ask(site, "GET", "/news")[1])
    time.sleep(2.5)  # as long as a hand takes to fill one in
    changed = form[:20] + ("A" if form[20] != "A" else "B") + form[21:]
    at_once = form_of(ask(site, "GET", "/news")[1])
    for wrong in (changed, other, at_once, "x", made(site, 7300), made(site, -100), made(site, 60, list_id=2), made(site, 60, purpose=1)):
        status, page = forms.send("a@one.test", form=wrong)
        assert status == 422 and "once more" in page and form_of(page), (wrong, status)
    assert ask(site, "POST", "/news", "email=a%40one.test")[0] == 422
    assert forms.send("a@one.test", form=form)[0] == forms.send("b@one.test", form=made(site, 7000))[0] == 200


@with_site
def test_A3_a_form_on_another_site_is_not_ours(site, sink):
    site.start()
    forms = Forms(site, 9)
    for headers in ([("Origin", "https://evil.example")], [("Sec-Fetch-Site", "cross-site"), ("Origin", "null")], [("Origin", "https://news.example.org.evil.example")],
                    [("Origin", "http://news.example.org")]):
        status, page = forms.send("a@one.test", headers=headers)
        assert status == 422 and "another site" in page, headers
    for i, headers in enumerate(([("Origin", "null"), ("Sec-Fetch-Site", "same-origin")], [("Origin", "https://news.example.org")], [("Origin", f"http://127.0.0.1:{site.web}")], [])):
        assert forms.send(f"a{i}@one.test", headers=headers)[0] == 200, headers


@with_site
def test_A4_the_time_of_an_answer_does_not_tell_either(site, sink):
    site.start()
    for attempt in range(3):  # a busy machine may need another
        forms = Forms(site, 24)
        took = {"active": [], "new": []}
        for i in range(24):
            address, kind = (f"n{attempt}-{i}@d{i}.test", "new") if i % 2 else ("active@reader.test", "active")
            begin = time.monotonic()
            assert forms.send(address, f"2001:db8:{attempt}:{i}::1")[0] == 200
            took[kind].append(time.monotonic() - begin)
        ratio = statistics.median(took["new"]) / statistics.median(took["active"])
        if 0.67 < ratio < 1.5:
            return
    raise AssertionError(f"a new address takes {ratio:.2f} times as long as a known one")


peers.tests(test_A2_five_an_hour_from_one_IPv4_address_or_IPv6_64, test_A2_only_our_proxies_say_who_asks, test_A2_thirty_an_hour_for_one_domain,
            test_A2_the_form_closes_at_ten_times_the_usual, test_A2_three_confirmations_ever_whatever_the_lists, test_A3_a_form_is_taken_once,
            test_A3_a_form_is_ours_of_this_list_and_of_now, test_A3_a_form_on_another_site_is_not_ours, test_A4_the_time_of_an_answer_does_not_tell_either)
