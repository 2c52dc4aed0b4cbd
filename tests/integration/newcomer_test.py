#!/usr/bin/env python3
"""What a newcomer runs into at the command line: each answer says what is so, and what to do."""
import json
import os
import pty
import re
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import peers  # noqa: E402

PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360000002000001e221bc330000000049454e44ae426082")


def said(site, *words, status=0, **more):
    """What a command says of itself, on standard error."""
    done = subprocess.run([peers.GAZETTE, "-c", site.conf, *words], cwd=site.folder, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL, **more)
    assert done.returncode == status, (words, done)
    return done.stderr


def write(site, name, data):
    with open(os.path.join(site.folder, name), "wb") as f:
        f.write(data if isinstance(data, bytes) else data.encode())


class Late(peers.Sink):
    """A server that comes up where there was none."""
    at = 0

    def server_bind(self):
        self.server_address = ("127.0.0.1", self.at)
        super().server_bind()


def test_a_relay_that_is_away_is_said_before_and_at_once():
    port = peers.free_port()
    site, sink = peers.Site(port, [("ann@example.org", "Ann")]), None
    try:
        site.start()
        site.run("campaign", "create", "news", "--post", "1")
        began = time.monotonic()
        told = said(site, "campaign", "test", "1", "--to", "me@example.org", status=75)
        assert "waiting for what the relay says" in told and "relay main is paused: connect" in told and "refused" in told and "gazette relay test" in told, told
        assert time.monotonic() - began < 20
        found = [row for row in site.rows("campaign", "check", "1") if row["check"] == "relay"]
        assert len(found) == 1 and found[0]["level"] == "warning" and "refused" in found[0]["text"] and "gazette relay test main" in found[0]["mend"], found
        site.run("relay", "pause", "main", "--reason", "the lift is mended")
        assert "the lift is mended" in site.run("campaign", "check", "1").stdout.decode()
        site.run("relay", "resume", "main")
        Late.at = port
        sink = Late()
        site.run("relay", "reset", "main")
        assert peers.wait_for(lambda: "relay main is ok again" in site.log(), 30), site.log()
        assert not re.search(r'warn relay main is ok|reason=""', site.log()), site.log()
    finally:
        site.close()
        if sink:
            sink.stop()


def test_templates_are_looked_at_with_the_configuration():
    site = peers.Site(1, [("ann@example.org", "Ann")])
    check = [peers.GAZETTED, "-c", site.conf, "--check"]
    try:
        site.set_conf("[daemon]\n", "[daemon]\ntemplate_dir = own\n")
        none = subprocess.run(check, capture_output=True, text=True, timeout=30)
        assert none.returncode == 78 and re.search(r"template_dir: there is no folder .*own", none.stderr), none
        assert subprocess.run([peers.GAZETTE, "template", "export", site.folder + "/own"], capture_output=True, timeout=30).returncode == 0
        assert subprocess.run(check, capture_output=True, timeout=30).returncode == 0
        write(site, "own/mail/mine.html.mustache", "one\n{{#a}}\n")
        write(site, "own/mail/words/de.json", "{")
        broken = subprocess.run(check, capture_output=True, text=True, timeout=30)
        assert broken.returncode == 78 and 'mine.html.mustache:2: section "a" is never closed' in broken.stderr and "de.json" in broken.stderr, broken
    finally:
        site.close()


def test_editors_mail_says_what_stands_in_its_way():
    site = peers.Site(1, [("ann@example.org", "Ann")])
    try:
        told = said(site, "source", "add", "news", "mail")
        assert "has no editors" in told and "gazette list set news --editors" in told and re.search(r"post\+\w+@example\.org becomes posts", told), told
        site.run("list", "set", "news", "--editors", "dana@example.org")
        site.run("source", "remove", "1", "--yes")
        site.set_conf("return_path = bounce+{token}@example.org\n", "")
        told = said(site, "source", "add", "news", "mail")
        assert "no editors" not in told and "return_path" in told and "[inbound]" in told, told
    finally:
        site.close()


def test_what_is_shown_of_lists_and_posts():
    site = peers.Site(1, [("ann@example.org", "Ann")])
    try:
        site.run("list", "set", "news", "--digest", "weekly mon 08:30")
        text = site.run("list", "show", "news").stdout.decode()
        for line in (r"digest +weekly mon 08:30", r"daily +daily 07:00", r"weekly +weekly mon 07:00", r"post address +post\+"):
            assert re.search("^" + line, text, re.M), (line, text)
        assert site.rows("list", "show", "news")[0]["daily"] == "daily 07:00"
        for name in ("title", "language", "timezone", "template", "policy"):
            assert f"{name}: can not be empty" in said(site, "list", "set", "news", f"--{name}", " " if name == "title" else "", status=65)
        write(site, "map.png", PNG)
        site.run("post", "add", "news", "post.md", "--attach", "map.png")
        assert re.search(r"^attachment +map.png \(image/png", site.run("post", "show", "1").stdout.decode(), re.M)
        assert site.rows("post", "show", "1")[0]["attachments"] == [{"name": "map.png", "type": "image/png", "bytes": len(PNG)}]
    finally:
        site.close()


def test_the_same_words_make_no_version():
    sink = peers.Sink()
    site = peers.Site(sink.port, [("ann@example.org", "Ann")])
    try:
        assert "with the same words (draft)" in said(site, "post", "add", "news", "post.md")
        assert "Nothing was changed" in said(site, "post", "edit", "1", "post.md")
        assert "Nothing was changed" in said(site, "post", "set", "1", "--subtitle", "They are back.")
        site.start()
        site.send()
        site.run("campaign", "watch", "1")
        slots = site.rows("stats", "1", "--over-time")
        assert len(slots) == 1 and slots[0]["sent"] == 1 and slots[0]["refused"] == 0 and slots[0]["from"].endswith(":00Z"), slots
        said(site, "stats", "news", "--over-time", status=64)
        assert "(in a campaign)" in said(site, "post", "add", "news", "post.md")
        with open(os.path.join(site.folder, "post.md"), encoding="utf-8") as f:
            post = f.read()
        write(site, "post.md", post.replace("They are back.", "They came back."))
        assert "has version 2" in said(site, "post", "add", "news", "post.md")
        write(site, "notes.txt", "Notes")
        write(site, "post.md", post.replace("They are back.", "They came back.\nattachments: [notes.txt]"))
        assert "has version 3" in said(site, "post", "edit", "1", "post.md") and "Nothing was changed" in said(site, "post", "edit", "1", "post.md")
        # What a campaign carries waits for no digest, and that is said before anything is changed.
        site.run("list", "set", "news", "--digest", "daily")
        write(site, "post.md", post)
        assert "is in a campaign" in said(site, "post", "add", "news", "post.md", "--digest", status=65)
        assert site.rows("post", "show", "1")[0]["version"] == 3
    finally:
        site.close()
        sink.stop()


def test_the_sandbox_shows_pictures_that_come_along():
    with tempfile.TemporaryDirectory(prefix="gazette-sandbox-") as folder:
        box = subprocess.Popen([peers.GAZETTE, "--json", "sandbox", "--smtp", "127.0.0.1:0", "--web", "127.0.0.1:0", "--maildir", folder + "/mails"], stdout=subprocess.PIPE)
        site = None
        try:
            ports = json.loads(box.stdout.readline())
            site = peers.Site(ports["smtp"], [("ann@example.org", "Ann")])
            site.run("list", "set", "news", "--images", "inline")
            write(site, "map.png", PNG)
            write(site, "map.md", "---\ntitle: A map\n---\n\n![The way](map.png)\n\nText.\n")
            site.run("post", "add", "news", "map.md")
            site.start()
            site.run("campaign", "create", "news", "--post", "2")
            site.run("campaign", "test", "1", "--to", "me@example.org")

            def get(path):
                with urllib.request.urlopen(f"http://127.0.0.1:{ports['web']}{path}", timeout=10) as reply:
                    return reply.headers["Content-Type"], reply.read()
            page = get("/")[1].decode()
            assert "<h1>1 mail</h1>" in page, page
            html = get(re.search(r"/mail/[^\"]+", page).group(0) + "/html")[1].decode()
            shown = re.findall(r'src="(/mail/[^"]+/cid/[^"]+)"', html)
            assert shown and "cid:" not in html, html
            assert get(shown[0]) == ("image/png", PNG)
        finally:
            box.terminate()
            box.wait(20)
            if site:
                site.close()


def test_the_sandbox_sends_mail_back():
    with tempfile.TemporaryDirectory(prefix="gazette-sandbox-") as folder:
        box = subprocess.Popen([peers.GAZETTE, "--json", "sandbox", "--smtp", "127.0.0.1:0", "--web", "127.0.0.1:0", "--maildir", folder + "/mails", "--bounce", "100%", "--returns",
                                folder + "/back"], stdout=subprocess.PIPE)
        site = None
        try:
            port = json.loads(box.stdout.readline())["smtp"]
            site = peers.Site(port, [("ann@example.org", "Ann")], extra=f"\n[delivery]\nbreaker = off\n[inbound]\nmaildir = {folder}/back\n")
            site.start()
            site.send()
            site.run("campaign", "watch", "1")
            assert peers.wait_for(lambda: site.stats()["returned"] == 1, 30), site.log()
            assert site.rows("suppression", "ls")[0]["email"] == "ann@example.org"
        finally:
            box.terminate()
            box.wait(20)
            if site:
                site.close()
    wrong = subprocess.run([peers.GAZETTE, "sandbox", "--bounce", "5%"], capture_output=True, text=True, timeout=30)
    assert wrong.returncode == 64 and "--returns" in wrong.stderr, wrong


def test_files_are_named_and_read_for_what_they_are():
    site = peers.Site(1, [("ann@example.org", "Ann")])
    try:
        for n, code in enumerate(("utf-16-be", "utf-16-le", "utf-16")):
            write(site, "wide.csv", f"email,name\nreader{n}@example.org,Zoë\n".encode(code))
            assert b"1 row: 1 added" in site.run("subscriber", "import", "news", "wide.csv", "--consent", "test", "--yes").stdout
        assert {row["name"] for row in site.rows("subscriber", "ls", "news")} == {"Ann", "Zoë"}
        assert "4 readers" in said(site, "subscriber", "export", "news", "out.csv")
        assert "is there already" in said(site, "subscriber", "export", "news", "out.csv", status=65)
        assert "none/out.csv can not be written: No such file" in said(site, "subscriber", "export", "news", "none/out.csv", status=66)
        keygen = subprocess.run([peers.GAZETTE, "-c", "t.conf", "dkim", "keygen", "example.org", "a", "--type", "ed25519"], cwd=site.folder, capture_output=True, text=True, timeout=30)
        assert f"\nkey = {os.path.realpath(site.folder)}/dkim/example.org.a.key" in keygen.stderr, keygen
    finally:
        site.close()


def test_a_section_left_open_hides_nothing():
    with tempfile.TemporaryDirectory() as folder:
        conf = os.path.join(folder, "t.conf")

        def check(text):
            with open(conf, "w", encoding="utf-8") as f:
                f.write(text)
            return subprocess.run([peers.GAZETTED, "-c", conf, "--check"], capture_output=True, text=True, timeout=20).stderr
        told = check("[daemon\ndata_dir = .\nnonsense\nmin_fre = 1\nmore nonsense\n[delivery ; fast\nrate = fast\n[relay:main]\nurl = smtp+plain://127.0.0.1:25\n")
        for what in (r":1: \[daemon: a section ends with \]", r":3: neither", r":4: \[daemon\] min_fre: unknown key", r":5: neither", r":6: \[delivery", r":7: \[delivery\] rate"):
            assert re.search(what, told), (what, told)
        assert told.count("\n") == 6, told
        assert check("[daemon]\ndata_dir = .\n[delivery]\nretry = 5m\n\t15m\n    1h\n[relay:main]\n  url = smtp+plain://127.0.0.1:25\n") == ""
        shown = subprocess.run([peers.GAZETTE, "-c", conf, "config", "-n"], capture_output=True, text=True, timeout=20).stdout
        assert "retry = 5m 15m 1h\n" in shown, shown
        # A value may begin below its key, and a file with the mark that some editors write.
        assert check("\ufeff[daemon]\ndata_dir = .\n[delivery]\nretry =\n\t5m\n    1h\n[relay:main]\nurl =\n  smtp+plain://127.0.0.1:25\n") == ""
        assert check("\ufeff; mine\n[daemon]\ndata_dir = .\n[relay:main]\nurl = smtp+plain://127.0.0.1:25\n") == ""
        told = check("[daemon]\ndata_dir = .\n[delivery]\nretry =\n\tfast\n[relay:main]\nurl = smtp+plain://127.0.0.1:25\n")
        assert told.count("\n") == 1 and ":5: [delivery] retry" in told, told


def read_all(fd):
    os.set_blocking(fd, False)
    text = b""
    try:
        while part := os.read(fd, 65536):
            text += part
    except OSError:
        pass
    return text.decode()


def test_in_the_background_the_terminal_is_left_alone():
    site = peers.Site(1, [("ann@example.org", "Ann")])
    main, other = pty.openpty()
    pid, log = 0, os.path.join(site.folder, "gazetted.log")
    try:
        start = subprocess.run([peers.GAZETTED, "-c", site.conf], cwd=site.folder, stdin=other, stdout=other, stderr=other, timeout=30)
        with open(os.path.join(site.folder, "t.db.daemon"), encoding="utf-8") as f:
            pid = int(re.search(r"pid (\d+)", f.read()).group(1))
        assert start.returncode == 0 and re.search(r"the log is in .*gazetted\.log\s*$", read_all(main)), start
        os.rename(log, log + ".1")
        os.kill(pid, 1)
        assert peers.wait_for(lambda: os.path.exists(log), 20), "the log is not opened again"
        os.kill(pid, 15)
        assert peers.wait_for(lambda: not site.healthy(), 20)
        assert peers.wait_for(lambda: "stopped status=0" in open(log, encoding="utf-8").read(), 20)
        pid = 0
        assert read_all(main) == "", "it goes on talking"
    finally:
        if pid:
            os.kill(pid, 15)
        os.close(main)
        os.close(other)
        site.close()


def test_a_list_that_mailed_nobody_is_deleted_whole():
    sink = peers.Sink()
    site = peers.Site(sink.port, [(f"r{i}@example.org", "R") for i in range(1200)])
    try:
        site.start()
        write(site, "map.png", PNG)
        os.mkdir(os.path.join(site.folder, "in"))
        for words in ("post add news post.md --attach map.png", "post set 1 --title Other", "source add news in", "list set news --digest daily", "campaign create news --post 1",
                      "campaign test 1 --to me@example.org"):
            site.run(*words.split())
        assert "no terminal" in said(site, "list", "delete", "news", status=64)
        assert "deleted, with the consent of its 1200 readers" in said(site, "list", "delete", "news", "--yes")
        db = sqlite3.connect(os.path.join(site.folder, "t.db"))
        left = {table: db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in
                ("list", "subscription", "consent", "post", "post_version", "attachment", "source", "digest", "campaign", "campaign_post", "notice")}
        assert not any(left.values()) and not db.execute("PRAGMA foreign_key_check").fetchall(), left
        assert db.execute("SELECT count(*) FROM subscriber").fetchone()[0] == 1200
        site.run("list", "create", "news", "--from", "news@example.org", "--postal", "1 Main St")
        site.run("subscriber", "add", "news", "ann@example.org", "--consent", "x")
        site.run("post", "add", "news", "post.md")
        site.run("campaign", "create", "news", "--post", "1")
        site.run("campaign", "send", "last", "--yes")
        assert "gazette list close news" in said(site, "list", "rm", "news", "--yes", status=65)
        site.run("campaign", "watch", "last")
        assert "gazette list close news" in said(site, "list", "delete", "news", "--yes", status=65)
        assert len(site.rows("subscriber", "ls", "news")) == 1
        site.run("store", "check")
    finally:
        site.close()
        sink.stop()


def test_help_is_there_without_the_manual():
    bare = {"PATH": "/nonexistent"}
    for topic, words in (("gazette.conf", ("[delivery]", "give_up_after = 4d", "[dkim:DOMAIN/SELECTOR]")), ("gazetted", ("--foreground",)), ("gazette", ("gazette campaign send",))):
        done = subprocess.run([peers.GAZETTE, "help", topic], capture_output=True, text=True, timeout=30, env=bare)
        assert done.returncode == 0 and all(word in done.stdout for word in words), done
    near = subprocess.run([peers.GAZETTE, "campaign", "sned"], capture_output=True, text=True, timeout=30)
    assert near.returncode == 64 and "did you mean send?" in near.stderr, near


def test_a_second_person_is_told_by_account_also_behind_sudo():
    if os.getuid() != 0:
        print("skip test_a_second_person_is_told_by_account_also_behind_sudo: needs root")
        return
    site = peers.Site(1, [("ann@example.org", "Ann")])
    try:
        site.run("list", "set", "news", "--approval")
        as_dana, as_eve = {**os.environ, "SUDO_USER": "dana"}, {**os.environ, "SUDO_USER": "eve"}
        said(site, "campaign", "create", "news", "--post", "1", env=as_dana)
        assert "dana made campaign 1" in said(site, "campaign", "approve", "1", status=77, env=as_dana)
        said(site, "campaign", "approve", "1", env=as_eve)
        assert site.rows("campaign", "show", "1")[0]["approved_by"] == "eve"
    finally:
        site.close()


peers.tests(test_a_relay_that_is_away_is_said_before_and_at_once, test_templates_are_looked_at_with_the_configuration, test_editors_mail_says_what_stands_in_its_way,
            test_what_is_shown_of_lists_and_posts, test_the_same_words_make_no_version, test_the_sandbox_shows_pictures_that_come_along, test_files_are_named_and_read_for_what_they_are,
            test_the_sandbox_sends_mail_back, test_a_section_left_open_hides_nothing, test_in_the_background_the_terminal_is_left_alone,
            test_a_list_that_mailed_nobody_is_deleted_whole, test_help_is_there_without_the_manual, test_a_second_person_is_told_by_account_also_behind_sudo)
