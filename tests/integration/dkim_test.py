#!/usr/bin/env python3
"""DKIM: what Gazette signs is verified by OpenDKIM, dkimpy, mailauth and rspamd; what somebody adds afterwards is refused by all of them."""
import json
import os
import re
import signal
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import peers  # noqa: E402

READERS = [("ann@example.org", "Ann"), ("bob@gmail.com", "Bäcker, Bob"), ("x@example.org", "קרה  לוי")]
BODY = "---\ntitle: Keys  and   locks\nurl: https://example.org/p/keys\n---\n\nTwo  blanks,\ta tab \n\n.\n\n    code   block\n    \tindented\n\nEnd.\n"
ADDED = (b"List-Unsubscribe: <https://evil.example/>\r\n", b"From: evil@example.net\r\n", b"Subject: Other\r\n", b"Cc: all@example.org\r\n",
         b"Feedback-ID: a:b:c:other\r\n", b"CFBL-Address: evil@example.net\r\n")
DKIMPY = """
import sys, dkim
name, record = sys.argv[1], sys.argv[2]
records = dict(zip(sys.argv[1::2], sys.argv[2::2]))
message = sys.stdin.buffer.read()
found = dkim.DKIM(message)
ok = [found.verify(idx=i, dnsfunc=lambda n, timeout=5: records.get(n.decode().rstrip('.'), '').encode()) for i in range(message.count(b'DKIM-Signature:'))]
print(ok)
sys.exit(0 if ok and all(ok) else 1)
"""


def keygen(site, selector, kind):
    made = site.run("--json", "dkim", "keygen", "example.org", selector, "--type", kind)
    return json.loads(made.stdout)


def signed_mails(extra="", relay_extra=""):
    """The mails of a send that is signed with both kinds of key, and the records they want."""
    sink = peers.Sink()
    site = peers.Site(sink.port, READERS, body=BODY, public_url="https://news.example.org")
    try:
        keys = [keygen(site, "r2026", "rsa"), keygen(site, "e2026", "ed25519")]
        with open(site.conf, "a", encoding="utf-8") as conf:
            conf.write("".join(f"\n[dkim:example.org/{key['selector']}]\nkey = {key['dkim']}\nsign = always\n" for key in keys) + extra)
        if relay_extra:
            site.set_conf("[relay:main]\n", "[relay:main]\n" + relay_extra)
        site.start().send()
        site.run("campaign", "watch", "1")
        assert len(sink.mails) == len(READERS), site.log()
        previews = {to: site.run("campaign", "preview", "1", "--to", to, "--eml").stdout for _, to, _ in sink.mails}
        for _, to, data in sink.mails:
            assert previews[to] == data, "the preview differs from what was sent"
        return sink.mails, {f"{key['selector']}._domainkey.example.org": key["record"] for key in keys}
    finally:
        site.close()
        sink.stop()


def dkimpy(data, records):
    words = [word for pair in records.items() for word in pair]
    return subprocess.run(["/usr/bin/python3", "-c", DKIMPY, *words], input=data, capture_output=True, timeout=60)


def mailauth(data, records):
    return subprocess.run(["node", os.path.join(HERE, "mailauth.mjs"), json.dumps(records)], input=data, capture_output=True, timeout=60)


def rspamd_says(rspamd, data):
    symbols = rspamd.symbols(data, "a@example.org", "b@example.org")
    return "R_DKIM_ALLOW" in symbols and "R_DKIM_REJECT" not in symbols, symbols


def opendkim(data, dns):
    """OpenDKIM's own filter library, by opendkim-testmsg, which asks the resolver of /etc/resolv.conf: one of its own in a mount namespace."""
    import tempfile
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "resolv.conf"), "w", encoding="utf-8") as f:
            f.write("nameserver 127.0.0.1\noptions timeout:2 attempts:1\n")
        script = f"ip link set lo up; mount --bind {folder}/resolv.conf /etc/resolv.conf; {dns} >/dev/null 2>&1 & p=$!; sleep 1; opendkim-testmsg; s=$?; kill $p; exit $s"
        return subprocess.run(["unshare", "-m", "-n", "bash", "-c", script], input=data, capture_output=True, timeout=60)


def test_M21_the_signatures_verify_with_independent_verifiers():
    mails, records = signed_mails()
    dns = peers.Dns(records)
    rspamd = peers.Rspamd(dns)
    try:
        for _, to, data in mails:
            assert data.count(b"DKIM-Signature:") == 2
            done = dkimpy(data, records)
            assert done.returncode == 0, (to, done.stdout, done.stderr)
            ok, symbols = rspamd_says(rspamd, data)
            assert ok, (to, symbols)
        # A blank more in the body is nothing to relaxed, a letter is.
        data = mails[0][2]
        assert dkimpy(data.replace(b"End.", b"Ent."), records).returncode != 0
        # RULES finding 3: a second field put on top must break the signature.
        for added in ADDED:
            assert dkimpy(added + data, records).returncode != 0, f"dkimpy takes {added}"
            assert not rspamd_says(rspamd, added + data)[0], f"rspamd takes {added}"
    finally:
        rspamd.close()
        dns.stop()


def test_M21_mailauth_agrees():
    if not os.path.isdir(os.path.join(os.path.dirname(HERE), "browser", "node_modules", "mailauth")):
        print("skip mailauth: the Node tools are missing (scripts/install-deps --test)")
        return
    mails, records = signed_mails()
    for _, to, data in mails:
        done = mailauth(data, records)
        assert done.returncode == 0 and done.stdout.split() == [b"pass", b"pass"], (to, done)
    for added in ADDED:
        done = mailauth(added + data, records)
        assert done.returncode == 1 and set(done.stdout.split()) == {b"fail"}, (added, done)


def test_M21_opendkim_agrees():
    if os.geteuid() != 0:
        print("skip OpenDKIM: needs root for a name server of its own")
        return
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode != 0:
        print("skip OpenDKIM: no mount namespace is to be had here (in a chroot, for one)")
        return
    mails, records = signed_mails()
    helper = os.path.join(HERE, "dns53.py")
    words = " ".join(f"'{name}' '{value}'" for name, value in records.items())
    for _, to, data in mails:
        # Each signature by itself: the tool stops at the first it is content with.
        parts = re.split(rb"(?m)^(?=DKIM-Signature:)", data)[1:]
        rest = re.search(rb"(?ms)^From:.*", data).group(0)
        rsa = next(p for p in parts if b"rsa-sha256" in p).split(b"From:")[0]
        done = opendkim(rsa + rest, f"python3 {helper} {words}")
        assert done.returncode == 0, (to, done.stdout, done.stderr)
    evil = b"List-Unsubscribe: <https://evil.example/>\r\n" + rsa + rest
    assert opendkim(evil, f"python3 {helper} {words}").returncode != 0, "OpenDKIM takes a second List-Unsubscribe"


def test_a_relay_that_rewrites_gets_the_reduced_list_and_one_that_signs_gets_none():
    mails, records = signed_mails(relay_extra="sign = no-id-date\n")
    for _, _, data in mails:
        rewritten = re.sub(rb"(?m)^Message-ID: .*\r\nList", b"Message-ID: <0100@email.example.net>\r\nList", re.sub(rb"(?m)^Date: .*\r\n", b"Date: Tue, 1 Dec 2026 10:00:00 +0000\r\n", data))
        assert rewritten != data and dkimpy(rewritten, records).returncode == 0
    mails, _ = signed_mails(relay_extra="sign = off\n")
    assert all(b"DKIM-Signature" not in data for _, _, data in mails)


def test_a_key_signs_only_when_dns_shows_it():
    sink, dns = peers.Sink(), peers.Dns()
    site = peers.Site(sink.port, READERS[:1], public_url="https://news.example.org")
    try:
        key = keygen(site, "g2026", "rsa")
        again = site.run("dkim", "keygen", "example.org", "g2026", check=False)
        assert again.returncode != 0 and b"exists" in again.stderr, again.stderr
        assert oct(os.stat(key["dkim"]).st_mode & 0o777) == "0o640"
        with open(site.conf, "a", encoding="utf-8") as conf:
            conf.write(f"\n[dkim:example.org/g2026]\nkey = {key['dkim']}\n")
        site.set_conf("[daemon]\n", f"[daemon]\ndns = 127.0.0.1@{dns.port}\n")
        missing = site.run("dkim", "check", check=False)
        assert missing.returncode == 65 and b"not in DNS" in missing.stderr and b"v=DKIM1" in missing.stdout, missing
        dns.txt["g2026._domainkey.example.org"] = "v=DKIM1; k=rsa; p=AAAA"
        assert b"another key" in site.run("dkim", "check", check=False).stderr
        dns.txt["g2026._domainkey.example.org"] = key["record"]
        assert site.run("dkim", "check").returncode == 0
        row = site.rows("dkim", "ls")[0]
        assert row["state"] == "soon" and row["signs_from"], row
        site.start().send()
        site.run("campaign", "watch", "1")
        assert b"DKIM-Signature" not in sink.mails[0][2], "it signed before its hour was over"
    finally:
        site.close()
        sink.stop()
        dns.stop()


def test_weak_and_open_keys_are_refused():
    sink = peers.Sink()
    site = peers.Site(sink.port, READERS[:1])
    try:
        weak = os.path.join(site.folder, "weak.key")
        subprocess.run(["openssl", "genrsa", "-out", weak, "1024"], check=True, capture_output=True)
        with open(site.conf, "a", encoding="utf-8") as conf:
            conf.write(f"\n[dkim:example.org/weak]\nkey = {weak}\nsign = always\n")
        os.chmod(weak, 0o644)
        said = subprocess.run([peers.GAZETTED, "-c", site.conf, "--check"], capture_output=True, timeout=20)
        assert said.returncode == 78 and b"everybody may read" in said.stderr, said
        os.chmod(weak, 0o600)
        said = subprocess.run([peers.GAZETTED, "-c", site.conf, "--check"], capture_output=True, timeout=20)
        assert said.returncode == 78 and b"1024 bits" in said.stderr and b"no faults" not in said.stdout, said
        site.run("campaign", "create", "news", "--post", "1")
        lines = site.run("--json", "campaign", "check", "1", "--offline", check=False).stdout.splitlines()
        found = {row["check"]: row["level"] for row in map(json.loads, lines)}
        assert found["dkim"] == "fault", found
        said = subprocess.run([peers.GAZETTED, "-c", site.conf, "--foreground"], capture_output=True, timeout=20)
        assert said.returncode not in (0, -9) and b"1024 bits" in said.stderr, said
    finally:
        site.close()
        sink.stop()


def test_each_domain_by_its_own_key_and_a_new_one_takes_over_without_a_gap():
    sink = peers.Sink()
    site = peers.Site(sink.port, READERS[:1], public_url="https://news.example.org")

    def key(domain, selector):
        return json.loads(site.run("--json", "dkim", "keygen", domain, selector).stdout)

    def sign_with(*keys):
        with open(site.conf, encoding="utf-8") as conf:
            text = conf.read().split("\n[dkim:")[0]
        with open(site.conf, "w", encoding="utf-8") as conf:
            conf.write(text + "".join(f"\n[dkim:{k['domain']}/{k['selector']}]\nkey = {k['dkim']}\nsign = always\n" for k in keys))

    def send(name):
        post = site.run("post", "add", name, "post.md").stdout.decode().strip()
        campaign = site.run("campaign", "create", name, "--post", post, "--again").stdout.decode().strip()
        site.run("campaign", "send", campaign, "--yes")
        site.run("campaign", "watch", campaign)
        return sink.mails[-1][2]
    try:
        one, other, fresh = key("example.org", "s2025"), key("shop.example.net", "shop1"), key("example.org", "s2026")
        site.run("list", "create", "shop", "--title", "Shop", "--from", "Shop <shop@shop.example.net>", "--postal", "1 Main St, Springfield")
        site.run("subscriber", "import", "shop", "readers.csv", "--consent", "test", "--yes")
        sign_with(one, other)
        site.start()
        for name, k in (("news", one), ("shop", other)):
            data = send(name)
            assert data.count(b"DKIM-Signature:") == 1 and dkimpy(data, {f"{k['selector']}._domainkey.{k['domain']}": k["record"]}).returncode == 0, data
        # Both together, then the new one alone: no mail goes without.
        for keys in ((one, fresh, other), (fresh, other)):
            sign_with(*keys)
            site.daemon.send_signal(signal.SIGHUP)
            wanted = {k["selector"].encode() for k in keys if k["domain"] == "example.org"}
            assert peers.wait_for(lambda: set(re.findall(rb"s=(\w+);", send("news"))) == wanted, 20, 0.5), site.log()
        assert all(b"DKIM-Signature:" in data for _, _, data in sink.mails)
    finally:
        site.close()
        sink.stop()


peers.tests(test_M21_the_signatures_verify_with_independent_verifiers, test_M21_mailauth_agrees, test_M21_opendkim_agrees, test_each_domain_by_its_own_key_and_a_new_one_takes_over_without_a_gap, test_a_relay_that_rewrites_gets_the_reduced_list_and_one_that_signs_gets_none,
            test_a_key_signs_only_when_dns_shows_it, test_weak_and_open_keys_are_refused)
