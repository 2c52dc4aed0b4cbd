#!/usr/bin/env python3
"""Gazette as its user meets it: the first send as the README has it, wrong words, broken files, templates and migrations of one's own."""
import contextlib
import json
import os
import re
import shlex
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import peers  # noqa: E402


def readme_lines():
    """The commands of "A first send", as they stand."""
    with open(os.path.join(peers.ROOT, "README.md"), encoding="utf-8") as f:
        block = re.search(r"## A first send.*?```sh\n(.*?)```", f.read(), re.S).group(1)
    return [shlex.split(line, comments=True) for line in block.splitlines()]


def test_the_first_send_runs_as_the_readme_has_it():
    folder = tempfile.mkdtemp(prefix="gazette-first-")
    sink, web = peers.Sink(), peers.free_port()
    daemon, lines = None, readme_lines()
    assert len(lines) >= 9, lines
    with open(os.path.join(folder, "readers.csv"), "w", encoding="utf-8") as f:
        f.write("email,name\nann@example.org,Ann\nbob@example.org,Bob\n")
    with open(os.path.join(folder, "post.md"), "w", encoding="utf-8") as f:
        f.write("---\ntitle: Hello\n---\n\nText.\n")
    try:
        for words in lines:
            words = [w.replace(":2525", f":{sink.port}").replace(":8080", f":{web}") for w in words]
            if words[0] == "gazetted":
                daemon = subprocess.Popen([peers.GAZETTED, *words[1:-1]], cwd=folder, stderr=subprocess.DEVNULL)
                assert words[-1] == "&" and peers.wait_port(web)
                continue
            done = subprocess.run([peers.GAZETTE, *words[1:]], cwd=folder, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
            assert done.returncode == 0, (words, done.returncode, done.stderr)
            if "create" in words and "campaign" in words or words[3:5] == ["post", "add"]:
                assert done.stdout == "1\n", (words, done.stdout)
        stats = json.loads(done.stdout)
        assert stats["sent"] == stats["audience"] == 2 == len(sink.mails) and stats["first_pass_done"] is True, stats
    finally:
        if daemon:
            daemon.terminate()
            daemon.wait(30)
        sink.stop()
        shutil.rmtree(folder)


def test_pages_for_this_machine_are_served_where_their_address_says():
    with tempfile.TemporaryDirectory(prefix="gazette-init-") as folder:
        for url, listen in (("http://127.0.0.1:34081", "127.0.0.1:34081"), ("https://news.example.org", None)):
            conf = os.path.join(folder, "t.conf")
            subprocess.run([peers.GAZETTE, "init", "-c", conf, "--store", "sqlite:" + folder + "/t.db", "--data-dir", folder, "--relay", "smtp+plain://127.0.0.1:2525",
                            "--public-url", url, "--yes"], check=True, capture_output=True)
            with open(conf, encoding="utf-8") as f:
                told = re.search(r"^listen = (.*)$", f.read(), re.M)
            assert (told and told[1]) == listen, (url, told)
            os.unlink(conf)


def test_init_knows_relays_by_name():
    with tempfile.TemporaryDirectory(prefix="gazette-init-") as folder:
        for name, lines in (("sandbox", "url = smtp+plain://127.0.0.1:2525\n"), ("mailgun-eu", "url = smtp://smtp.eu.mailgun.org:587\n"),
                            ("ses-eu-west-1", "url = smtp://email-smtp.eu-west-1.amazonaws.com:587\nsign = no-id-date\n"), ("smtp://mail.example.org:587", "url = smtp://mail.example.org:587\n")):
            conf = os.path.join(folder, "t.conf")
            done = subprocess.run([peers.GAZETTE, "init", "-c", conf, "--store", "sqlite:" + folder + "/t.db", "--data-dir", folder, "--relay", name, "--yes"], check=True, capture_output=True)
            with open(conf, encoding="utf-8") as f:
                text = f.read()
            assert text.endswith("\n[relay:main]\n" + lines) and ("rate = 10/s" in text) == (name != "sandbox"), (name, text)
            assert (b"gazette sandbox" if name == "sandbox" else b"relay test") in done.stderr, done
            os.unlink(conf)


def test_init_never_overwrites():
    site = peers.Site(1, [("ann@example.org", "Ann")])
    try:
        with open(site.conf, encoding="utf-8") as f:
            before = f.read()
        again = site.run("init", "--store", "sqlite:t.db", "--data-dir", ".", "--relay", "smtp+plain://127.0.0.1:2", "--yes", check=False)
        assert again.returncode == 65 and b"stays as it is" in again.stderr, again
        with open(site.conf, encoding="utf-8") as f:
            assert f.read() == before
        os.rename(site.conf, site.conf + ".old")
        assert site.run("init", "--store", "sqlite:t.db", "--data-dir", ".", "--relay", "smtp+plain://127.0.0.1:2", "--yes", check=False).returncode == 0
        assert len(site.rows("subscriber", "ls", "news")) == 1, "init emptied a store that was there"
        wrong = subprocess.run([peers.GAZETTE, "-c", site.folder + "/w.conf", "init", "--relay", "nonsense", "--data-dir", site.folder, "--yes"], capture_output=True)
        assert wrong.returncode in (64, 65, 78) and b"relay" in wrong.stderr and not os.path.exists(site.folder + "/w.conf"), wrong
        unasked = subprocess.run([peers.GAZETTE, "-c", site.folder + "/w.conf", "init"], stdin=subprocess.DEVNULL, capture_output=True)
        assert unasked.returncode == 64 and b"--yes" in unasked.stderr and not os.path.exists(site.folder + "/w.conf"), unasked
    finally:
        site.close()


WRONG = [
    (64, "did you mean campaign?", "campain", "ls"),
    (64, "did you mean create?", "campaign", "creat", "news"),
    (64, "did you mean --post?", "campaign", "create", "news", "--pst", "1"),
    (64, "wants a value", "campaign", "create", "news", "--post"),
    (64, "too much", "list", "show", "news", "more"),
    (64, "missing", "list", "show"),
    (64, "--yes", "campaign", "cancel", "1"),
    (64, "gazette help", "nonsense"),
    (64, "names no campaign", "campaign", "show", "x"),
    (64, "no help on", "help", "nonsense"),
    (67, "unsubscribe link", "subscriber", "show", "https://example.org/u/AAAA"),
    (66, "did you mean news?", "stats", "nws"),
    (66, "no campaign 99", "stats", "99"),
    (66, "did you mean news?", "list", "show", "nws"),
    (66, "did you mean news?", "subscriber", "unsubscribe", "ann@example.org", "nws"),
    (66, "no campaign 99", "campaign", "show", "99"),
    (66, "no post 99", "campaign", "create", "news", "--post", "99"),
    (66, "No such file", "post", "add", "news", "none.md"),
    (66, "No such file", "subscriber", "import", "news", "none.csv", "--consent", "x", "--yes"),
    (67, "no subscriber", "subscriber", "show", "nobody@example.org"),
    (67, "not suppressed", "suppression", "remove", "nobody@example.org"),
    (67, "nobody here", "queue", "--why", "nobody@example.org"),
    (65, "has no @", "subscriber", "show", "nobody"),
    (65, "consent", "subscriber", "add", "news", "new@example.org"),
    (65, "consent", "subscriber", "import", "news", "readers.csv", "--yes"),
    (65, "no list name", "list", "create", "9x", "--title", "X", "--from", "x@example.org"),
    (65, "take another", "list", "create", "api", "--title", "X", "--from", "x@example.org"),
    (65, "already", "list", "create", "news", "--title", "X", "--from", "x@example.org"),
    (65, "--from", "list", "create", "other", "--title", "X"),
    (65, "one address", "list", "create", "other", "--title", "X", "--from", "A <a@example.org>, B <b@example.org>"),
    (65, "no language's code", "list", "set", "news", "--language", "deutsch"),
    (65, "no language's code", "list", "set", "news", "--language", "de-x/../y"),
    (65, "testers", "list", "set", "news", "--testers", "me"),
    (65, "--again", "campaign", "create", "news", "--post", "1"),
    (65, "no time", "campaign", "schedule", "1", "--at", "yesteryear"),
    (65, "has not started", "campaign", "refresh", "1"),
    (69, "does not run", "status"),
]


def test_wrong_words_say_what_where_and_what_to_do():
    site = peers.Site(1, [("ann@example.org", "Ann")])
    try:
        site.run("campaign", "create", "news", "--post", "1")
        for code, words, *command in WRONG:
            done = site.run(*command, check=False)
            said = (done.stdout + done.stderr).decode()
            assert done.returncode == code and words in said and len(said.splitlines()) <= 6, (command, done.returncode, said)
            if code != 69:
                told = site.run("--json", *command, check=False)
                answer = json.loads(told.stdout)
                assert told.returncode == code and words in " ".join(answer.values()) and answer["hint"], (command, answer)
            assert not any(said.count(word) > 1 for word in command if word.startswith("none.")), said
        outside = subprocess.run([peers.GAZETTE, "-c", "/nonexistent/t.conf", "status"], capture_output=True, timeout=20)
        assert outside.returncode == 78 and b"init" in outside.stderr, outside
    finally:
        site.close()


def test_every_command_speaks_json():
    sink = peers.Sink()
    site = peers.Site(sink.port, [("ann@example.org", "Ann"), ("gone@example.org", "")])
    try:
        site.start().send()
        site.run("campaign", "watch", "1")
        site.run("suppression", "add", "gone@example.org")
        os.mkdir(os.path.join(site.folder, "in"))
        commands = ["list ls", "list show news", "list set news", "subscriber ls news", "subscriber show ann@example.org", "post ls news", "post show 1", "post inspect post.md",
                    "campaign ls", "campaign show 1", "campaign check 1", "campaign watch 1", "stats 1", "stats 1 --over-time", "stats news", "status", "config", "config -n", "suppression ls",
                    "store check", "store migrate", "store migrate --dry-run", "template ls", "source add news in", "source ls", "source show 1", "source try in", "source poll 1",
                    "list create other --title O --from o@example.org", "subscriber add news new@example.org --consent x", "post add news post.md", "dkim keygen example.org s1",
                    "subscriber import news readers.csv --consent x --yes", "campaign create news --post 1 --again", "queue", "queue --why", "queue ann@example.org", "campaign missed 1",
                    "list set news --title T", "subscriber set ann@example.org --name A", "subscriber export news out.csv", "source set 1 --interval 5m", "source pause 1",
                    "source resume 1", "source remove 1 --yes", "provider ls --all", "provider show gmail", "provider pause gmail", "provider resume gmail", "provider reset gmail",
                    "relay ls", "relay show main", "relay test", "relay pause main", "relay resume main", "relay reset main", "suppression remove gone@example.org --yes", "template export own",
                    "campaign set 2 --subject X", "campaign set 2 --rate 5/s", "campaign schedule 2 --at +2h --yes", "campaign unschedule 2", "campaign test 2 --to ann@example.org",
                    "campaign rm 2 --yes", "campaign create news --post 1 --again", "campaign cancel 3 --yes", "queue retry", "digest show news", "post skip 1", "post unskip 1",
                    "post set 1 --title Other", "post history 1", "campaign resend 1 --missed", "queue retry --dry-run", "suppression confirm --provisional --dry-run", "suppression drop --provisional --dry-run",
                    "subscriber unsubscribe ann@example.org news", "dkim ls", "list close other --yes", "list delete other --yes"]
        silent = {"queue", "queue --why", "queue ann@example.org", "campaign missed 1", "source try in", "source poll 1", "digest show news", "dkim ls"}  # nothing to say
        for command in commands:
            done = site.run("--json", *command.split(), check=False)
            lines = done.stdout.decode().splitlines()
            assert all(isinstance(json.loads(line), dict) for line in lines), (command, lines)
            assert (lines or command in silent) and not done.stderr, (command, done.returncode, done.stderr)
            assert not re.search(r'"\w+_us":', done.stdout.decode()), (command, lines)
    finally:
        site.close()
        sink.stop()


def test_every_command_has_help_with_an_example():
    listed = subprocess.run([peers.GAZETTE, "help"], capture_output=True, text=True).stdout
    commands = [line.split("   ")[0].split()[1:] for line in listed.splitlines() if line.startswith("  gazette ")]
    assert len(commands) > 40, listed
    for words in commands:
        words = [w for w in words][:2]
        done = subprocess.run([peers.GAZETTE, *words, "--help"], capture_output=True, text=True)
        if done.stdout.startswith("usage:"):
            assert done.returncode == 0 and "Example: gazette" in done.stdout, (words, done.stdout)
        else:
            done = subprocess.run([peers.GAZETTE, words[0], "--help"], capture_output=True, text=True)
            assert done.returncode == 0 and done.stdout.startswith("usage:"), (words, done.stdout)


def test_a_csv_with_broken_rows_imports_the_good_ones():
    site = peers.Site(1, [("ann@example.org", "Ann")])
    path = os.path.join(site.folder, "new.csv")
    try:
        with open(path, "w", encoding="utf-8") as f:
            f.write('email,name\nbob@example.org,Bob\nbroken@,Bad\nno at sign,X\n"c@example.org","C, ""the"" C"\nbob@example.org,Bob again\n')
        done = site.run("--json", "subscriber", "import", "news", "new.csv", "--consent", "fair", "--yes", check=False)
        told = json.loads(done.stdout)
        assert done.returncode == 65 and told["added"] == 2 and told["rejected"] == 2, told
        with open(os.path.join(site.folder, "new.csv.rejected.csv"), encoding="utf-8") as f:
            rejected = f.read()
        assert rejected.splitlines()[0] == "email,name,line,reason" and "broken@,Bad,3," in rejected and "no at sign,X,4," in rejected, rejected
        before = site.rows("subscriber", "ls", "news")
        again = json.loads(site.run("--json", "subscriber", "import", "news", "new.csv", "--consent", "fair", "--yes", check=False).stdout)
        assert again["added"] == again["updated"] == 0 and site.rows("subscriber", "ls", "news") == before, again
        # Mended, it can be imported as it is.
        with open(path, "w", encoding="utf-8") as f:
            f.write(rejected.replace("broken@,", "broken@example.org,").replace("no at sign,", "noat@example.org,"))
        mended = json.loads(site.run("--json", "subscriber", "import", "news", "new.csv", "--consent", "fair", "--yes", check=False).stdout)
        assert mended["added"] == 2 and mended["rejected"] == 0, mended
    finally:
        site.close()


def test_a_row_that_can_not_be_read_is_kept_as_it_stood():
    """One with a stray quote, one with a cell too many; mended by one character each, they can be imported."""
    site = peers.Site(1, [("ann@example.org", "Ann")])
    path = os.path.join(site.folder, "new.csv")
    rows = ['"bob@example.org;Bob', "cy@example.org;Cy;the third", "dee@example.org;Dee;;", '"eve@example.org";"Eve; E."']
    try:
        with open(path, "w", encoding="utf-8") as f:
            f.write("email;name\n" + "\n".join(rows) + "\n")
        done = site.run("--json", "subscriber", "import", "news", "new.csv", "--consent", "fair", "--yes", check=False)
        told = json.loads(done.stdout)
        assert done.returncode == 65 and told["added"] == 2 and told["rejected"] == 2, told
        with open(path + ".rejected.csv", encoding="utf-8") as f:
            rejected = f.read().splitlines()
        assert rejected[0] == "email;name;line;reason" and rejected[1].startswith(rows[0] + ";2;") and "never closed" in rejected[1], rejected
        assert rejected[2].startswith(rows[1] + ";3;") and "3 cells" in rejected[2] and "2 columns" in rejected[2], rejected
        with open(path, "w", encoding="utf-8") as f:
            f.write("\n".join(rejected).replace('"bob', "bob").replace(";the third", ""))
        mended = json.loads(site.run("--json", "subscriber", "import", "news", "new.csv", "--consent", "fair", "--yes").stdout)
        assert mended["added"] == 2 and mended["rejected"] == 0, mended
        assert {row["name"] for row in site.rows("subscriber", "ls", "news")} == {"Ann", "Bob", "Cy", "Dee", "Eve; E."}
    finally:
        site.close()


def test_a_pause_by_hand_is_seen_at_once_and_has_no_end():
    site = peers.Site(1, [("ann@example.org", "Ann")])
    try:
        site.start()
        for group, name in (("relay", "main"), ("provider", "gmail")):
            site.run(group, "pause", name, "--reason", "a quiet day")
            if group == "relay":
                status = site.run("status", check=False)
                assert status.returncode == 75 and b"main is paused" in status.stdout and b"a quiet day" in status.stdout, status.stdout
            shown = site.run(group, "ls").stdout.decode()
            assert re.search(name + r".*held.*resumed.*a quiet day", shown) and "203" not in shown, shown
            row, = [row for row in site.rows(group, "ls") if row[group] == name]
            assert row["state"] == "held" and row["until"] is None, row
            site.run(group, "resume", name)
            assert not [row for row in site.rows(group, "ls") if row[group] == name and row["state"] != "ok"]
        assert site.run("status", check=False).returncode == 0
    finally:
        site.close()


def test_what_waits_is_on_the_one_screen_with_its_end():
    """status: what is due and what is left alone; show: when a campaign will be through."""
    sink = peers.Sink()
    site = peers.Site(sink.port, [(f"r{i}@example.org", "") for i in range(40)])
    try:
        site.set_conf("[delivery]\n", "[delivery]\nrate = 5/m\n")
        site.start().send()
        assert peers.wait_for(lambda: sink.mails, 20), site.log()
        shown = site.run("campaign", "show", "1").stdout.decode()
        assert re.search(r"^through by .*in .*because of the total rate", shown, re.M), shown
        row, = site.rows("campaign", "show", "1")
        assert 60 < row["eta_s"] < 1000 and "rate" in row["eta_by"], row
        again = site.run("campaign", "send", "1", "--yes")
        assert again.returncode == 0 and re.search(rb"already sending since .* by \w+", again.stderr), again
        twice = site.run("campaign", "create", "news", "--post", "1", check=False)
        assert twice.returncode == 65 and b"gazette campaign resend 1 --missed" in twice.stderr, twice
        site.run("campaign", "create", "news", "--post", "1", "--again")
        site.run("campaign", "schedule", "2", "--at", "+3h", "--yes")
        site.run("provider", "pause", "gmail", "--reason", "a quiet day")
        status = site.run("status", check=False).stdout.decode()
        assert re.search(r"^due +campaign 2 .*in (3 h|2 h 59 min)", status, re.M) and re.search(r"^provider +gmail is paused until it is resumed: .*a quiet day", status, re.M), status
        assert json.loads(site.run("--json", "status", check=False).stdout)["due"] == [2]
        late = site.run("campaign", "schedule", "1", "--at", "+1h", "--yes", check=False)
        assert late.returncode == 65 and b"only a draft" in late.stderr and b"warning" not in late.stderr, late
    finally:
        site.close()
        sink.stop()


def test_a_reader_is_found_by_a_mail_or_its_link():
    sink = peers.Sink()
    site = peers.Site(sink.port, [("ann@example.org", "Ann"), ("bob@example.org", "Bob")])
    try:
        site.start().send()
        assert site.run("campaign", "watch", "1").returncode == 0
        mail = next(data for _, to, data in sink.mails if to == "bob@example.org")
        with open(os.path.join(site.folder, "got.eml"), "wb") as f:
            f.write(mail)
        link = re.search(rb"<(http[^>]*/u/[^>]*)>", mail).group(1).decode()
        for who in ("got.eml", link, link + "?utm=1"):
            assert site.rows("subscriber", "show", who)[0]["email"] == "bob@example.org", who
        assert site.run("subscriber", "show", link[:-6] + "AAAAAA", check=False).returncode == 67
    finally:
        site.close()
        sink.stop()


def test_a_closed_list_takes_nobody_and_sends_nothing():
    sink = peers.Sink()
    site = peers.Site(sink.port, [("ann@example.org", "Ann")])
    try:
        os.mkdir(os.path.join(site.folder, "in"))
        site.run("source", "add", "news", "in")
        site.start().send()
        assert site.run("campaign", "watch", "1").returncode == 0 and site.get("/news")[0] == 200
        assert site.run("list", "close", "news", check=False).returncode == 64, "it was not asked"
        site.run("list", "close", "news", "--yes")
        assert site.get("/news")[0] == 404 and site.rows("source", "ls", "news")[0]["state"] == "paused"
        site.run("campaign", "create", "news", "--post", "1", "--again")
        refused = site.run("campaign", "send", "2", "--yes", check=False)
        assert refused.returncode == 65 and b"is closed" in refused.stderr, refused
        path = re.search(rb"<http://[^/]*(/u/[^>]*)>", sink.mails[0][2]).group(1).decode()
        assert site.get(path, b"List-Unsubscribe=One-Click")[0] == 200
        assert site.rows("subscriber", "ls", "news")[0]["state"] == "unsubscribed"
    finally:
        site.close()
        sink.stop()


def test_a_daemon_in_the_background_says_whether_it_started():
    site = peers.Site(1, [("ann@example.org", "Ann")])
    start = [peers.GAZETTED, "-c", site.conf]
    pid = 0
    try:
        with open(os.path.join(site.folder, "daemon.log"), "wb") as log:
            assert subprocess.run(start, cwd=site.folder, stdout=log, stderr=log, timeout=30).returncode == 0
        with open(os.path.join(site.folder, "t.db.daemon"), encoding="utf-8") as f:
            pid = int(re.search(r"pid (\d+)", f.read()).group(1))
        assert site.healthy(), "it was said to serve, and does not"
        assert os.getsid(pid) == pid, "it ends with the terminal it was started on"
        second = subprocess.run(start, cwd=site.folder, capture_output=True, timeout=30)
        assert second.returncode == 75 and f"pid {pid}".encode() in second.stderr, second
        os.kill(pid, 15)
        assert peers.wait_for(lambda: not site.healthy(), 20)
        pid = 0
        site.set_conf("sqlite:t.db", "sqlite:none.db")
        none = subprocess.run(start, cwd=site.folder, capture_output=True, timeout=30)
        assert none.returncode == 66 and b"gazette init" in none.stderr, none
    finally:
        if pid:
            os.kill(pid, 15)
        site.close()


def test_what_is_not_set_is_said_in_words():
    site = peers.Site(1, [("ann@example.org", "Ann")])
    try:
        os.mkdir(os.path.join(site.folder, "in"))
        site.run("source", "add", "news", "in")
        shown = dict(line.split(None, 1) for line in re.sub(r"^(\w+) (\w+) ", r"\1_\2 ", site.run("source", "show", "1").stdout.decode(), flags=re.M).splitlines() if " " in line.strip())
        assert shown["interval"].strip() == "standard" and shown["flood"].strip() == "standard" and "0.0" not in shown.values(), shown
        assert site.rows("source", "show", "1")[0]["interval_s"] is None
        assert re.search(r"^learned +nothing yet$", site.run("provider", "show", "gmail").stdout.decode(), re.M)
        # A test that waits is of no campaign.
        site.run("campaign", "create", "news", "--post", "1")
        site.run("campaign", "test", "1", "--to", "ann@example.org", check=False)
        waiting = site.rows("queue")
        assert waiting and waiting[0]["campaign_id"] is None, waiting
    finally:
        site.close()


class Rude(threading.Thread):
    """A relay that talks up to a command, and hangs up there. "" hangs up instead of the greeting."""

    def __init__(self, at):
        super().__init__(daemon=True)
        self.at = at
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.start()

    def run(self):
        while True:
            try:
                talk = self.socket.accept()[0]
            except OSError:
                return
            threading.Thread(target=self.talk, args=(talk,), daemon=True).start()

    def talk(self, connection):
        with connection, connection.makefile("rb") as lines, contextlib.suppress(ConnectionError):
            if not self.at:
                return
            connection.sendall(b"220 rude\r\n")
            for line in lines:
                word = line.strip().upper()
                if word.startswith(self.at.encode()):
                    return
                connection.sendall(b"354 go on\r\n" if word == b"DATA" else b"250 ok\r\n")


def test_a_relay_that_hangs_up_keeps_everything_queued():
    for at in ("", "EHLO", "MAIL", "RCPT", "DATA"):
        rude = Rude(at)
        site = peers.Site(rude.port, [(f"r{i}@example.org", "") for i in range(5)], sessions=2)
        try:
            site.start().send()
            why = peers.wait_for(lambda: re.search(r"clos|hung up|ended", site.run("queue", "--why").stdout.decode()), 20)
            assert why, (at, site.run("queue", "--why").stdout.decode(), site.log())
            stats = site.stats()
            assert stats["sent"] == stats["bounced"] == stats["uncertain"] == 0 and stats["queued"] + stats["leased"] + stats["inflight"] + stats["deferred"] == 5, (at, stats)
            assert site.rows("suppression", "ls") == []
        finally:
            site.close()
            rude.socket.close()


def test_templates_of_a_folder_come_first():
    sink = peers.Sink()
    site = peers.Site(sink.port, [("ann@example.org", "Ann")])
    own = os.path.join(site.folder, "own")
    try:
        site.run("template", "export", "own")
        assert site.run("template", "export", "own", check=False).returncode == 65, "an export wrote over what was there"
        site.set_conf("[daemon]\n", "[daemon]\ntemplate_dir = own\n")
        for name, old, new in (("mail/letter.html.mustache", "{{title}}</h1>", "{{title}} BY US</h1>"), ("web/list.html.mustache", "<h1", "<p>OUR PAGE</p><h1"),
                               ("web/style.css", "body{", "/* ours */body{")):
            change(own, name, old, new)
        os.unlink(os.path.join(own, "mail", "letter.txt.mustache"))
        site.start().send()
        assert site.run("campaign", "watch", "1").returncode == 0
        assert b"BY US" in sink.mails[0][2], "the mail is not by our template"
        assert "OUR PAGE" in site.get("/news")[1] and "/* ours */" in site.get("/style.css")[1]
        change(own, "mail/letter.html.mustache", "{{title}} BY US</h1>", "{{#nothing}}</h1>\n{{/something}}")
        site.run("campaign", "create", "news", "--post", "1", "--again")
        done = site.run("campaign", "send", "2", "--yes", check=False)
        said = done.stderr.decode()
        assert done.returncode == 65 and re.search(r"own/mail/letter\.html\.mustache:\d+", said) and "nothing" in said and "something" in said, said
        assert site.stats(2)["audience"] == 0
    finally:
        site.close()
        sink.stop()


def change(folder, name, old, new):
    path = os.path.join(folder, name)
    with open(path, encoding="utf-8") as f:
        text = f.read()
    assert old in text, f"{old!r} is not in {name}"
    with open(path, "w", encoding="utf-8") as f:
        f.write(text.replace(old, new, 1))


def test_migrations_of_a_folder_come_first():
    site = peers.Site(1, [("ann@example.org", "Ann")])
    try:
        newest = site.rows("store", "migrate")[0]["newest"]
        name = sorted(os.listdir(os.path.join(peers.ROOT, "schema", "sqlite")))[newest - 1]
        db = sqlite3.connect(os.path.join(site.folder, "t.db"))
        db.execute("UPDATE meta SET value = ? WHERE key = 'schema'", (str(newest - 1),))
        db.commit()
        db.close()
        dry = site.run("store", "migrate", "--dry-run", check=False)
        assert dry.returncode == 75 and f"schema {newest - 1}" in dry.stderr.decode(), dry
        assert site.run("list", "ls", check=False).returncode == 65, "an older store was opened without a migration"
        os.mkdir(os.path.join(site.folder, "schema"))
        with open(os.path.join(site.folder, "schema", name), "w", encoding="utf-8") as f:
            f.write("CREATE TABLE ours (id INTEGER);\nBROKEN;\n")
        site.set_conf("[store]\n", "[store]\nschema_dir = schema\n")
        broken = site.run("store", "migrate", check=False)
        assert broken.returncode not in (0, 75) and b"migration" in broken.stderr and b"BROKEN" in broken.stderr, broken
        with open(os.path.join(site.folder, "schema", name), "w", encoding="utf-8") as f:
            f.write("CREATE TABLE ours (id INTEGER);\n")
        assert site.run("store", "migrate").returncode == 0, "a broken migration left something behind"
        db = sqlite3.connect(os.path.join(site.folder, "t.db"))
        assert db.execute("SELECT count(*) FROM ours").fetchone() == (0,)
        assert db.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone() == (str(newest),)
        db.close()
        assert [f for f in os.listdir(site.folder) if f.startswith("t.db.before-")], "no copy was made before"
    finally:
        site.close()


def test_every_fault_of_a_configuration_is_named_in_one_run():
    site = peers.Site(1, [("ann@example.org", "Ann")])
    try:
        with open(site.conf, "a", encoding="utf-8") as f:
            f.write("[delivery]\nretrie = 5m\nrate = many\nrate = 3/s\nsend_delay = 2y\n[nosection]\nx = 1\n[relay:main]\nverify = perhaps\n")
        done = subprocess.run([peers.GAZETTED, "-c", site.conf, "--check"], capture_output=True, text=True)
        lines = (done.stdout + done.stderr).splitlines()
        assert done.returncode == 78 and all(re.match(r".*t\.conf:\d+: \[", line) for line in lines), lines
        for words in ("did you mean retry?", "no rate", "given twice", "send_delay", "unknown section", "yes or no"):
            assert any(words in line for line in lines), (words, lines)
        folder = subprocess.run([peers.GAZETTED, "-c", site.folder, "--check"], capture_output=True, text=True)
        assert folder.returncode == 78 and "is a folder" in folder.stdout + folder.stderr, folder
    finally:
        site.close()


def test_init_makes_the_store_of_a_configuration_that_is_there():
    with tempfile.TemporaryDirectory(prefix="gazette-test-") as folder:
        conf = folder + "/own.conf"

        def init(*words):
            return subprocess.run([peers.GAZETTE, "-c", conf, "init", *words], stdin=subprocess.DEVNULL, capture_output=True)
        text = f"[daemon]\ndata_dir = {folder}/data\n[store]\nurl = sqlite:own.db\n"
        with open(conf, "w", encoding="utf-8") as f:
            f.write(text)
        told = init("--relay", "smtp+plain://127.0.0.1:25", "--yes")
        assert told.returncode == 65 and b"without options" in told.stderr and not os.path.exists(folder + "/data"), told
        made = init()
        assert made.returncode == 0 and os.path.exists(folder + "/data/own.db") and open(conf, encoding="utf-8").read() == text, made
        again = init()
        assert again.returncode == 65 and b"and so is its store" in again.stderr, again
        with open(conf, "a", encoding="utf-8") as f:
            f.write("[web]\nlisten = 99999\n[inbound]\nlmtp = unix:here\n[relay:main]\nurl = smtp://mx.example.org\nca_file = none.pem\n")
        assert init().returncode == 65 and b"[web] listen" in init().stderr
        faults = subprocess.run([peers.GAZETTED, "-c", conf, "--check"], capture_output=True)
        assert all(words in faults.stderr for words in (b'[web] listen: "99999"', b"[inbound] lmtp:", b"ca_file: there is no")), faults


def test_init_with_a_user_says_where_the_password_goes():
    with tempfile.TemporaryDirectory(prefix="gazette-test-") as folder:
        made = subprocess.run([peers.GAZETTE, "-c", folder + "/g.conf", "init", "--relay", "brevo", "--relay-user", "bob", "--data-dir", folder, "--yes"], capture_output=True)
        path = folder + "/relay.password"
        assert made.returncode == 0 and f"Write the password of bob into {path}.".encode() in made.stderr, made
        assert os.path.getsize(path) == 0 and os.stat(path).st_mode & 0o007 == 0
        checked = subprocess.run([peers.GAZETTED, "-c", folder + "/g.conf", "--check"], capture_output=True)
        assert checked.returncode == 0, checked


def test_output_that_can_not_be_written_is_said():
    site = peers.Site(1, [("ann@example.org", "Ann")] + [(f"r{i}@example.org", f"Reader number {i}") for i in range(4000)])
    try:
        for words in (("list", "ls"), ("subscriber", "show", "ann@example.org"), ("post", "show", "1"), ("help",), ("--version",), ("--json", "list", "ls")):
            for shell in (">/dev/full", ">&-"):
                done = subprocess.run(["sh", "-c", f'exec "$@" {shell}', "sh", peers.GAZETTE, "-c", site.conf, *words], stderr=subprocess.PIPE)
                assert done.returncode == 74 and b"standard output could not be written" in done.stderr, (words, shell, done)
        export = subprocess.run(["sh", "-c", 'ulimit -f 128; trap "" XFSZ; exec "$@"', "sh", peers.GAZETTE, "-c", site.conf, "subscriber", "export", "news", "half.csv"],
                                stderr=subprocess.PIPE, cwd=site.folder)
        assert export.returncode != 0 and b"could not be written" in export.stderr and not os.path.exists(site.folder + "/half.csv"), export
        piped = subprocess.run(["sh", "-c", '(exec "$@"; echo $? >&2) | true', "sh", peers.GAZETTE, "-c", site.conf, "list", "ls"], stderr=subprocess.PIPE)
        assert b"written" not in piped.stderr, piped
    finally:
        site.close()


peers.tests(test_a_row_that_can_not_be_read_is_kept_as_it_stood, test_a_pause_by_hand_is_seen_at_once_and_has_no_end, test_what_is_not_set_is_said_in_words, test_a_daemon_in_the_background_says_whether_it_started,
            test_what_waits_is_on_the_one_screen_with_its_end, test_a_reader_is_found_by_a_mail_or_its_link, test_a_closed_list_takes_nobody_and_sends_nothing,
            test_the_first_send_runs_as_the_readme_has_it, test_init_never_overwrites, test_init_knows_relays_by_name, test_pages_for_this_machine_are_served_where_their_address_says, test_wrong_words_say_what_where_and_what_to_do, test_every_command_speaks_json,
            test_every_command_has_help_with_an_example, test_a_csv_with_broken_rows_imports_the_good_ones, test_a_relay_that_hangs_up_keeps_everything_queued,
            test_templates_of_a_folder_come_first, test_migrations_of_a_folder_come_first, test_every_fault_of_a_configuration_is_named_in_one_run,
            test_init_makes_the_store_of_a_configuration_that_is_there, test_init_with_a_user_says_where_the_password_goes, test_output_that_can_not_be_written_is_said)
