"""What the tests share: the programs under test, real peers on loopback with their own ports and folders, and a sink that can misbehave."""
import json
import os
import random
import shutil
import signal
import socket
import socketserver
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIN = os.environ.get("GAZETTE_BIN") or os.path.join(ROOT, "build", "gcc")
GAZETTE = os.path.join(BIN, "cli", "gazette")
GAZETTED = os.path.join(BIN, "daemon", "gazetted")


def free_port():
    """Below those the system gives to whoever connects somewhere: nobody takes it before the peer that is to have it."""
    while True:
        port = random.SystemRandom().randrange(10000, 32768)
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def wait_port(port, seconds=10):
    end = time.time() + seconds
    while time.time() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return True
        except OSError:
            time.sleep(0.05)
    return False


def wait_for(condition, seconds=30, step=0.1):
    end = time.time() + seconds
    while time.time() < end:
        value = condition()
        if value:
            return value
        time.sleep(step)
    return condition()


class Sink(socketserver.ThreadingTCPServer):
    """An SMTP server that keeps (sender, recipient, bytes), and answers by rule as a Postfix would: after a refused RCPT in a pipeline a nested
    MAIL gets 503 and DATA 554. `rcpt`, `dot` and `auth` give a reply for what they see, or None."""
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, rcpt=None, dot=None, banner="220 sink ESMTP", auth=None, mechanisms="PLAIN", host="127.0.0.1"):
        self.rcpt, self.dot, self.banner, self.auth = rcpt, dot, banner, auth
        self.mechanisms, self.check, self.seen = mechanisms, None, []
        self.mails, self.lock = [], threading.Lock()
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, 0), Talk)
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def stop(self):
        self.shutdown()
        self.server_close()


class Talk(socketserver.StreamRequestHandler):
    def say(self, line):
        self.wfile.write(line.encode() + b"\r\n")

    def handle(self):
        try:
            self.talk()
        except (ConnectionError, ValueError):
            pass

    def talk(self):
        sink, sender, recipient = self.server, None, None
        self.say(sink.banner)
        while True:
            line = self.rfile.readline()
            if not line:
                return
            word = line.strip().decode("utf-8", "replace")
            upper = word.upper()
            if sink.auth:
                sink.seen.append(word)
            if upper.startswith("EHLO"):
                self.wfile.write(b"250-sink\r\n250-PIPELINING\r\n" + (b"250-AUTH " + sink.mechanisms.encode() + b"\r\n" if sink.auth else b"") + b"250-SMTPUTF8\r\n250 8BITMIME\r\n")
            elif upper.startswith("AUTH"):
                self.say(sink.check(word, self.say, self.rfile.readline) if sink.check else sink.auth)
            elif upper.startswith("MAIL FROM:"):
                if sender is not None:
                    self.say("503 5.5.1 Error: nested MAIL command")
                else:
                    sender = word[word.index("<") + 1:word.index(">")]
                    self.say("250 2.1.0 Ok")
            elif upper.startswith("RCPT TO:"):
                to = word[word.index("<") + 1:word.index(">")]
                reply = sink.rcpt(to) if sink.rcpt else None
                if sender is None:
                    self.say("503 5.5.1 Error: need MAIL command")
                else:
                    recipient = to if not reply else recipient
                    self.say(reply or "250 2.1.5 Ok")
            elif upper == "DATA":
                if recipient is None:
                    self.say("554 5.5.1 Error: no valid recipients")
                    continue
                self.say("354 End data with <CR><LF>.<CR><LF>")
                data = b""
                while True:
                    part = self.rfile.readline()
                    if not part:
                        return
                    if part == b".\r\n":
                        break
                    data += part[1:] if part.startswith(b".") else part
                reply = sink.dot(recipient, data) if sink.dot else None
                if reply == "drop":
                    return
                if not reply or reply.startswith("2"):
                    with sink.lock:
                        sink.mails.append((sender, recipient, data))
                self.say(reply or "250 2.0.0 Ok: queued")
                sender = recipient = None
            elif upper == "RSET":
                sender = recipient = None
                self.say("250 2.0.0 Ok")
            elif upper == "QUIT":
                self.say("221 2.0.0 Bye")
                return
            else:
                self.say("502 5.5.2 Error")


class Site:
    """A publication in a folder of its own: configuration, store, list, readers, a post; and its daemon."""

    def __init__(self, relay_port, readers, extra="", sessions=20, body=None, public_url=None, folder=None):
        self.folder = folder or tempfile.mkdtemp(prefix="gazette-test-")
        self.web, self.lmtp = free_port(), free_port()
        self.daemon, self.env, self.wrap = None, {}, []  # wrap: a program that starts it, as prlimit
        self.conf = os.path.join(self.folder, "t.conf")
        self.run("init", "--store", "sqlite:t.db", "--data-dir", ".", "--relay", f"smtp+plain://127.0.0.1:{relay_port}", "--public-url",
                 public_url or f"http://127.0.0.1:{self.web}", "--listen", f"127.0.0.1:{self.web}", "--return-path", "bounce+{token}@example.org", "--lmtp",
                 f"127.0.0.1:{self.lmtp}", "--sessions", str(sessions), "--min-free", "1M", "--yes")
        if extra:
            with open(self.conf, "a", encoding="utf-8") as conf:
                conf.write(extra)
        self.run("list", "create", "news", "--title", "Example News", "--from", "Example News <news@example.org>", "--postal", "1 Main St, Springfield")
        with open(os.path.join(self.folder, "readers.csv"), "w", encoding="utf-8") as csv:
            csv.write("email,name\n" + "".join(f'{email},"{name}"\n' for email, name in readers))
        self.run("subscriber", "import", "news", "readers.csv", "--consent", "test", "--yes")
        with open(os.path.join(self.folder, "post.md"), "w", encoding="utf-8") as post:
            post.write(body or "---\ntitle: Storks over the café\nsubtitle: They are back.\nurl: https://example.org/p/storks\n---\n\nFirst *paragraph*.\n\n.A dot.\n\nFrom here.\n")
        self.run("post", "add", "news", "post.md")

    def run(self, *words, check=True, timeout=120):
        done = subprocess.run([GAZETTE, "-c", self.conf, *words], cwd=self.folder, capture_output=True, timeout=timeout)
        if check and done.returncode not in (0, 75):
            raise AssertionError(f"gazette {' '.join(words)}: {done.returncode}\n{done.stderr.decode()}{done.stdout.decode()}")
        return done

    def rows(self, *words):
        return [json.loads(line) for line in self.run("--json", *words).stdout.splitlines()]

    def digest_due(self, cadence):
        """A digest's time comes, once the clockwork has worked one out: written beside the daemon, as the store allows."""
        db = sqlite3.connect(os.path.join(self.folder, "t.db"), timeout=10)
        try:
            assert wait_for(lambda: all(at > 0 for at, in db.execute("SELECT next_us FROM digest")), 20), self.log()
            with db:
                db.execute("UPDATE digest SET next_us = ? WHERE cadence = ? AND next_us > 0", (int((time.time() - 1) * 1e6), cadence))
        finally:
            db.close()

    def stats(self, campaign=1):
        return self.rows("stats", str(campaign))[0]

    def start(self):
        log = open(os.path.join(self.folder, "daemon.log"), "ab")
        self.daemon = subprocess.Popen([*self.wrap, GAZETTED, "-c", self.conf, "--foreground"], cwd=self.folder, stderr=log, stdout=log, env={**os.environ, **self.env})
        if not wait_for(lambda: self.healthy() or self.daemon.poll() is not None, 20) or self.daemon.poll() is not None:
            raise AssertionError("the daemon did not start:\n" + self.log())
        return self

    def healthy(self):
        try:
            return urllib.request.urlopen(f"http://127.0.0.1:{self.web}/healthz", timeout=2).status == 200
        except OSError:
            return False

    def get(self, path, data=None):
        try:
            with urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{self.web}{path}", data=data), timeout=10) as reply:
                return reply.status, reply.read().decode()
        except urllib.error.HTTPError as reply:
            return reply.code, reply.read().decode()

    def send(self):
        self.run("campaign", "create", "news", "--post", "1")
        self.run("campaign", "send", "1", "--yes")

    def set_conf(self, old, new):
        with open(self.conf, encoding="utf-8") as f:
            text = f.read()
        assert old in text, f"{old!r} is not in the configuration"
        with open(self.conf, "w", encoding="utf-8") as f:
            f.write(text.replace(old, new))

    def kill(self):
        self.daemon.send_signal(signal.SIGKILL)
        self.daemon.wait()

    def stop(self):
        if self.daemon and self.daemon.poll() is None:
            self.daemon.terminate()
            self.daemon.wait(60)
        return self.daemon.returncode if self.daemon else None

    def log(self):
        with open(os.path.join(self.folder, "daemon.log"), encoding="utf-8", errors="replace") as log:
            return log.read()[-4000:]

    def close(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


class Postfix:
    """A real Postfix of its own, on loopback, that delivers everything for its domains to Maildirs, and all else to `relay`, a port.
    `extra` are further lines of its main.cf. `services` are servers on ports of their own, each a dictionary of what is else than in main.cf: a
    Postfix takes seconds to start."""

    def __init__(self, relay=0, extra="", services=()):
        self.folder = tempfile.mkdtemp(prefix="gazette-postfix-")
        self.port = free_port()
        self.ports = [free_port() for _ in services]
        os.chmod(self.folder, 0o755)
        for part in ("etc", "queue", "data", "mail"):
            os.mkdir(os.path.join(self.folder, part))
        import pwd
        user = pwd.getpwnam("postfix")
        os.chown(os.path.join(self.folder, "data"), user.pw_uid, -1)
        os.chown(os.path.join(self.folder, "mail"), user.pw_uid, -1)
        with open(os.path.join(self.folder, "etc", "main.cf"), "w", encoding="utf-8") as f:
            f.write(f"""compatibility_level = 3.6
queue_directory = {self.folder}/queue
data_directory = {self.folder}/data
myhostname = mx.example.org
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
virtual_mailbox_domains = example.org gmail.com xn--mnchen-3ya.example
virtual_mailbox_base = {self.folder}/mail
virtual_mailbox_maps = static:all/
virtual_uid_maps = static:{user.pw_uid}
virtual_gid_maps = static:{user.pw_gid}
virtual_minimum_uid = 1
smtputf8_enable = no
maillog_file = {self.folder}/mail.log
maillog_file_prefixes = {self.folder}
smtpd_client_connection_count_limit = 0
""" + (f"relayhost = [127.0.0.1]:{relay}\n" if relay else "") + extra)
        with open(os.path.join(self.folder, "etc", "master.cf"), "w", encoding="utf-8") as f:
            f.write(f"""127.0.0.1:{self.port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
smtp unix - - n - - smtp
relay unix - - n - - smtp
lmtp unix - - n - - lmtp
tlsmgr unix - - n 1000? 1 tlsmgr
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
virtual unix - n n - - virtual
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
""")
            for port, options in zip(self.ports, services):
                f.write(f"127.0.0.1:{port} inet n - n - - smtpd" + "".join(f" -o {name}={value}" for name, value in options.items()) + "\n")
        self.command("start")
        assert all(wait_port(port) for port in (self.port, *self.ports)), "Postfix did not start"

    def command(self, verb):
        subprocess.run(["postfix", "-c", os.path.join(self.folder, "etc"), verb], capture_output=True, timeout=60)

    def waiting(self):
        """How many messages are in its queue."""
        return sum(len(files) for part in ("incoming", "active", "deferred", "maildrop") for _, _, files in os.walk(os.path.join(self.folder, "queue", part)))

    def mail_files(self):
        return [os.path.join(folder, name) for folder, _, files in os.walk(os.path.join(self.folder, "mail")) if folder.endswith("/new") for name in files]

    def mails(self):
        found = []
        for path in self.mail_files():
            with open(path, "rb") as f:
                found.append(f.read())
        return found

    def forget(self):
        """What was delivered so far."""
        for path in self.mail_files():
            os.unlink(path)

    def close(self):
        self.command("stop")
        shutil.rmtree(self.folder, ignore_errors=True)


class Dns(socketserver.ThreadingUDPServer):
    """A name server that knows the TXT records it is given and answers NXDOMAIN to all else: no test asks the world."""
    daemon_threads = True

    def __init__(self, txt=None, port=0):
        self.txt = {name.lower().rstrip("."): value for name, value in (txt or {}).items()}
        super().__init__(("127.0.0.1", port), DnsTalk)
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def stop(self):
        self.shutdown()
        self.server_close()


class DnsTalk(socketserver.BaseRequestHandler):
    def handle(self):
        query, reply = self.request
        at, labels = 12, []
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode("latin-1").lower())
            at += 1 + query[at]
        question, kind = query[12:at + 5], int.from_bytes(query[at + 1:at + 3], "big")
        text = self.server.txt.get(".".join(labels)) if kind == 16 else None
        answer = b""
        if text is not None:
            parts = [text[i:i + 200].encode() for i in range(0, len(text), 200)]
            data = b"".join(bytes([len(part)]) + part for part in parts)
            answer = b"\xc0\x0c\x00\x10\x00\x01\x00\x00\x00\x3c" + len(data).to_bytes(2, "big") + data
        flags = b"\x85\x80" if text is not None else b"\x85\x83"
        reply.sendto(query[:2] + flags + b"\x00\x01" + (b"\x00\x01" if answer else b"\x00\x00") + b"\x00\x00\x00\x00" + question + answer, self.client_address)


class Rspamd:
    """rspamd as Debian configures it, with a name server of ours and without what asks the world."""

    def __init__(self, dns):
        self.folder = tempfile.mkdtemp(prefix="gazette-rspamd-")
        os.chmod(self.folder, 0o777)
        self.port = free_port()
        local = os.path.join(self.folder, "conf", "local.d")
        os.makedirs(local)
        off = "rbl surbl fuzzy_check asn mx_check phishing url_redirector greylist ratelimit neural replies history_redis rspamd_update redis clickhouse".split()
        parts = {f"{name}.conf": "enabled = false;\n" for name in off}
        parts["worker-normal.inc"] = f'bind_socket = "127.0.0.1:{self.port}";\n'
        parts["worker-controller.inc"] = parts["worker-proxy.inc"] = "enabled = false;\n"
        parts["options.inc"] = f'dns {{ nameserver = ["127.0.0.1:{dns.port}"]; timeout = 1s; }}\nfilters = "chartable,dkim,regexp";\n'
        parts["logging.inc"] = f'type = "file"; filename = "{self.folder}/rspamd.log"; level = "warning";\n'
        for name, text in parts.items():
            with open(os.path.join(local, name), "w", encoding="utf-8") as f:
                f.write(text)
        self.process = subprocess.Popen(["rspamd", "-i", "-f", "-c", "/etc/rspamd/rspamd.conf", "--var=LOCAL_CONFDIR=" + os.path.join(self.folder, "conf"),
                                         "--var=DBDIR=" + self.folder, "--var=RUNDIR=" + self.folder, "--var=LOGDIR=" + self.folder],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if not wait_for(lambda: self.ready(), 150):
            with open(os.path.join(self.folder, "rspamd.log"), encoding="utf-8") as log:
                raise AssertionError("rspamd did not start:\n" + log.read()[-2000:])

    def ready(self):
        try:
            return urllib.request.urlopen(f"http://127.0.0.1:{self.port}/ping", timeout=1).status == 200
        except OSError:
            return False

    def symbols(self, mail, sender, recipient):
        """What it found: name to score."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/checkv2", data=mail,
                                         headers={"From": sender, "Rcpt": recipient, "IP": "192.0.2.1", "Helo": "mail.example.org", "Hostname": "mail.example.org"})
        with urllib.request.urlopen(request, timeout=30) as reply:
            return {name: symbol["score"] for name, symbol in json.load(reply)["symbols"].items()}

    def close(self):
        self.process.terminate()
        self.process.wait(30)
        shutil.rmtree(self.folder, ignore_errors=True)


def tests(*functions):
    """Runs them; each prints a line. The exit status says whether all went well."""
    import traceback
    status = 0
    for test in functions:
        try:
            test()
            print(f"ok {test.__name__}", flush=True)
        except Exception:  # noqa: BLE001 - every failure is one line and its trace
            status = 1
            print(f"not ok {test.__name__}", flush=True)
            traceback.print_exc(file=sys.stdout)
    sys.exit(status)
