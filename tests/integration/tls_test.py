#!/usr/bin/env python3
"""TLS and log-in against a real Postfix: a certificate that is not right, or a password that is not, sends nothing and loses nothing."""
import base64
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import peers  # noqa: E402

READERS = [("ann@example.org", "Ann"), ("bob@example.org", "Bob")]
USER, PASSWORD = "gazette@example.org", "pass word, with: signs"


class Authority:
    """Certificates for these tests: an authority, and what it signs. Names are those of files in its folder."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="gazette-tls-")
        os.chmod(self.folder, 0o755)
        self.make("ca", "/CN=Test Authority", "-x509", "-days", "30", "-addext", "basicConstraints=critical,CA:TRUE")
        self.make("other-ca", "/CN=Another Authority", "-x509", "-days", "30", "-addext", "basicConstraints=critical,CA:TRUE")
        self.sign("good", "localhost", "ca")
        self.sign("wrong-name", "mail.elsewhere.test", "ca")
        self.sign("foreign", "localhost", "other-ca")
        self.sign("expired", "localhost", "ca", "-not_before", "20200101000000Z", "-not_after", "20200201000000Z")

    def openssl(self, *words):
        done = subprocess.run(["/usr/bin/openssl", *words], cwd=self.folder, capture_output=True, text=True)
        assert done.returncode == 0, (words, done.stderr)

    def make(self, name, subject, *more):
        self.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.pem" if more else f"{name}.csr", "-subj", subject, *more)

    def sign(self, name, host, authority, *dates):
        """`openssl ca` and not `x509`: in Debian 12 only that can sign what has expired."""
        self.make(name, f"/CN={host}")
        with open(os.path.join(self.folder, f"{name}.cnf"), "w", encoding="utf-8") as f:
            f.write(f"[ca]\ndefault_ca = own\n[own]\ndatabase = {name}.index\nnew_certs_dir = .\ncertificate = {authority}.pem\nprivate_key = {authority}.key\nrand_serial = yes\n"
                    f"default_md = sha256\ndefault_days = 30\npolicy = any\nx509_extensions = leaf\n[any]\ncommonName = supplied\n[leaf]\nsubjectAltName = DNS:{host}\n")
        with open(os.path.join(self.folder, f"{name}.index"), "w", encoding="utf-8"):
            pass
        dates = [word.replace("-not_before", "-startdate").replace("-not_after", "-enddate") for word in dates]
        self.openssl("ca", "-batch", "-notext", "-config", f"{name}.cnf", "-in", f"{name}.csr", "-out", f"{name}.pem", *dates)

    def path(self, name):
        return os.path.join(self.folder, name)

    def service(self, name, **more):
        """How a server of Postfix shows that certificate."""
        return {"smtpd_tls_security_level": "may", "smtpd_tls_cert_file": f"{self.path(name)}.pem", "smtpd_tls_key_file": f"{self.path(name)}.key",
                "smtpd_tls_received_header": "yes", **more}

    def close(self):
        shutil.rmtree(self.folder)


class Dovecot:
    """Dovecot as Postfix's authority on who may log in, and for nothing else."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="gazette-dovecot-")
        os.chmod(self.folder, 0o755)
        secret = subprocess.run(["doveadm", "-c", "/dev/null", "-O", "pw", "-s", "PLAIN.b64", "-p", PASSWORD], capture_output=True, text=True)
        assert secret.returncode == 0, secret.stderr
        with open(os.path.join(self.folder, "users"), "w", encoding="utf-8") as f:
            f.write(f"{USER}:{secret.stdout.strip()}\n")
        conf = os.path.join(self.folder, "dovecot.conf")
        with open(conf, "w", encoding="utf-8") as f:
            f.write(f"""base_dir = {self.folder}/run
state_dir = {self.folder}/state
log_path = {self.folder}/log
protocols =
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login cram-md5 scram-sha-1 scram-sha-256
auth_failure_delay = 0 secs
default_internal_user = dovecot
passdb {{
  driver = passwd-file
  args = {self.folder}/users
}}
userdb {{
  driver = static
  args = uid=65534 gid=65534 home=/nonexistent
}}
service auth {{
  unix_listener {self.folder}/auth {{
    mode = 0666
  }}
}}
""")
        self.process = subprocess.Popen(["dovecot", "-F", "-c", conf], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        assert peers.wait_for(lambda: os.path.exists(os.path.join(self.folder, "auth")), 15), self.log()

    def log(self):
        try:
            with open(os.path.join(self.folder, "log"), encoding="utf-8") as f:
                return f.read()[-2000:]
        except OSError:
            return "no log"

    def service(self, mechanisms):
        """How a server of Postfix asks it, and offers those mechanisms only."""
        return {"smtpd_sasl_auth_enable": "yes", "smtpd_sasl_type": "dovecot", "smtpd_sasl_path": f"{self.folder}/auth", "mynetworks": "",
                "smtpd_sasl_mechanism_filter": mechanisms.replace(" ", ","), "smtpd_sasl_authenticated_header": "yes", "smtpd_tls_auth_only": "yes",
                "smtpd_recipient_restrictions": "permit_sasl_authenticated,reject", "smtpd_relay_restrictions": "permit_sasl_authenticated,reject"}

    def close(self):
        self.process.terminate()
        self.process.wait(20)
        shutil.rmtree(self.folder, ignore_errors=True)


class Servers:
    """One Postfix that shows all certificates and offers all ways to log in, each on a port of its own, and Dovecot behind it."""
    CERTIFICATES = ("good", "foreign", "expired", "wrong-name")
    LOG_INS = ("plain", "login", "plain scram-sha-256", "login plain cram-md5 scram-sha-1", "plain cram-md5", "plain cram-md5 scram-sha-1 scram-sha-256")

    def __init__(self):
        self.dovecot = Dovecot()
        services = {name: authority.service(name) for name in self.CERTIFICATES}
        services |= {f"log in: {ways}": authority.service("good", **self.dovecot.service(ways)) for ways in self.LOG_INS}
        self.postfix = peers.Postfix(extra="smtpd_tls_loglevel = 1\n", services=services.values())
        self.port = dict(zip(services, self.postfix.ports))

    def log(self):
        with open(os.path.join(self.postfix.folder, "mail.log"), encoding="utf-8") as log:
            return log.read()

    def close(self):
        self.postfix.close()
        self.dovecot.close()


def site_for(port, ca, more=""):
    """A site whose relay wants STARTTLS and verifies it."""
    servers.postfix.forget()
    site = peers.Site(port, READERS)
    site.set_conf(f"url = smtp+plain://127.0.0.1:{port}\n", f"url = smtp://localhost:{port}\nca_file = {ca}\n{more}")
    return site


def arrives(site):
    postfix = servers.postfix
    site.start().send()
    assert site.run("campaign", "watch", "1").returncode == 0
    assert peers.wait_for(lambda: len(postfix.mails()) == len(READERS), 20), (len(postfix.mails()), site.log())
    return postfix.mails()


def refuses(site, *words):
    """Nothing goes out, nobody is blamed, and the queue says why."""
    site.start().send()
    why = peers.wait_for(lambda: [text for text in [site.run("queue", "--why").stdout.decode()] if any(word in text for word in words)], 20)
    assert why, (site.run("queue", "--why").stdout.decode(), site.log())
    stats = site.stats()
    assert stats["sent"] == stats["bounced"] == stats["uncertain"] == 0 and stats["queued"] + stats["leased"] == len(READERS), stats
    assert not servers.postfix.mails() and site.rows("suppression", "ls") == []
    return why[0]


def test_a_good_certificate_sends_under_TLS():
    site = site_for(servers.port["good"], authority.path("ca.pem"))
    try:
        for mail in arrives(site):
            assert b"using TLSv1." in mail and b"with ESMTPS" in mail, mail[:600]
    finally:
        site.close()


def refused_certificate(name, *words, ca="ca.pem"):
    site = site_for(servers.port[name], authority.path(ca))
    try:
        refuses(site, *words)
    finally:
        site.close()


def test_a_foreign_certificate_is_refused():
    refused_certificate("foreign", "unable to get local issuer", "self-signed", "issuer")


def test_an_expired_certificate_is_refused():
    refused_certificate("expired", "expired")


def test_a_certificate_for_another_name_is_refused():
    refused_certificate("wrong-name", "ostname mismatch", "another name")


def test_the_systems_authorities_do_not_know_ours():
    site = site_for(servers.port["good"], "")
    site.set_conf("ca_file = \n", "")
    try:
        refuses(site, "issuer", "self-signed")
    finally:
        site.close()


def test_no_STARTTLS_is_no_reason_to_send_in_the_clear():
    site = site_for(servers.postfix.port, authority.path("ca.pem"))
    try:
        refuses(site, "STARTTLS")
    finally:
        site.close()


def test_verify_no_sends_to_whoever_it_is():
    site = site_for(servers.port["expired"], authority.path("ca.pem"), "verify = no\n")
    try:
        arrives(site)
    finally:
        site.close()


def logged_in(mechanisms, shown, more=""):
    site = site_for(servers.port[f"log in: {mechanisms}"], authority.path("ca.pem"), f"user = {USER}\npassword_file = relay.password\n{more}")
    before = len(servers.log())
    try:
        with open(os.path.join(site.folder, "relay.password"), "w", encoding="utf-8") as f:
            f.write(PASSWORD + "\n")
        os.chmod(os.path.join(site.folder, "relay.password"), 0o600)
        for mail in arrives(site):
            assert b"Authenticated sender: " + USER.encode() in mail, mail[:800]
        assert set(re.findall(r"sasl_method=([^,]*)", servers.log()[before:])) == {shown}, f"not by {shown}"
    finally:
        site.close()


def test_log_in_with_PLAIN():
    logged_in("plain", "PLAIN")


def test_log_in_with_LOGIN():
    logged_in("login", "LOGIN")


def test_log_in_with_SCRAM_SHA_256_before_PLAIN():
    logged_in("plain scram-sha-256", "SCRAM-SHA-256")


def test_log_in_with_SCRAM_SHA_1_before_CRAM_MD5():
    logged_in("login plain cram-md5 scram-sha-1", "SCRAM-SHA-1")


def test_log_in_with_CRAM_MD5_before_PLAIN():
    logged_in("plain cram-md5", "CRAM-MD5")


def test_auth_forces_a_way():
    logged_in("plain cram-md5 scram-sha-1 scram-sha-256", "PLAIN", "auth = plain\n")


def test_no_password_goes_to_whom_nobody_verified():
    """Neither loopback nor TLS: PLAIN is not tried."""
    own = subprocess.run(["hostname", "-I"], capture_output=True, text=True).stdout.split()
    host = next((address for address in own if address.startswith(("10.", "192.168.", "fd"))), None)
    if not host:
        print("skip a password to another address: this machine has no private one")
        return
    sink = peers.Sink(auth="535 5.7.8 authentication failed", host=host)
    site = peers.Site(sink.port, READERS, public_url="https://news.example.org")
    try:
        shown = f"[{host}]" if ":" in host else host
        site.set_conf(f"smtp+plain://127.0.0.1:{sink.port}\n", f"smtp+plain://{shown}:{sink.port}\nuser = {USER}\npassword_file = relay.password\n")
        with open(os.path.join(site.folder, "relay.password"), "w", encoding="utf-8") as f:
            f.write(PASSWORD + "\n")
        os.chmod(os.path.join(site.folder, "relay.password"), 0o600)
        site.start().send()
        assert peers.wait_for(lambda: "under verified TLS" in site.run("queue", "--why").stdout.decode(), 20), site.log()
        assert not any(line.upper().startswith("AUTH") for line in sink.seen), sink.seen
    finally:
        site.close()
        sink.stop()


def test_XOAUTH2_reads_its_token_at_each_log_in():
    sink = peers.Sink(auth="235 2.7.0 Accepted", mechanisms="PLAIN XOAUTH2")
    tokens = {"good": "first-token-" + "x" * 1500, "seen": []}

    def check(line, say, read):
        text = base64.b64decode(line.split()[2]).decode()
        tokens["seen"].append(text)
        if text == f"user={USER}\x01auth=Bearer {tokens['good']}\x01\x01":
            return "235 2.7.0 Accepted"
        say("334 " + base64.b64encode(b'{"status":"400","schemes":"Bearer"}').decode())
        return "535 5.7.8 Username and Password not accepted" if read() == b"\r\n" else "500 what"

    sink.check = check
    site = peers.Site(sink.port, READERS)
    path = os.path.join(site.folder, "relay.token")

    def write(text):
        with open(path, "w", encoding="utf-8") as f:
            f.write(text + "\n")
        os.chmod(path, 0o600)

    try:
        write("stale")
        site.set_conf("[relay:main]\n", f"[relay:main]\nuser = {USER}\nauth = xoauth2\ntoken_file = relay.token\n")
        site.start().send()
        assert peers.wait_for(lambda: "not accepted" in site.run("queue", "--why").stdout.decode(), 20), site.log()
        assert not sink.mails
        write(tokens["good"])
        assert peers.wait_for(lambda: len(sink.mails) == len(READERS), 40), (tokens["seen"], site.log())
        assert "stale" not in site.log() and tokens["good"] not in site.log()
    finally:
        site.close()
        sink.stop()


def test_a_wrong_password_keeps_everything_queued():
    site = site_for(servers.port["log in: plain"], authority.path("ca.pem"), f"user = {USER}\npassword_file = relay.password\n")
    path = os.path.join(site.folder, "relay.password")
    try:
        with open(path, "w", encoding="utf-8") as f:
            f.write("wrong\n")
        os.chmod(path, 0o644)
        checked = subprocess.run([peers.GAZETTED, "-c", site.conf, "--check"], capture_output=True, text=True)
        assert checked.returncode == 78 and "relay.password" in checked.stdout + checked.stderr, "a password that anybody may read is taken"
        os.chmod(path, 0o600)
        why = refuses(site, "authentication failed")
        assert "wrong" not in why and PASSWORD not in site.log()
    finally:
        site.close()


if __name__ == "__main__":
    if not shutil.which("dovecot"):
        print("skip TLS and log-in: Debian's dovecot-core is missing")
        sys.exit(0)
    authority = Authority()
    servers = Servers()
    try:
        peers.tests(test_a_good_certificate_sends_under_TLS, test_a_foreign_certificate_is_refused, test_an_expired_certificate_is_refused,
                    test_a_certificate_for_another_name_is_refused, test_the_systems_authorities_do_not_know_ours,
                    test_no_STARTTLS_is_no_reason_to_send_in_the_clear, test_verify_no_sends_to_whoever_it_is, test_log_in_with_PLAIN, test_log_in_with_LOGIN,
                    test_log_in_with_SCRAM_SHA_256_before_PLAIN, test_log_in_with_SCRAM_SHA_1_before_CRAM_MD5,
                    test_log_in_with_CRAM_MD5_before_PLAIN, test_auth_forces_a_way, test_no_password_goes_to_whom_nobody_verified,
                    test_XOAUTH2_reads_its_token_at_each_log_in, test_a_wrong_password_keeps_everything_queued)
    finally:
        servers.close()
        authority.close()
