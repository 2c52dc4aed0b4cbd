#!/usr/bin/python3
"""feedparser_bench.py SECONDS FILE...: the same for Debian's python3-feedparser."""
import json
import sys
import time

import feedparser

seconds, paths = float(sys.argv[1]), sys.argv[2:]
files = []
for path in paths:
    with open(path, "rb") as f:
        files.append(f.read())
read = posts = 0
begin = time.process_time()
while read == 0 or time.process_time() - begin < seconds:
    for data in files:
        # As bytes with the headers of a response: from a name it would read a file.
        posts += len(feedparser.parse(data, response_headers={"content-location": "https://bench.example/feed.xml"}).entries)
        read += 1
took = time.process_time() - begin
print(json.dumps({"kind": "feedparser", "files": len(files), "read": read, "posts": posts, "seconds": round(took, 3), "per_s": round(read / took, 1)}))
