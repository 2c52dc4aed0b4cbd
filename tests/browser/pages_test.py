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
        with open(os.path.join(mails, "." + to), "wb") as f:
            f.write(data)
        os.rename(os.path.join(mails, "." + to), os.path.join(mails, to))
    sink = peers.Sink(dot=keep)
    site = peers.Site(sink.port, [(f"r{i}@reader.test", f"Reader {i}") for i in range(4)])
    try:
        site.run("list", "set", "news", "public", "yes", check=False)
        site.run("list", "create", "long", "--title", LONG, "--from", "Long <long@example.org>", "--postal", "1 Main St, Springfield", "--description",
                 "News from a small harbour, with a sentence that is long enough to be broken on a narrow screen, and " + LONG)
        site.run("list", "create", "hebrew", "--title", "חדשות הנמל", "--from", "News <he@example.org>", "--postal", "1 Main St, Springfield", "--description", "חדשות מנמל קטן")
        site.start().send()
        site.run("campaign", "watch", "1")
        env = {**os.environ, "SITE": f"http://127.0.0.1:{site.web}", "MAILS": mails, "CHROMIUM": CHROMIUM}
        return subprocess.run(["node", os.path.join(HERE, "pages.mjs")], env=env, timeout=240).returncode
    finally:
        site.close()
        sink.stop()
        shutil.rmtree(mails)


sys.exit(main())
