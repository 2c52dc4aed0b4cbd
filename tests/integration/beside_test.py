#!/usr/bin/env python3
"""What lies beside a post's own file: pictures and attachments come from its folder and from nowhere else, and nothing vanishes without a word."""
import email
import email.policy
import os
import re
import struct
import sys
import time
import urllib.error
import urllib.request
import zlib

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import peers  # noqa: E402

READERS = [("ann@reader.test", "Ann"), ("bob@reader.test", "Bob")]


def status_of(url, tags):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers={"If-None-Match": tags}), timeout=10) as reply:
            return reply.status if reply.read() else "nothing"
    except urllib.error.HTTPError as reply:
        assert reply.code != 304 or reply.headers["ETag"] in tags or tags == "*"
        return reply.code


def png(width, height, colour=b"\x30\x60\x90"):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) + \
        chunk(b"IDAT", zlib.compress((b"\0" + colour * width) * height)) + chunk(b"IEND", b"")


def write(folder, name, data):
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path + ".part", "wb") as f:
        f.write(data if isinstance(data, bytes) else data.encode())
    os.rename(path + ".part", path)


def mail(site, campaign, to="ann@reader.test"):
    raw = site.run("campaign", "preview", str(campaign), "--to", to, "--eml").stdout
    return email.message_from_bytes(raw, policy=email.policy.default)


def html_of(message):
    return message.get_body(("html",)).get_content()


def add(site, name, *options, check=True):
    done = site.run("post", "add", "news", name, *options, check=check)
    return done.stdout.decode().strip(), done.stderr.decode()


def campaign_of(site, post):
    return site.run("campaign", "create", "news", "--post", post).stdout.decode().strip()


def pictures(site, post):
    return re.findall(r'<img src="([^"]+)"', site.rows("post", "show", post)[0]["html"])


def test_a_picture_beside_the_post_is_shown_and_served():
    site = peers.Site(1, READERS)
    try:
        write(site.folder, "posts/one.png", png(300, 200))
        write(site.folder, "posts/im ages/two.png", png(64, 48))
        write(site.folder, "posts/post.md", "# With pictures\n\n![A view](one.png) and ![B](im%20ages/two.png?raw=1) and ![far](https://example.org/x.png)\n")
        write(site.folder, "posts/page.html", "<html><head><title>A page</title></head><body><article><h1>A page</h1><p>" + "Words of a page. " * 40 + "</p><p><img src='./one.png' alt='A view'></p></article></body></html>")
        post, said = add(site, "posts/post.md")
        assert "warning" not in said, said
        shown = pictures(site, post)
        assert len(shown) == 3 and shown[2] == "https://example.org/x.png" and shown[0].startswith(f"http://127.0.0.1:{site.web}/i/") and shown[0].endswith(".png"), shown
        again, _ = add(site, "posts/post.md")
        assert again == post and site.rows("post", "show", post)[0]["version"] == 1
        page, said = add(site, "posts/page.html")
        assert pictures(site, page) == [shown[0]] and "warning" not in said, (pictures(site, page), said)
        number = campaign_of(site, post)
        html = html_of(mail(site, number))
        for url, size in ((shown[0], 'width="300" height="200"'), (shown[1], 'width="64" height="48"')):
            assert re.search(f'<img src="{re.escape(url)}" alt="[^"]*" {size} ', html), (url, size, html)
        site.run("list", "set", "news", "--images", "inline")
        message = mail(site, number)
        files = [part for part in message.walk() if part.get_content_type() == "image/png"]
        assert [p.get_content() for p in files] == [png(300, 200), png(64, 48)], [p.get_filename() for p in files]
        assert html_of(message).count('src="cid:') == 2 and "https://example.org/x.png" in html_of(message)
        site.start()
        for url, data in zip(shown, (png(300, 200), png(64, 48))):
            with urllib.request.urlopen(url, timeout=10) as reply:
                assert reply.read() == data and reply.headers["Content-Type"] == "image/png" and "nosniff" in reply.headers["X-Content-Type-Options"]
        # For good, and under its own name: who has it is not sent it again.
        key = shown[0].rsplit("/", 1)[1].split(".")[0]
        with urllib.request.urlopen(shown[0], timeout=10) as reply:
            assert reply.headers["ETag"] == f'"{key}"' and reply.headers["Cache-Control"] == "public, max-age=31536000, immutable", reply.headers
        for tags, status in ((f'"x", "{key}"', 304), ("*", 304), ('"x"', 200), (f'"{key[1:]}"', 200)):
            assert status_of(shown[0], tags) == status, (tags, status)
        assert status_of(shown[0].replace(key, "0" * 32), f'"{"0" * 32}"') == 404
        assert site.get("/i/" + "0" * 32 + ".png")[0] == 404 and site.get("/i/..%2f..%2fetc%2fpasswd")[0] == 404
        # Another picture under the same name is a new version.
        write(site.folder, "posts/one.png", png(300, 200, b"\x90\x10\x10"))
        add(site, "posts/post.md")
        assert site.rows("post", "show", post)[0]["version"] == 2 and pictures(site, post)[0] != shown[0]
        with open(os.path.join(site.folder, "posts/post.md"), encoding="utf-8") as f:
            edited = f.read().replace("A view", "Another view")
        write(site.folder, "posts/post.md", edited)
        site.run("post", "edit", post, "posts/post.md")
        row = site.rows("post", "show", post)[0]
        assert row["version"] == 3 and "Another view" in row["html"] and len(pictures(site, post)) == 3
    finally:
        site.close()


def test_what_can_not_be_shown_is_said():
    site = peers.Site(1, READERS)
    try:
        write(site.folder, "secret.png", png(10, 10))
        write(site.folder, "posts/large.png", png(10, 10) + os.urandom(5 << 20))
        write(site.folder, "posts/words.png", "no picture at all")
        write(site.folder, "posts/shape.svg", "<svg xmlns='http://www.w3.org/2000/svg'/>")
        write(site.folder, "elsewhere/pic.png", png(10, 10))
        os.symlink("../secret.png", os.path.join(site.folder, "posts/link.png"))
        os.symlink("../elsewhere", os.path.join(site.folder, "posts/sub"))
        os.mkfifo(os.path.join(site.folder, "posts/pipe.png"))
        os.mkdir(os.path.join(site.folder, "posts/folder.png"))
        cases = {"../secret.png": "leads out", "x/../../secret.png": "x/../../secret.png", "link.png": "symbolic link", "sub/pic.png": "symbolic link", "missing.png": "put the file beside",
                 "large.png": "larger than 4 MB", "words.png": "no PNG, JPEG or GIF", "shape.svg": "no PNG, JPEG or GIF", "pipe.png": "no file", "folder.png": "no file",
                 "/etc/passwd": "beside the post", f"{site.folder}/secret.png": "beside the post", f"file://{site.folder}/secret.png": "beside the post", "data:image/png;base64,AAAA": "beside the post"}
        for number, (src, words) in enumerate(cases.items()):
            write(site.folder, f"posts/p{number}.md", f"# Post {number}\n\nBefore ![alt]({src}) behind, number {number}.\n")
            post, said = add(site, f"posts/p{number}.md")
            assert post and "warning: picture" in said and words in said, (src, said)
            assert pictures(site, post) == [] and "behind" in site.rows("post", "show", post)[0]["text"]
        with open(os.path.join(site.folder, "secret.png"), "rb") as f:
            secret = f.read()
        site.run("list", "set", "news", "--images", "inline")
        assert secret not in mail(site, campaign_of(site, post)).as_bytes()
        import subprocess
        done = subprocess.run([peers.GAZETTE, "-c", site.conf, "post", "add", "news", "-"], input=b"# From a pipe\n\n![x](secret.png)\n", capture_output=True, cwd=site.folder, timeout=30)
        assert done.returncode == 0 and b"no folder" in done.stderr, done
        # A link to a file beside the post leads nowhere; one within the post is none of a mail's faults.
        write(site.folder, "posts/links.md", "# Links\n\n[menu](menu.pdf), [above](#links), [web](https://example.org/) and [mail](mailto:a@example.org).\n")
        post, said = add(site, "posts/links.md")
        assert said.count("warning") == 1 and "link menu.pdf leads nowhere" in said, said
        # On the web it may be there, if it is not here.
        write(site.folder, "posts/web.md", "---\ntitle: On the web\nurl: https://example.org/p/web/\n---\n\n![a](pic.png) ![b](/assets/b.png) ![c](words.png)\n")
        post, said = add(site, "posts/web.md")
        assert pictures(site, post) == ["https://example.org/p/web/pic.png", "https://example.org/assets/b.png"] and said.count("warning") == 1 and "words.png" in said, (said, pictures(site, post))
    finally:
        site.close()


def test_front_matter_names_attachments():
    site = peers.Site(1, READERS)

    def names(post):
        message = mail(site, campaigns[post])
        return {part.get_filename(): part.get_payload(decode=True) for part in message.iter_attachments()}
    try:
        write(site.folder, "posts/files/menu.pdf", b"%PDF-1.4 menu")
        write(site.folder, "posts/notes.txt", "plain words\n")
        write(site.folder, "posts/run.exe", b"MZ")
        write(site.folder, "posts/large.bin", b"\0" * (11 << 20))
        write(site.folder, "secret.txt", "secret")
        campaigns = {}
        for name, front in (("yaml.md", "---\ntitle: In YAML\nattachments:\n  - files/menu.pdf\n  - notes.txt\n---\n"),
                            ("toml.md", '+++\ntitle = "In TOML"\nattachments = ["files/menu.pdf",\n  "notes.txt"]\n+++\n'),
                            ("json.md", '{"title": "In JSON", "attachments": ["files/menu.pdf", "notes.txt"]}\n')):
            write(site.folder, "posts/" + name, front + f"\nWords of {name}.\n")
            post, _ = add(site, "posts/" + name)
            campaigns[post] = campaign_of(site, post)
            assert names(post) == {"menu.pdf": b"%PDF-1.4 menu", "notes.txt": b"plain words\n"}, names(post)
        # What the file names no more goes; what was attached by hand stays.
        write(site.folder, "hand.txt", "by hand")
        write(site.folder, "posts/json.md", '{"title": "In JSON", "attachments": "notes.txt"}\n\nOther words.\n')
        add(site, "posts/json.md", "--attach", "hand.txt")
        assert names(post) == {"notes.txt": b"plain words\n", "hand.txt": b"by hand"}, names(post)
        site.run("post", "set", post, "--title", "Another title")
        assert len(names(post)) == 2, "a title by hand took the files away"
        for number, (path, words) in enumerate({"missing.pdf": "missing.pdf", "../secret.txt": "leads out", "run.exe": "refuse mail with .exe", "large.bin": "larger than 10 MB", "/etc/passwd": "no path within"}.items()):
            write(site.folder, f"posts/bad{number}.md", f"---\ntitle: Bad {number}\nattachments:\n  - notes.txt\n  - {path}\n---\n\nWords {number}.\n")
            done = site.run("post", "add", "news", f"posts/bad{number}.md", check=False)
            said = done.stderr.decode()
            assert done.returncode in (65, 66, 77) and f"bad{number}.md" in said and "line 5" in said and words in said, (done.returncode, said)
        assert not [row for row in site.rows("post", "ls", "news") if row["title"].startswith("Bad")]
    finally:
        site.close()


def test_a_watched_folder_says_what_it_leaves_out():
    sink = peers.Sink()
    site = peers.Site(sink.port, READERS, extra="\n[source]\nfolder_interval = 1s\n[delivery]\nsend_delay = 1s\n")
    folder = os.path.join(site.folder, "watched")
    os.mkdir(folder)

    def posts():
        return {row["title"]: row for row in site.rows("post", "ls", "news")}

    def source():
        return site.rows("source", "show", "1")[0]
    try:
        write(folder, "old.md", "# Old\n\nAlready there.\n")
        site.run("source", "add", "news", folder, "--policy", "send")
        site.run("list", "set", "news", "--images", "inline")
        site.start()
        write(folder, "img/pic.png", png(40, 30))
        write(folder, "menu.pdf", b"%PDF-1.4 menu")
        write(folder, "whole.md", "A title underlined\n==================\n\n![A view](img/pic.png)\n")
        assert peers.wait_for(lambda: len(sink.mails) == 2, 30), site.log()
        message = email.message_from_bytes(sink.mails[0][2], policy=email.policy.default)
        assert message["Subject"] == "A title underlined" and [p.get_content() for p in message.walk() if p.get_content_type() == "image/png"] == [png(40, 30)]
        # No title, a picture that is not there, an attachment that is not there: each is said, the rest goes on.
        write(folder, "nameless.md", "Just words without a heading.\n")
        write(folder, "lost.md", "# A picture is missing\n\n![A view](img/gone.png)\n")
        write(folder, "torn.md", "---\ntitle: An attachment is missing\nattachments: [gone.pdf]\n---\n\nWords.\n")
        write(folder, "good.md", "---\ntitle: Good\nattachments: [menu.pdf]\n---\n\nOther words.\n")
        assert peers.wait_for(lambda: len(sink.mails) == 4, 30), site.log()
        assert all(b"Good" in data and b"menu.pdf" in data for _, _, data in sink.mails[2:])
        assert peers.wait_for(lambda: "A picture is missing" in posts(), 20)
        lost = posts()["A picture is missing"]
        assert lost["state"] == "draft" and "gone.png" in lost["alert"], lost
        row = source()
        for words in ("nameless.md has no title: begin it with", "lost.md: picture img/gone.png", "torn.md: line 3: attachment gone.pdf"):
            assert words in row["note"], (words, row["note"])
        assert row["state"] == "active" and not row["error"] and "" not in posts() and "An attachment is missing" not in posts(), posts()
        tried = site.run("source", "try", folder).stderr.decode()
        polled = site.run("source", "poll", "1").stderr.decode()
        shown = site.run("source", "show", "1").stdout.decode()
        assert all("nameless.md has no title" in said and "gone.pdf" in said for said in (tried, polled, shown)), (tried, polled, shown)
        write(folder, "img/gone.png", png(8, 8))
        write(folder, "nameless.md", "# Named\n\nJust words with a heading.\n")
        write(folder, "gone.pdf", b"%PDF-1.4 x")
        assert peers.wait_for(lambda: not source()["note"], 20), source()
        assert peers.wait_for(lambda: {"Named", "An attachment is missing"} <= set(posts()), 20), posts()
        time.sleep(2.5)
        assert posts()["A picture is missing"]["state"] == "draft" and len(pictures(site, str(lost["id"]))) == 1
        text = site.log()
        assert text.count("nameless.md has no title") <= 3, "the log says it at each look"
    finally:
        site.close()
        sink.stop()


def test_a_post_in_a_watched_folder_is_no_link():
    """Who may write into the folder must not have other files of the machine mailed (RULES 3.4: links that lead out)."""
    site = peers.Site(1, READERS)
    try:
        folder = os.path.join(site.folder, "posts")
        os.makedirs(folder)
        site.run("source", "add", "news", folder, "--policy", "draft")
        write(site.folder, "secret.txt", "# A secret\n\nOf the machine.\n")
        write(folder, "good.md", "# Good\n\nWords.\n")
        os.symlink("../secret.txt", os.path.join(folder, "link.md"))
        os.symlink("nowhere", os.path.join(folder, "dead.md"))
        os.mkfifo(os.path.join(folder, "pipe.md"))
        os.mkdir(os.path.join(folder, "folder.md"))
        site.run("source", "poll", "1")
        assert [row["title"] for row in site.rows("post", "ls") if row["source_id"]] == ["Good"], site.rows("post", "ls")
        note = site.rows("source", "show", "1")[0]["note"]
        assert "link.md: is a symbolic link" in note and "dead.md: is a symbolic link" in note and "pipe" not in note, note
        # A link to the folder itself is the admin's own.
        os.symlink(folder, os.path.join(site.folder, "current"))
        assert "Good" in site.run("source", "try", os.path.join(site.folder, "current")).stdout.decode()
    finally:
        site.close()


def test_long_paths_in_any_script_keep_no_post_back():
    """What is said of a path is cut to fit, and never within a letter: the store takes text only, and the folder's other posts come too."""
    site = peers.Site(1, READERS)
    try:
        folder = os.path.join(site.folder, "posts")
        os.makedirs(folder)
        site.run("source", "add", "news", folder, "--policy", "draft")
        for extra in ("", "a", "aa"):
            long = extra + "картинка" * 20
            write(folder, f"p{extra}.md", f"# Picture {extra}\n\n<p><img src='/{long}.png'> and <img src='{long}.png'></p>\n")
            write(folder, f"l{extra}.md", f"# Link {extra}\n\n<p><a href='{long}'>words</a></p>\n")
        site.run("source", "poll", "1")
        titles = {row["title"] for row in site.rows("post", "ls")}
        assert {"Picture", "Picture a", "Picture aa", "Link", "Link a", "Link aa"} <= titles, titles
        assert "картинка" in site.rows("source", "show", "1")[0]["note"]
    finally:
        site.close()


def test_a_file_without_a_title_is_refused():
    site = peers.Site(1, READERS)
    try:
        before = len(site.rows("post", "ls"))
        for name, text, words in (("a.md", "Just words.\n", "# Title"), ("b.md", "## Second level\n\nWords.\n", "# Title"), ("c.html", "<p>Words of no page.</p>", "<h1>"), ("d.md", "---\nauthor: Ann\n---\n\nWords.\n", "title:")):
            write(site.folder, name, text)
            done = site.run("post", "add", "news", name, check=False)
            assert done.returncode == 65 and name in done.stderr.decode() and words in done.stderr.decode(), (name, done)
            os.remove(os.path.join(site.folder, name))
        assert len(site.rows("post", "ls")) == before
        write(site.folder, "e.md", "Storks & *cranes*\n===\n\nWords.\n")
        post, _ = add(site, "e.md")
        assert site.rows("post", "show", post)[0]["title"] == "Storks & cranes"
    finally:
        site.close()


peers.tests(test_a_picture_beside_the_post_is_shown_and_served, test_what_can_not_be_shown_is_said, test_front_matter_names_attachments,
            test_a_watched_folder_says_what_it_leaves_out, test_a_post_in_a_watched_folder_is_no_link, test_long_paths_in_any_script_keep_no_post_back, test_a_file_without_a_title_is_refused)
