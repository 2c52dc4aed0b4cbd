#!/usr/bin/env python3
"""The readers' pages in Debian's chromium: a site of its own for pages.mjs, which clicks, looks and prints the lines."""
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "integration"))
import peers  # noqa: E402

CHROMIUM = "/usr/bin/chromium"
LONG = "Donaudampfschifffahrtsgesellschaftskapitänsnachrichten"


def main():
    if not os.path.exists(CHROMIUM) or not os.path.isdir(os.path.join(HERE, "node_modules")):
        print("skip pages in a browser: chromium or the Node tools are missing (scripts/install-deps --test)")
        return 0
    mails = tempfile.mkdtemp(prefix="gazette-mails-")

    def keep(to, data):
        # The first mail to each: the confirmation, or the first issue.
        if os.path.exists(os.path.join(mails, to)):
            return
        with open(os.path.join(mails, "." + to), "wb") as f:
            f.write(data)
        os.rename(os.path.join(mails, "." + to), os.path.join(mails, to))
    sink = peers.Sink(dot=keep)
    site = peers.Site(sink.port, [(f"r{i}@reader.test", f"Reader {i}") for i in range(4)])
    try:
        site.run("list", "set", "news", "public", "yes", check=False)
        site.run("list", "create", "long", "--title", LONG, "--from", "Long <long@example.org>", "--postal", "1 Main St, Springfield", "--description",
                 "News from a small harbour, with a sentence that is long enough to be broken on a narrow screen, and " + LONG)
        site.run("list", "create", "hebrew", "--title", "חדשות הנמל", "--from", "News <he@example.org>", "--postal", "1 Main St, Springfield", "--description", "חדשות מנמל קטן", "--language", "he")
        site.run("subscriber", "add", "hebrew", "r0@reader.test", "--consent", "test")
        posts = {"news": ["pictures", "code"], "hebrew": ["hebrew"]}
        ids = {name: [(name, site.run("post", "add", name, os.path.join(HERE, "posts", post + ".md")).stdout.decode().strip()) for post in posts[name]] for name in posts}
        site.start().send()
        site.run("campaign", "watch", "1")
        for name, post in ids["news"] + ids["hebrew"]:
            campaign = site.run("campaign", "create", name, "--post", post).stdout.decode().strip()
            site.run("campaign", "send", campaign, "--yes", "--ignore", "placeholder")
            site.run("campaign", "watch", campaign)
        env = {**os.environ, "SITE": f"http://127.0.0.1:{site.web}", "MAILS": mails, "CHROMIUM": CHROMIUM}
        return subprocess.run(["node", os.path.join(HERE, "pages.mjs")], env=env, timeout=240).returncode
    finally:
        site.close()
        sink.stop()
        shutil.rmtree(mails)


sys.exit(main())
