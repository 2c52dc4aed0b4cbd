#!/usr/bin/env python3
"""Writes the sample site's feed beside a copy of its post page, for the address the sandbox serves it at: make-feed.py SITE OUT BASE_URL"""
import os
import re
import sys
from xml.sax.saxutils import escape

site, out, base = sys.argv[1:4]
os.makedirs(os.path.join(out, "p"), exist_ok=True)
with open(os.path.join(site, "p", "harbour-lights.html"), encoding="utf-8") as f:
    page = f.read().replace("http://127.0.0.1:8025/site", base)
with open(os.path.join(out, "p", "harbour-lights.html"), "w", encoding="utf-8") as f:
    f.write(page)
with open(os.path.join(site, "index.html"), encoding="utf-8") as f, open(os.path.join(out, "index.html"), "w", encoding="utf-8") as copy:
    copy.write(f.read())
body = "\n".join(re.search(r"<article>(.*)</article>", page, re.S).group(1).strip().splitlines()[2:-1])
url = f"{base}/p/harbour-lights.html"
with open(os.path.join(out, "feed.xml"), "w", encoding="utf-8") as f:
    f.write(f"""<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/">
<channel><title>The Quay Courier</title><link>{base}/index.html</link><description>News from a small harbour</description>
<item><title>The harbour lights stay on</title><link>{url}</link><guid isPermaLink="true">{url}</guid><dc:creator>Ida Morrow</dc:creator>
<pubDate>Mon, 23 Nov 2026 06:30:00 +0000</pubDate>
<description>After two dark winters the town found a cheap way to keep its harbour lit all night.</description>
<content:encoded>{escape(body)}</content:encoded></item>
</channel></rss>
""")
