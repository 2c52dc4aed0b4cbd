"""SMTP servers that misbehave, each in one way of its own on a port of its own, until they are healed. They keep what they took, and what a
client may believe they took."""
import asyncio
import os
import ssl
import subprocess
import threading
import time

HANG, CLOSE = object(), object()


def raw(data, close=False):
    """Those bytes, as they are."""
    async def say(talk):
        talk.writer.write(data)
        await talk.writer.drain()
        if close:
            raise ConnectionError
    return say


def endless(block, most=100 << 20):
    """Until the client has had enough; 100 MB at most."""
    async def say(talk):
        for _ in range(most // len(block)):
            talk.writer.write(block)
            await talk.writer.drain()
        raise ConnectionError
    return say


def slowly(data):
    """A byte a second."""
    async def say(talk):
        for at in range(len(data)):
            talk.writer.write(data[at:at + 1])
            await talk.writer.drain()
            await asyncio.sleep(1)
    return say


def in_pieces(data):
    """Split where no reply ends."""
    async def say(talk):
        for at in range(0, len(data), 3):
            talk.writer.write(data[at:at + 3])
            await talk.writer.drain()
            await asyncio.sleep(0.002)
    return say


async def inject(talk):
    """More in the clear behind the reply to STARTTLS than belongs there."""
    talk.writer.write(b"220 go ahead\r\n250 injected\r\n")
    await talk.writer.drain()
    await talk.start_tls()


# What is said at a point of the session instead of what belongs there. `dot` swallows the message first.
WAYS = {
    "banner_421": {"banner": "421 4.3.2 too busy"},
    "banner_554": {"banner": "554 5.3.2 no service here"},
    "banner_hangs": {"banner": HANG},
    "banner_garbage": {"banner": raw(bytes(range(256)) * 40, close=True)},
    "banner_endless_line": {"banner": endless(b"220 " + b"x" * 65536)},
    "ehlo_500": {"ehlo": "500 5.5.1 what?"},
    "ehlo_endless_lines": {"ehlo": endless(b"250-X-ANOTHER\r\n" * 4096)},
    "ehlo_hangs": {"ehlo": HANG},
    "mail_451": {"mail": "451 4.3.0 try later"},
    "mail_550": {"mail": "550 5.7.1 sender not verified"},
    "mail_hangs": {"mail": HANG},
    "rcpt_450": {"rcpt": "450 4.2.0 greylisted"},
    "rcpt_421": {"rcpt": "421 4.7.0 too many"},
    "rcpt_100_MB": {"rcpt": endless(b"250-more and more\r\n" * 4096)},
    "rcpt_hangs": {"rcpt": HANG},
    "rcpt_every_second": {"rcpt": "second"},
    "rcpt_refused_data_354": {"rcpt": "450 4.2.0 not this one", "data": "354 come on"},
    "data_451": {"data": "451 4.3.0 no room"},
    "data_554": {"data": "554 5.7.1 no"},
    "data_hangs": {"data": HANG},
    "data_closes": {"data": CLOSE},
    "dot_451": {"dot": "451 4.3.0 queue file write error"},
    "dot_554": {"dot": "554 5.7.1 looks like spam"},
    "dot_421": {"dot": "421 4.3.2 shutting down"},
    "dot_closes": {"dot": CLOSE},
    "dot_hangs": {"dot": HANG},
    "dot_garbage": {"dot": raw(b"\x00\xff\xfe what is this\r\n", close=True)},
    "dot_no_crlf": {"dot": raw(b"250 2.0.0 Ok", close=True)},
    "dot_bare_lf": {"dot": raw(b"250 2.0.0 Ok\n", close=True)},
    "dot_endless_line": {"dot": endless(b"250 " + b"x" * 65536)},
    "dot_endless_lines": {"dot": endless(b"250-more and more\r\n" * 4096)},
    "dot_byte_a_second": {"dot": slowly(b"250 2.0.0 Ok: taken after all this time\r\n")},
    "in_pieces": {"pieces": True},
    "tls_stripped": {"tls": None},
    "tls_injected": {"tls": inject},
    "tls_refused": {"tls": "454 4.7.0 TLS not available"},
    "tls_foreign": {"certificate": "foreign"},
    "tls_other_name": {"certificate": "other"},
    "tls_expired": {"certificate": "expired"},
    "tls_garbage": {"tls": raw(b"220 go ahead\r\nthis is no TLS\r\n", close=True)},
    "tls_good": {"certificate": "good"},
}
TLS = [name for name in WAYS if name.startswith("tls_")]


class Certificates:
    """A good one for localhost; one of another authority, one of another name, one that ran out."""

    def __init__(self, folder):
        self.folder, self.ca = folder, os.path.join(folder, "ours.pem")
        for ca in ("ours", "theirs"):
            self.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", f"/CN={ca}", "-keyout", f"{ca}.key", "-out", f"{ca}.pem")
        for name, ca, host, days in (("good", "ours", "localhost", "30"), ("foreign", "theirs", "localhost", "30"), ("other", "ours", "elsewhere.example", "30"),
                                     ("expired", "ours", "localhost", "-1")):
            with open(os.path.join(folder, f"{name}.ext"), "w", encoding="utf-8") as f:
                f.write(f"subjectAltName=DNS:{host}\n")
            self.openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={host}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
            self.openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{ca}.pem", "-CAkey", f"{ca}.key", "-CAcreateserial", "-extfile", f"{name}.ext", "-days", days,
                         "-out", f"{name}.pem")

    def openssl(self, *words):
        subprocess.run(["openssl", *words], cwd=self.folder, check=True, capture_output=True, timeout=60)

    def context(self, name):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(os.path.join(self.folder, f"{name}.pem"), os.path.join(self.folder, f"{name}.key"))
        return context


class Talk:
    """One connection."""

    def __init__(self, server, reader, writer):
        self.server, self.reader, self.writer = server, reader, writer
        self.is_tls = False

    async def say(self, text):
        data = (text + "\r\n").encode()
        if self.server.way("pieces"):
            self.server.seen += 1
            await in_pieces(data)(self)
        else:
            self.writer.write(data)
            await self.writer.drain()

    async def at(self, point, usual):
        """What is said here. True if it was the usual."""
        way = self.server.way(point)
        if way is None:
            await self.say(usual)
            return True
        self.server.seen += 1
        if way is CLOSE:
            raise ConnectionError
        if way is HANG:
            begin = time.monotonic()
            while await self.reader.read(65536):  # until the client goes
                pass
            self.server.hung.append(time.monotonic() - begin)
            raise ConnectionError
        if callable(way):
            await way(self)
        else:
            await self.say(way)
            if way.startswith("421"):
                raise ConnectionError
        return False

    async def start_tls(self):
        name = self.server.way("certificate") or "good"
        if name != "good":
            self.server.seen += 1
        await self.writer.start_tls(self.server.certificates.context(name))
        self.is_tls = True

    async def ehlo(self):
        stripped = not self.server.healed and "tls" in self.server.ways and self.server.ways["tls"] is None
        self.server.seen += stripped
        lines = ["sink", "PIPELINING", "8BITMIME"]
        if self.server.certificates and not self.is_tls and not stripped:
            lines.append("STARTTLS")
        await self.at("ehlo", "\r\n".join(f"250{'-' if i + 1 < len(lines) else ' '}{line}" for i, line in enumerate(lines)))

    async def message(self, sender, recipient):
        data = b""
        while not data.endswith(b"\r\n.\r\n") and data != b".\r\n":
            line = await self.reader.readline()
            if not line:
                raise ConnectionError
            data += line
        data = data[:-3]
        if recipient is None:
            self.server.phantoms.append(data)
            await self.say("250 2.0.0 Ok, whatever it was")
            return
        mail = (sender, recipient, data)
        if self.server.way("dot") is None:
            self.server.mails.append(mail)
            self.server.healed_mails += self.server.healed
        else:
            self.server.swallowed.append(mail)
        await self.at("dot", "250 2.0.0 Ok: queued")

    async def run(self):
        sender, recipient, n = None, None, 0
        if not await self.at("banner", "220 sink ESMTP"):
            raise ConnectionError
        while line := await self.reader.readline():
            word = line.decode("utf-8", "replace").strip()
            upper = word.upper()
            if upper.startswith("EHLO"):
                await self.ehlo()
            elif upper == "STARTTLS":
                if self.server.way("tls") is None:
                    await self.say("220 go ahead")
                    await self.start_tls()
                else:
                    await self.at("tls", "")
            elif upper.startswith("MAIL FROM:"):
                if sender is not None:
                    await self.say("503 5.5.1 nested MAIL command")
                elif await self.at("mail", "250 2.1.0 Ok"):
                    sender = word[word.index("<") + 1:word.index(">")]
            elif upper.startswith("RCPT TO:"):
                to = word[word.index("<") + 1:word.index(">")]
                n += 1
                if sender is None:
                    await self.say("503 5.5.1 need MAIL command")
                elif self.server.way("rcpt") == "second":
                    self.server.seen += 1
                    recipient = to if n % 2 else recipient
                    await self.say("250 2.1.5 Ok" if n % 2 else "450 4.2.0 not this one")
                elif await self.at("rcpt", "250 2.1.5 Ok"):
                    recipient = to
            elif upper == "DATA":
                way = self.server.way("data")
                if recipient is None and not (isinstance(way, str) and way.startswith("354")):
                    await self.say("554 5.5.1 no valid recipients")
                elif await self.at("data", "354 go on") or way.startswith("354"):
                    await self.message(sender, recipient)
                    sender = recipient = None
            elif upper == "RSET":
                sender = recipient = None
                await self.say("250 2.0.0 Ok")
            elif upper == "QUIT":
                await self.say("221 2.0.0 Bye")
                return
            else:
                await self.say("502 5.5.2 Error")


class Server:
    """One way of misbehaving; None: none."""

    def __init__(self, name, certificates=None):
        self.name, self.ways, self.certificates = name, WAYS.get(name, {}), certificates
        self.healed = False
        self.mails, self.swallowed, self.phantoms = [], [], []
        self.seen = self.healed_mails = 0
        self.hung = []  # how long clients waited, in seconds
        self.port = None

    def way(self, point):
        return None if self.healed else self.ways.get(point)

    async def serve(self, reader, writer):
        try:
            await Talk(self, reader, writer).run()
        except (ConnectionError, ValueError, OSError, asyncio.LimitOverrunError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def start(self):
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0, limit=1 << 20)
        self.port = self.server.sockets[0].getsockname()[1]


class Servers:
    """All of them in one thread."""

    def __init__(self, names, certificates=None):
        self.all = {name: Server(name, certificates if name in TLS else None) for name in names}
        self.loop = asyncio.new_event_loop()
        self.loop.set_exception_handler(lambda loop, context: None)
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        for server in self.all.values():
            asyncio.run_coroutine_threadsafe(server.start(), self.loop).result(10)

    def heal(self):
        for server in self.all.values():
            server.healed = True

    def stop(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
