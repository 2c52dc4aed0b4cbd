#!/usr/bin/env python3
"""A large file of readers is written in the order of its addresses; what it says does not change by that."""
import csv
import io
import json
import os
import re
import signal
import subprocess

import peers


def test_of_two_rows_with_one_address_the_later_one_stands():
    site = peers.Site(peers.free_port(), [("first@example.org", "First")])
    try:
        with open(os.path.join(site.folder, "many.csv"), "w", encoding="utf-8") as f:
            f.write("email,name,city\n")
            f.writelines(f"r{(i * 7919) % 3000}@example.org,Early {i},Rome\n" for i in range(3000))
            f.writelines(f"R{i}@example.org,Late {i},Oslo\n" for i in range(0, 3000, 3))
            f.write("no address,X,\n")
        site.run("subscriber", "import", "news", "many.csv", "--consent", "fair", "--update", "--yes", check=False)
        rows = {row["email"].lower(): row for row in csv.DictReader(io.StringIO(site.run("subscriber", "export", "news").stdout.decode()))}
        assert len(rows) == 3001, len(rows)
        assert rows["r3@example.org"]["name"] == "Late 3" and rows["r3@example.org"]["city"] == "Oslo", rows["r3@example.org"]
        assert rows["r4@example.org"]["name"].startswith("Early"), rows["r4@example.org"]
        with open(os.path.join(site.folder, "many.csv.rejected.csv"), encoding="utf-8") as f:
            assert len(f.read().splitlines()) == 2
    finally:
        site.close()


def test_an_interrupt_ends_it_between_two_lines():
    site = peers.Site(peers.free_port(), [("first@example.org", "First")])
    try:
        total = 200000
        with open(os.path.join(site.folder, "many.csv"), "w", encoding="utf-8") as f:
            f.write("email,name\n")
            f.writelines(f"r{i}@example.org,Reader {i}\n" for i in range(total))
        words = ("subscriber", "import", "news", "many.csv", "--consent", "fair", "--yes")
        going = subprocess.Popen([peers.GAZETTE, "-c", site.conf, *words], cwd=site.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert peers.wait_for(lambda: site.run("subscriber", "show", "r0@example.org", check=False).returncode == 0, 60, 0.02)
        going.send_signal(signal.SIGINT)
        said = going.communicate(timeout=60)[1].decode()
        stopped = re.search(r"stopped after line (\d+); what was read is in, running it again goes on", said)
        assert going.returncode == 130 and stopped, (going.returncode, said)
        there = int(stopped.group(1)) - 1
        assert 0 < there < total, there
        again = site.run("--json", *words)
        result = json.loads(again.stdout)
        assert result["same"] == there and result["added"] == total - there and result["rejected"] == 0, (there, result)
    finally:
        site.close()


def test_a_long_path_in_any_script_is_taken():
    """The consent says which file it came from, cut to fit, and never within a letter."""
    site = peers.Site(peers.free_port(), [("first@example.org", "First")])
    try:
        for i, start in enumerate(("", "a")):
            name = start + "подписчики" * 10 + ".csv"
            with open(os.path.join(site.folder, name), "w", encoding="utf-8") as f:
                f.write(f"email\nnew{i}@example.org\n")
            site.run("subscriber", "import", "news", name, "--consent", "fair", "--yes")
        assert "new1@example.org" in site.run("subscriber", "export", "news").stdout.decode()
    finally:
        site.close()


peers.tests(test_an_interrupt_ends_it_between_two_lines, test_of_two_rows_with_one_address_the_later_one_stands, test_a_long_path_in_any_script_is_taken)
