#!/usr/bin/env python3
"""The whole circle on real programs: a reader joins on a page, a post goes out, mail comes back, a reader leaves with one click. The checks named
U, A and M are those of the rules for bulk senders (RFC 8058) and of what attackers try."""
import email
import email.policy
import http.client
import os
import re
import smtplib
import sqlite3
import sys
import time
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import peers  # noqa: E402

PUBLIC = "https://news.example.org"
FORM = "application/x-www-form-urlencoded"


def headers_of(data):
    return email.message_from_bytes(data, policy=email.policy.default)


def path_of(url):
    assert url.startswith(PUBLIC + "/"), url
    return url[len(PUBLIC):]


def unsubscribe_path(data):
    return path_of(re.search(r"<(https:[^>]*)>", headers_of(data)["List-Unsubscribe"]).group(1))


def links(data):
    """Every address in both parts of a mail that lies on our own site."""
    message = headers_of(data)
    text = "".join(message.get_body((kind,)).get_content() for kind in ("plain", "html"))
    return {path_of(url.replace("&amp;", "&")) for url in re.findall(re.escape(PUBLIC) + r"/[^\s\"'<>)]*", text)}


class Answer:
    def __init__(self, reply):
        self.status, self.headers, self.body = reply.status, reply.headers, reply.read().decode()


def ask(site, method, path, body=None, **headers):
    """One request as it stands: no redirect is followed, no header added but Host and Content-Length."""
    connection = http.client.HTTPConnection("127.0.0.1", site.web, timeout=60)
    try:
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        return Answer(connection.getresponse())
    finally:
        connection.close()


def one_click(site, path):
    return ask(site, "POST", path, "List-Unsubscribe=One-Click", Content_Type=FORM)


class Form:
    """A list's forms, filled in no faster than a hand does; each sign-up from an address of its own."""

    def __init__(self, site, forms=9):
        self.site, self.peer = site, 0
        self.tokens = [re.search(r'name="form" value="([^"]+)"', ask(site, "GET", "/news").body).group(1) for _ in range(forms)]
        time.sleep(2.5)

    def send(self, address, **more):
        self.peer += 1
        fields = {"email": address, "name": "", "website": "", "form": self.tokens.pop(), **more}
        return ask(self.site, "POST", "/news", urllib.parse.urlencode(fields), Content_Type=FORM, X_Forwarded_For=f"192.0.2.{self.peer}")


def state_of(site, address):
    shown = site.run("--json", "subscriber", "show", address, check=False)
    return "" if shown.returncode else __import__("json").loads(shown.stdout)["subscriptions"][0]["state"]


def tables(site, but=("node", "meta", "lease", "relay_state", "notice")):
    """What the store holds, but for the daemon's own signs of life."""
    db = sqlite3.connect(f"file:{site.folder}/t.db?mode=ro", uri=True)
    try:
        names = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'")]
        assert {"subscription", "consent", "confirmation", "event", "delivery"} <= set(names), names
        return {name: db.execute(f"SELECT * FROM {name}").fetchall() for name in names if name not in but}
    finally:
        db.close()


def dsn(sender, recipient, message_id, status="5.1.1", said="550 5.1.1 <%s>: Recipient address rejected: User unknown", action="failed"):
    """A delivery status notification as Postfix 3.7 writes it."""
    said %= recipient
    return f"""Return-Path: <>
Received: by mx.example.org (Postfix)
\tid 4Zk1Qf2bZcz4w; Thu, 26 Nov 2026 09:00:00 +0000 (UTC)
Date: Thu, 26 Nov 2026 09:00:00 +0000 (UTC)
From: MAILER-DAEMON@mx.example.org (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: {sender}
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="4Zk1Qd6Qrhz4v.1764147600/mx.example.org"
Message-Id: <4Zk1Qf2bZcz4w@mx.example.org>

This is a MIME-encapsulated message.

--4Zk1Qd6Qrhz4v.1764147600/mx.example.org
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

This is the mail system at host mx.example.org.

I'm sorry to have to inform you that your message could not
be delivered to one or more recipients. It's attached below.

<{recipient}>: host mail.reader.test[192.0.2.7] said: {said}
    (in reply to RCPT TO command)

--4Zk1Qd6Qrhz4v.1764147600/mx.example.org
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org
X-Postfix-Queue-ID: 4Zk1Qd6Qrhz4v
X-Postfix-Sender: rfc822; {sender}
Arrival-Date: Thu, 26 Nov 2026 09:00:00 +0000 (UTC)

Final-Recipient: rfc822; {recipient}
Original-Recipient: rfc822;{recipient}
Action: {action}
Status: {status}
Remote-MTA: dns; mail.reader.test
Diagnostic-Code: smtp; {said}

--4Zk1Qd6Qrhz4v.1764147600/mx.example.org
Content-Description: Undelivered Message Headers
Content-Type: text/rfc822-headers

Return-Path: <{sender}>
From: Example News <news@example.org>
To: {recipient}
Subject: Storks
Message-ID: {message_id}

--4Zk1Qd6Qrhz4v.1764147600/mx.example.org--
""".replace("\n", "\r\n").encode()


def by_lmtp(site, to, mail):
    with smtplib.LMTP("127.0.0.1", site.lmtp, timeout=20) as lmtp:
        return lmtp.sendmail("", [to], mail)


def test_the_whole_circle_with_a_real_postfix_in_the_middle():
    """Mail goes through Postfix into the world (a sink that refuses some); what Postfix returns comes back by LMTP."""
    gone = {"gone@reader.test", "full@reader.test"}
    world = peers.Sink(rcpt=lambda to: {"gone@reader.test": "550 5.1.1 <gone@reader.test>: User unknown", "full@reader.test": "552 5.2.2 Mailbox full"}.get(to))
    lmtp = peers.free_port()
    postfix = peers.Postfix(world.port, f"virtual_transport = lmtp:inet:127.0.0.1:{lmtp}\n")
    site = peers.Site(postfix.port, [(f"r{i}@reader.test", f"R {i}") for i in range(5)] + [(who, "") for who in sorted(gone)], public_url=PUBLIC)
    try:
        site.set_conf(f"lmtp = 127.0.0.1:{site.lmtp}", f"lmtp = 127.0.0.1:{lmtp}\nmaildir = returned")
        site.lmtp = lmtp
        site.start()
        # Joining: a form, a mail, a link that only shows a button, a button.
        assert Form(site).send("Ann@reader.test", name="Ann Ångström").status == 200
        assert peers.wait_for(lambda: world.mails, 20), site.log()
        sender, to, confirmation = world.mails.pop()
        assert to == "Ann@reader.test" and headers_of(confirmation)["Auto-Submitted"] == "auto-generated"
        link = next(path for path in links(confirmation) if path.startswith("/c/"))
        assert "confirm" in ask(site, "GET", link).body.lower() and state_of(site, to) == "pending", "a GET confirmed"
        done = ask(site, "POST", link, "", Content_Type=FORM)
        assert done.status == 200 and state_of(site, to) == "active", done.body
        shown = site.rows("subscriber", "show", to)[0]
        assert shown["name"] == "Ann Ångström" and [c["what"] for c in shown["consent"]] == ["requested", "confirmed"], shown["consent"]
        assert all(c["at"] and c["how"] for c in shown["consent"]), shown["consent"]
        # Sending: who can be reached is reached.
        site.send()
        assert site.run("campaign", "watch", "1").returncode == 0
        assert peers.wait_for(lambda: len(world.mails) == 6, 20), len(world.mails)
        # Coming back: Postfix's own notifications, by LMTP. The hard one suppresses, the soft one is only counted.
        assert peers.wait_for(lambda: site.stats()["returned"] == 2, 20), site.log()
        stats = site.stats()
        assert stats["sent"] == 8 and stats["audience"] == 8, stats
        row, = site.rows("suppression", "ls")
        assert row["email"] == "gone@reader.test" and row["reason"] == "no_such_user" and row["status"] == "5.1.1" and "User unknown" in row["evidence"], row
        # And one through the Maildir that is watched.
        sender, to, mail = next(m for m in world.mails if m[1] == "r3@reader.test")
        with open(os.path.join(site.folder, "returned", "tmp", "1.x"), "wb") as f:
            f.write(dsn(sender, to, headers_of(mail)["Message-ID"]).replace(b"\r\n", b"\n"))
        os.rename(os.path.join(site.folder, "returned", "tmp", "1.x"), os.path.join(site.folder, "returned", "new", "1.x"))
        assert peers.wait_for(lambda: site.stats()["returned"] == 3, 20), site.log()
        assert os.path.exists(os.path.join(site.folder, "returned", "cur", "1.x:2,S"))
        assert {row["email"] for row in site.rows("suppression", "ls")} == {"gone@reader.test", "r3@reader.test"}
        # Leaving: one click.
        mail = next(m for m in world.mails if m[1] == "Ann@reader.test")[2]
        assert one_click(site, unsubscribe_path(mail)).status == 200 and state_of(site, "Ann@reader.test") == "unsubscribed"
        assert site.rows("subscriber", "show", "Ann@reader.test")[0]["consent"][-1]["how"] == "one-click"
        # The next issue goes to who is left.
        world.mails.clear()
        site.run("post", "add", "news", "post2.md") if write(site, "post2.md", "---\ntitle: Second\n---\n\nText.\n") else None
        site.run("campaign", "create", "news", "--post", "2")
        site.run("campaign", "send", "2", "--yes")
        assert site.run("campaign", "watch", "2").returncode == 0
        assert peers.wait_for(lambda: len(world.mails) == 4, 20), [m[1] for m in world.mails]
        assert {m[1] for m in world.mails} == {f"r{i}@reader.test" for i in (0, 1, 2, 4)}
        assert site.run("store", "check").returncode == 0
    finally:
        site.close()
        postfix.close()
        world.stop()


def write(site, name, text):
    with open(os.path.join(site.folder, name), "w", encoding="utf-8") as f:
        return f.write(text)


class Sent:
    """A campaign that went to three readers, for tests that then only read or click; `mail` is by address."""

    def __init__(self):
        self.sink = peers.Sink()
        self.site = peers.Site(self.sink.port, [(f"r{i}@reader.test", f"Reader {i}") for i in range(16)], public_url=PUBLIC)
        made = self.site.rows("dkim", "keygen", "example.org", "s1")[0]
        self.record = made["record"]
        with open(self.site.conf, "a", encoding="utf-8") as conf:
            conf.write(f"\n[dkim:example.org/s1]\nkey = {made['dkim']}\nsign = always\n")
        self.site.start().send()
        assert self.site.run("campaign", "watch", "1").returncode == 0
        self.mail = {to: data for _, to, data in self.sink.mails}
        self.path = {to: sender for sender, to, _ in self.sink.mails}
        self.left = iter(sorted(self.mail))

    def next(self):
        """A reader nobody has touched: address, mail, unsubscribe path."""
        to = next(self.left)
        return to, self.mail[to], unsubscribe_path(self.mail[to])

    def close(self):
        self.site.close()
        self.sink.stop()


def test_U1_U2_U4_one_https_link_names_reader_and_list():
    seen = set()
    for to, data in sent.mail.items():
        message = headers_of(data)
        assert len(message.get_all("List-Unsubscribe")) == 1 and len(message.get_all("List-Unsubscribe-Post")) == 1
        uris = re.findall(r"<([^>]*)>", message["List-Unsubscribe"])
        assert sum(uri.startswith("https:") for uri in uris) == 1 and all(uri.startswith(("https:", "mailto:")) for uri in uris), uris
        assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        seen.add(unsubscribe_path(data))
    assert len(seen) == len(sent.mail), "two readers share a link"
    # Hard to forge: no bit of it may change.
    path = min(seen)
    for at in range(3, len(path)):
        forged = path[:at] + ("A" if path[at] != "A" else "B") + path[at + 1:]
        before = "You are unsubscribed" in one_click(sent.site, forged).body
        # The last character of base64url may hold bits that carry nothing.
        assert not before or at == len(path) - 1, forged
    assert [row["state"] for row in sent.site.rows("subscriber", "ls", "news", "--all")].count("active") == len(sent.mail)


def test_U3_the_signature_covers_both_fields_twice():
    for data in sent.mail.values():
        signed = re.search(r"h=([^;]*);", re.sub(r"\s", "", headers_of(data)["DKIM-Signature"])).group(1).lower().split(":")
        assert signed.count("list-unsubscribe") == 2 and signed.count("list-unsubscribe-post") == 2, signed


def test_U5_U6_U7_U8_a_bare_post_of_either_kind_leaves():
    multipart = '--=_b42\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--=_b42--\r\n'
    for body, kind in (("List-Unsubscribe=One-Click", FORM), (multipart, "multipart/form-data; boundary==_b42"), (multipart, 'multipart/form-data; boundary="=_b42"')):
        to, _, path = sent.next()
        reply = ask(sent.site, "POST", path, body, Content_Type=kind)
        assert reply.status == 200 and "Location" not in reply.headers and "Set-Cookie" not in reply.headers, (kind, reply.status)
        assert state_of(sent.site, to) == "unsubscribed", kind
        assert sent.site.rows("subscriber", "show", to)[0]["consent"][-1]["how"] == "one-click", kind
    to, _, path = sent.next()
    reply = ask(sent.site, "POST", path, "List-Unsubscribe=One-Click", Content_Type=FORM, Origin="https://mail.example", Referer="https://mail.example/x", Cookie="a=b")
    assert reply.status == 200 and state_of(sent.site, to) == "unsubscribed", "a foreign Origin is no reason to refuse"


def test_U9_get_and_head_show_one_button_and_change_nothing():
    to, _, path = sent.next()
    before = tables(sent.site)
    page, head = ask(sent.site, "GET", path), ask(sent.site, "HEAD", path)
    assert page.status == head.status == 200 and not head.body
    assert page.body.count("<button") == 1 and page.body.count("<form") == 1 and 'method="post"' in page.body
    assert "<script" not in page.body
    assert tables(sent.site) == before and state_of(sent.site, to) == "active"


def test_U10_a_second_click_is_as_good_as_the_first():
    to, _, path = sent.next()
    first = one_click(sent.site, path)
    kept = sent.site.rows("subscriber", "show", to)[0]
    second = one_click(sent.site, path)
    assert first.status == second.status == 200 and first.body == second.body
    assert sent.site.rows("subscriber", "show", to)[0] == kept, "the second click wrote something"


def test_U11_what_is_no_link_of_ours_gets_one_neutral_page():
    _, _, path = sent.next()
    before = tables(sent.site)
    wrong = ["/u/x", "/u/" + "A" * 60, path[:-6], path[:20] + "AAAA" + path[24:], path.replace("/u/", "/v/"), "/c/" + "A" * 22, "/c/x", "/v/x"]
    replies = [ask(sent.site, method, p, "List-Unsubscribe=One-Click" if method == "POST" else None, **({"Content_Type": FORM} if method == "POST" else {}))
               for p in wrong for method in ("GET", "POST") if not (p.startswith("/v/") and method == "POST")]
    bodies = {(reply.status, reply.body) for reply in replies}
    assert len(bodies) == 1, [(r.status, r.body[-300:]) for r in replies]
    assert next(iter(bodies))[0] == 200 and "does not work" in next(iter(bodies))[1]
    assert tables(sent.site) == before


def test_U12_leaving_takes_effect_before_the_answer_even_in_a_running_send():
    sink = peers.Sink()
    readers = [(f"r{i}@reader.test", "") for i in range(120)]
    site = peers.Site(sink.port, readers, public_url=PUBLIC, sessions=4)
    try:
        site.set_conf("[delivery]\n", "[delivery]\nrate = 10/s\n")
        site.start().send()
        assert peers.wait_for(lambda: len(sink.mails) >= 5, 20), site.log()
        had = {to for _, to, _ in sink.mails}
        # Those at the end of the queue; their links are known from the preview.
        late = [address for address, _ in readers if address not in had][-30:]
        paths = [unsubscribe_path(site.run("campaign", "preview", "1", "--to", address, "--eml").stdout) for address in late[:8]]
        for path in paths:
            assert one_click(site, path).status == 200
        clicked = len(sink.mails)
        assert clicked < 90, "too slow a machine to say anything"
        site.set_conf("rate = 10/s", "rate = 1000/s")
        import signal
        site.daemon.send_signal(signal.SIGHUP)
        assert site.run("campaign", "watch", "1").returncode == 0
        mailed = {to for _, to, _ in sink.mails}
        assert not mailed & set(late[:8]), "mail went out after the answer to a click"
        stats = site.stats()
        assert stats["sent"] == 112 and stats["suppressed"] == 8 and stats["unsubscribes"] == 8, stats
    finally:
        site.close()
        sink.stop()


def test_U13_a_link_does_not_expire_with_its_campaign():
    """Ten years later, and after the post was taken out of the archive, the link still works: nothing in it says when."""
    to, _, path = sent.next()
    sent.site.run("campaign", "cancel", "1", "--yes", check=False)
    assert one_click(sent.site, path).status == 200 and state_of(sent.site, to) == "unsubscribed"


def test_U14_leaving_by_mail_from_any_address_with_an_empty_body():
    to, data, _ = sent.next()
    uri = next(uri for uri in re.findall(r"<([^>]*)>", headers_of(data)["List-Unsubscribe"]) if uri.startswith("mailto:"))
    address, _, query = uri[len("mailto:"):].partition("?")
    subject = urllib.parse.parse_qs(query).get("subject", ["unsubscribe"])[0]
    by_lmtp(sent.site, urllib.parse.unquote(address), f"From: other@elsewhere.test\r\nTo: {address}\r\nSubject: {subject}\r\n\r\n".encode())
    assert peers.wait_for(lambda: state_of(sent.site, to) == "unsubscribed", 10), sent.site.log()
    assert sent.site.rows("subscriber", "show", to)[0]["consent"][-1]["how"] == "mail"


def test_U15_a_store_that_can_not_be_written_says_come_again():
    to, _, path = sent.next()
    db = sqlite3.connect(os.path.join(sent.site.folder, "t.db"), isolation_level=None)
    db.execute("BEGIN IMMEDIATE")
    try:
        reply = one_click(sent.site, path)
    finally:
        db.execute("ROLLBACK")
        db.close()
    assert reply.status == 503 and int(reply.headers["Retry-After"]) > 0, reply.status
    assert one_click(sent.site, path).status == 200 and state_of(sent.site, to) == "unsubscribed"


def test_forged_return_paths_change_nothing():
    before = tables(sent.site)
    to = next(reversed(sorted(sent.mail)))
    path, message_id = sent.path[to], headers_of(sent.mail[to])["Message-ID"]
    token = re.search(r"\+([a-z2-7]+)@", path).group(1)
    other = {"a": "b"}
    for at in list(range(0, len(token) - 1, 3)) + [len(token) - 2]:
        forged = path.replace(token, token[:at] + other.get(token[at], "a") + token[at + 1:])
        by_lmtp(sent.site, forged, dsn(forged, to, message_id))
    for address in ("bounce+@example.org", "bounce@example.org", path.replace(token, token[:-4]), path.replace(token, token + token), "news@example.org"):
        by_lmtp(sent.site, address, dsn(address, to, message_id))
    assert tables(sent.site) == before, "a forged notification changed the store"
    by_lmtp(sent.site, path.upper().replace("EXAMPLE.ORG", "example.org"), dsn(path, to, message_id))
    assert {row["email"] for row in sent.site.rows("suppression", "ls")} == {to}, "the real one, case-folded on its way, is taken"
    stats = sent.site.stats()
    by_lmtp(sent.site, path, dsn(path, to, message_id))
    assert sent.site.stats() == stats and stats["returned"] == 1, "the same notification counted twice"


def test_the_mail_on_the_web_names_no_reader():
    to, data, _ = sent.next()
    view = next(path for path in links(data) if path.startswith("/v/"))
    page = ask(sent.site, "GET", view)
    assert page.status == 200 and "First" in page.body and "paragraph" in page.body
    name = to.split("@")[0]
    assert to not in page.body and f"Reader {name[1:]}" not in page.body and "/u/" not in page.body and "/s/" not in page.body
    assert view.split("/")[2] not in page.body and "because  subscribed" not in page.body
    assert "sandbox" in page.headers["Content-Security-Policy"] and "script" not in page.headers["Content-Security-Policy"]


def test_healthz_answers_and_says_nothing_more():
    reply = ask(sent.site, "GET", "/healthz")
    assert reply.status == 200 and reply.body == "ok\n" and ask(sent.site, "HEAD", "/healthz").status == 200
    assert ask(sent.site, "POST", "/healthz", "x").status == 405


def test_A4_known_and_unknown_addresses_get_the_same_answer():
    sink = peers.Sink()
    site = peers.Site(sink.port, [("active@reader.test", ""), ("gone@reader.test", ""), ("left@reader.test", "")], public_url=PUBLIC)
    try:
        site.run("suppression", "add", "gone@reader.test")
        site.run("subscriber", "unsubscribe", "left@reader.test", "news")
        site.start()
        form = Form(site)
        form.send("pending@reader.test")
        known = [form.send(f"{who}@reader.test") for who in ("pending", "active", "gone", "left", "ACTIVE")]
        new = form.send("new@reader.test")
        robot = form.send("robot@reader.test", website="http://spam.example")
        same = {(r.status, r.body, tuple(sorted((k, v) for k, v in r.headers.items() if k != "Date"))) for r in known + [new, robot]}
        assert len(same) == 1 and new.status == 200, [(r.status, r.body[-400:]) for r in known + [new, robot]]
        assert peers.wait_for(lambda: len(sink.mails) >= 3, 15), site.log()
        time.sleep(1)
        assert {to for _, to, _ in sink.mails} == {"pending@reader.test", "new@reader.test", "left@reader.test"}, "the difference goes by mail only"
        assert len(sink.mails) == 3, "one confirmation a day for an address"
        assert site.run("subscriber", "show", "robot@reader.test", check=False).returncode == 67
    finally:
        site.close()
        sink.stop()


def test_A7_a_scanner_that_follows_every_link_changes_nothing():
    _, data, _ = sent.next()
    before = tables(sent.site)
    waiting, seen = set(links(data)), set()
    waiting |= {unsubscribe_path(data)}
    while waiting:
        path = waiting.pop()
        seen.add(path)
        for method in ("HEAD", "GET"):
            reply = ask(sent.site, method, path, User_Agent="scanner")
        assert reply.status == 200, (path, reply.status)
        found = re.findall(r"(?:href|src|action)=\"([^\"]+)\"", reply.body) if "html" in reply.headers["Content-Type"] else []
        for target in found:
            target = target.replace("&amp;", "&")
            target = target[len(PUBLIC):] if target.startswith(PUBLIC) else target
            if target.startswith("/") and target not in seen:
                waiting.add(target)
    assert any(p.startswith("/u/") for p in seen) and any(p.startswith("/v/") for p in seen) and "/style.css" in seen, seen
    assert tables(sent.site) == before, "a GET changed the store"


def test_A9_headers_of_every_page():
    to, data, path = sent.next()
    view = next(p for p in links(data) if p.startswith("/v/"))
    pages = [("GET", "/"), ("GET", "/news"), ("GET", path), ("POST", path), ("GET", view), ("GET", "/c/x"), ("GET", "/nosuch"), ("GET", "/style.css"), ("PUT", "/news"),
             ("GET", "/healthz")]
    for method, where in pages:
        reply = ask(sent.site, method, where, "List-Unsubscribe=One-Click" if method == "POST" else None, **({"Content_Type": FORM} if method == "POST" else {}))
        csp = reply.headers["Content-Security-Policy"]
        assert "default-src 'none'" in csp and "frame-ancestors 'none'" in csp and "base-uri 'none'" in csp and "form-action" in csp, (where, csp)
        assert reply.headers["X-Content-Type-Options"] == "nosniff" and reply.headers["Referrer-Policy"] == "no-referrer", where
        assert "Set-Cookie" not in reply.headers and "Server" not in reply.headers, where
        if where[:3] in ("/u/", "/v/", "/c/"):
            assert reply.headers["Cache-Control"] == "no-store" and reply.headers["X-Robots-Tag"] == "noindex", where
        assert reply.headers["Strict-Transport-Security"], where
    assert ask(sent.site, "PUT", "/news").headers["Allow"]


if __name__ == "__main__":
    sent = Sent()
    try:
        peers.tests(test_the_whole_circle_with_a_real_postfix_in_the_middle, test_U1_U2_U4_one_https_link_names_reader_and_list,
                    test_U3_the_signature_covers_both_fields_twice, test_U5_U6_U7_U8_a_bare_post_of_either_kind_leaves,
                    test_U9_get_and_head_show_one_button_and_change_nothing, test_U10_a_second_click_is_as_good_as_the_first,
                    test_U11_what_is_no_link_of_ours_gets_one_neutral_page, test_the_mail_on_the_web_names_no_reader,
                    test_A7_a_scanner_that_follows_every_link_changes_nothing, test_A9_headers_of_every_page,
                    test_healthz_answers_and_says_nothing_more, test_forged_return_paths_change_nothing,
                    test_U14_leaving_by_mail_from_any_address_with_an_empty_body, test_U13_a_link_does_not_expire_with_its_campaign,
                    test_U15_a_store_that_can_not_be_written_says_come_again, test_A4_known_and_unknown_addresses_get_the_same_answer,
                    test_U12_leaving_takes_effect_before_the_answer_even_in_a_running_send)
    finally:
        sent.close()
