#!/usr/bin/env python3
"""Mails as readers see them: three templates, five posts, in Debian's chromium by mail.mjs."""
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "integration"))
import peers  # noqa: E402

CHROMIUM = "/usr/bin/chromium"
POSTS = ["short", "long", "pictures", "hebrew", "code"]
READER = "ann.lee@reader.example"


def long_post(text):
    """The diary, long enough that Gmail would clip the mail."""
    days = [f"## Day {day}\n\n" + " ".join(f"Block {day * 10 + i} was set at {6 + i} o'clock, with the wind at {(day * 7 + i * 3) % 34} knots and the swell from the north."
                                           for i in range(8)) + "\n" for day in range(1, 130)]
    return text + "\n" + "\n".join(days)


def several(site, campaign, ids):
    """Lets the campaign carry all of them, as a digest does."""
    db = sqlite3.connect(os.path.join(site.folder, "t.db"), timeout=10)
    with db:
        db.executemany("INSERT INTO campaign_post (campaign_id, position, post_id) VALUES (?, ?, ?)", [(campaign, at, post) for at, post in enumerate(ids) if at])
    db.close()


def write(site, folder, name, language, template, posts, subject=()):
    """A list of that template, a campaign of the posts; writes NAME.html, .text and .eml as the reader gets them."""
    title, postal = ("חדשות הנמל", "רציף הצפון 4, חיפה") if language == "he" else ("The Harbour Letter", "4 Northern Quay, 24105 Harbour")
    site.run("list", "create", name, "--title", title, "--from", title + " <letter@harbour.example>", "--postal", postal, "--language", language, "--template", template)
    site.run("subscriber", "add", name, READER, "--name", "Lee, Ann", "--consent", "test")
    ids = []
    for post in posts:
        with open(os.path.join(HERE, "posts", post + ".md"), encoding="utf-8") as f:
            text = f.read()
        path = os.path.join(site.folder, post + ".md")
        with open(path, "w", encoding="utf-8") as f:
            f.write(long_post(text) if post == "long" else text)
        ids.append(site.run("post", "add", name, path).stdout.decode().strip())
    campaign = site.run("campaign", "create", name, "--post", ids[0], *subject).stdout.decode().strip()
    several(site, campaign, ids)
    for part in ("html", "text", "eml"):
        with open(os.path.join(folder, f"{name}.{part}"), "wb") as f:
            f.write(site.run("campaign", "preview", campaign, "--to", READER, "--" + part).stdout)


def make(site, folder):
    for template in ("letter", "news", "digest"):
        for post in POSTS:
            subject = ("--subject", "מהנמל השבוע" if post == "hebrew" else "This week at the harbour") if template == "digest" else ()
            write(site, folder, f"{template}-{post}", "he" if post == "hebrew" else "en", template, [post], subject)
    write(site, folder, "digest-several", "en", "digest", ["short", "pictures", "code", "hebrew"], ("--subject", "The Harbour Letter: four this week"))


def main():
    if not os.path.exists(CHROMIUM) or not os.path.isdir(os.path.join(HERE, "node_modules")):
        print("skip mails in a browser: chromium or the Node tools are missing (scripts/install-deps --test)")
        return 0
    folder = os.environ.get("KEEP") or tempfile.mkdtemp(prefix="gazette-mails-")
    site = peers.Site(1, [])
    try:
        make(site, folder)
        env = {**os.environ, "MAILS": folder, "CHROMIUM": CHROMIUM}
        return subprocess.run(["node", os.path.join(HERE, "mail.mjs")], env=env, timeout=240).returncode
    finally:
        site.close()
        if not os.environ.get("KEEP"):
            shutil.rmtree(folder)


sys.exit(main())
