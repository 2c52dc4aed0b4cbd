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


EXPORTS = {
    "mailchimp": ("Email Address,First Name,Last Name,MEMBER_RATING,OPTIN_IP,UNSUB_TIME,EUID,TAGS\n"
                  'stays@example.org,Ann,Lee,2,192.0.2.1,,e1,"a,b"\nleft@example.org,Bob,,2,192.0.2.1,2026-01-02 10:00:00,e2,\n', "Ann Lee", {"tags": "a,b"}),
    "substack": ("email,active_subscription,expiry,plan,email_disabled,created_at\nstays@example.org,false,,other,false,2024-01-01\n"
                 "left@example.org,false,,other,true,2024-01-01\n", "", {}),
    "ghost": ("id,email,name,note,subscribed_to_emails,stripe_customer_id,created_at,labels\n1,stays@example.org,Ann Lee,,true,cus_1,2024-01-01,\n"
              "2,left@example.org,Bob,,false,cus_2,2024-01-01,\n", "Ann Lee", {}),
    "beehiiv": ("email,status,created_at,utm_source\nstays@example.org,active,2024-01-01,x\nleft@example.org,inactive,2024-01-01,x\n", "", {}),
    "listmonk": ("uuid,email,name,status,created_at\nu1,stays@example.org,Ann Lee,enabled,2024-01-01\nu2,left@example.org,Bob,blocklisted,2024-01-01\n", "Ann Lee", {}),
    "mailman": ("stays@example.org\nAnn Lee <second@example.org>\n\"Lee, Bob\" <third@example.org>\nnobody\n", "", {}),
}


def test_exports_of_other_programs_bring_nobody_back_who_left():
    for program, (text, name, attributes) in EXPORTS.items():
        site = peers.Site(peers.free_port(), [("first@example.org", "First")])
        try:
            with open(os.path.join(site.folder, "theirs.csv"), "w", encoding="utf-8") as f:
                f.write(text)
            done = site.run("subscriber", "import", "news", "theirs.csv", "--from", program, "--consent", "theirs", "--yes", check=False)
            assert done.returncode == (65 if program == "mailman" else 0), done
            rows = {row["email"]: row for row in site.rows("subscriber", "ls", "news") if row["state"] == "active"}
            reader = site.rows("subscriber", "show", "stays@example.org")[0]
            assert "stays@example.org" in rows and "left@example.org" not in rows and reader["name"] == name, (program, rows)
            assert json.loads(reader["attributes"]) == attributes, (program, reader)
            if program == "mailman":
                assert rows["second@example.org"]["name"] == "Ann Lee" and rows["third@example.org"]["name"] == "Lee, Bob" and len(rows) == 4, rows
            # What says that somebody left is found by its name alone.
            elif program != "beehiiv":
                site.run("list", "create", "other", "--from", "o@example.org")
                site.run("subscriber", "import", "other", "theirs.csv", "--consent", "theirs", "--yes")
                assert [row["email"] for row in site.rows("subscriber", "ls", "other") if row["state"] == "active"] == ["stays@example.org"], program
        finally:
            site.close()
    site = peers.Site(peers.free_port(), [("first@example.org", "First")])
    try:
        wrong = site.run("subscriber", "import", "news", "readers.csv", "--from", "mailchip", "--consent", "x", "--yes", check=False)
        assert wrong.returncode == 65 and b"none of mailchimp, substack" in wrong.stderr, wrong
    finally:
        site.close()


def test_columns_and_merge_tags_are_named_in_any_script():
    site = peers.Site(peers.free_port(), [("first@example.org", "First")])

    def take(name, text, *words):
        with open(os.path.join(site.folder, name), "w", encoding="utf-8") as f:
            f.write(text)
        return site.run("subscriber", "import", "news", name, "--consent", "fair", "--yes", *words, check=False)

    def show(address):
        row = site.rows("subscriber", "show", address)[0]
        return {"name": row["name"], "attributes": json.loads(row["attributes"])}
    try:
        take("he.csv", "דוא״ל,שם פרטי,שם משפחה,\u200fעיר מגורים\nnoa@example.org,נועה,כהן,חיפה\n")
        row = show("noa@example.org")
        assert row["name"] == "נועה כהן" and row["attributes"] == {"עיר_מגורים": "חיפה"}, row
        take("fr.csv", "E-mail;Prénom;Nom;Größe (cm)\neve@example.org;Ève;Roux;170\n")
        row = show("eve@example.org")
        assert row["name"] == "Ève Roux" and row["attributes"]["größe_cm"] == "170", row
        take("de.csv", "E-Mail;Vorname;Nachname\njo@example.org;Jo;Bauer\n")
        assert show("jo@example.org")["name"] == "Jo Bauer"
        # What does not fit is left out by whole letters.
        take("long.csv", "email," + "é" * 40 + "\nlong@example.org,x\n")
        assert show("long@example.org")["attributes"] == {"é" * 31: "x"}, show("long@example.org")
        refused = take("he.csv", "email,x\nann@example.org,y\n", "--map", "x=attr:!!")
        assert refused.returncode == 65 and b"no letter and no digit" in refused.stderr, refused
        refused = take("he.csv", "email,x\nann@example.org,y\n", "--map", "x=attr")
        assert refused.returncode == 65 and b'"attr" is none of' in refused.stderr, refused
        with open(os.path.join(site.folder, "own.md"), "w", encoding="utf-8") as f:
            f.write("# Title\n\nShe is from {{attributes.עיר_מגורים}}{{^attributes.עיר_מגורים}}somewhere{{/attributes.עיר_מגורים}}.\n")
        post = site.run("post", "add", "news", "own.md").stdout.decode().strip()
        campaign = site.run("campaign", "create", "news", "--post", post).stdout.decode().strip()
        for reader, words in (("noa", "is from חיפה."), ("jo", "is from somewhere.")):
            text = site.run("campaign", "preview", campaign, "--to", reader + "@example.org", "--text").stdout.decode()
            assert words in " ".join(text.split()), text
    finally:
        site.close()


def test_a_rejected_row_says_what_is_wrong_with_it():
    site = peers.Site(peers.free_port(), [("first@example.org", "First")])
    try:
        with open(os.path.join(site.folder, "r.csv"), "w", encoding="utf-8") as f:
            f.write("email;name\na b@example.org;A\na@example.org, b@example.org;B\nAnn <ann@example.org>;C\na(b@example.org;D\nok@example.org;X;Y\n")
        site.run("subscriber", "import", "news", "r.csv", "--consent", "fair", "--yes", check=False)
        with open(os.path.join(site.folder, "r.csv.rejected.csv"), encoding="utf-8") as f:
            reasons = [row[-1] for row in csv.reader(f, delimiter=";")][1:]
        wanted = ("a blank is not allowed", "more than one @", "without a name and without <", "a ( is not allowed", "is a ; inside a cell")
        assert len(reasons) == len(wanted) and all(part in reason for part, reason in zip(wanted, reasons)), reasons
    finally:
        site.close()


peers.tests(test_exports_of_other_programs_bring_nobody_back_who_left, test_an_interrupt_ends_it_between_two_lines, test_of_two_rows_with_one_address_the_later_one_stands, test_a_long_path_in_any_script_is_taken,
            test_columns_and_merge_tags_are_named_in_any_script, test_a_rejected_row_says_what_is_wrong_with_it)
