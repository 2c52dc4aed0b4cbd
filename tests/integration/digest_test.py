#!/usr/bin/env python3
"""Digests: several posts in one mail, for whom and when; nobody gets a post twice."""
import email
import email.policy
import os
import sqlite3
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import peers  # noqa: E402

SOON = "\n[source]\nfolder_interval = 1s\n[delivery]\nsend_delay = 1s\n"
READERS = [("each@example.org", "Each"), ("daily@example.org", "Daily"), ("weekly@example.org", "Weekly")]


def text_of(data):
    return email.message_from_bytes(data, policy=email.policy.default).get_body(("plain",)).get_content()


def got(sink, who):
    return [text_of(data) for _, to, data in sink.mails if to == who]


def store(site, sql, *values):
    """A time comes sooner for a test than for a reader: written beside the daemon, as the store allows."""
    db = sqlite3.connect(os.path.join(site.folder, "t.db"), timeout=10)
    with db:
        db.execute(sql, values)
    db.close()


def cadences(site):
    for who in ("daily", "weekly"):
        site.run("subscriber", "set", who + "@example.org", "news", "--cadence", who)


def add(site, name, title, words="Some words."):
    with open(os.path.join(site.folder, name + ".md"), "w", encoding="utf-8") as f:
        f.write(f"---\ntitle: {title}\nurl: https://example.org/p/{name}\n---\n\n{words}\n")
    return site.run("post", "add", "news", name + ".md").stdout.decode().strip()


def send_post(site, post):
    campaign = site.run("campaign", "create", "news", "--post", post).stdout.decode().strip()
    site.run("campaign", "send", campaign, "--yes")
    site.run("campaign", "watch", campaign)


def test_cadences_each_reader_gets_each_post_once():
    sink = peers.Sink()
    site = peers.Site(sink.port, READERS, extra=SOON)
    try:
        cadences(site)
        site.start()
        assert peers.wait_for(lambda: len(site.rows("digest", "show", "news")) == 2)
        send_post(site, "1")
        send_post(site, add(site, "two", "The second"))
        assert len(got(sink, "each@example.org")) == 2 and len(sink.mails) == 2, [to for _, to, _ in sink.mails]
        site.digest_due("daily")
        assert peers.wait_for(lambda: got(sink, "daily@example.org"), 20), site.log()
        mail = got(sink, "daily@example.org")[0]
        assert "Storks over the café" in mail and "The second" in mail, mail
        send_post(site, add(site, "three", "The third"))
        site.digest_due("weekly")
        assert peers.wait_for(lambda: got(sink, "weekly@example.org"), 20), site.log()
        mail = got(sink, "weekly@example.org")[0]
        assert all(title in mail for title in ("Storks over the café", "The second", "The third")), mail
        # A reader who now wants every mail had the first two already: the next digest of others does not bring them back.
        site.digest_due("daily")
        assert peers.wait_for(lambda: len(got(sink, "daily@example.org")) == 2, 20), site.log()
        assert "The third" in got(sink, "daily@example.org")[1] and "The second" not in got(sink, "daily@example.org")[1]
        site.digest_due("daily")
        site.digest_due("weekly")
        time.sleep(3)
        assert len(sink.mails) == 6, "a digest with nothing new went out"
        assert site.run("store", "check").returncode == 0
    finally:
        site.close()
        sink.stop()


def test_a_reader_who_had_some_of_it_gets_the_rest():
    sink = peers.Sink()
    site = peers.Site(sink.port, READERS, extra=SOON)
    try:
        site.start()
        assert peers.wait_for(lambda: len(site.rows("digest", "show", "news")) == 2)
        site.run("subscriber", "set", "weekly@example.org", "--cadence", "daily")
        send_post(site, "1")  # to each@ and daily@, who wants each mail until now
        cadences(site)
        site.run("subscriber", "set", "weekly@example.org", "--cadence", "daily")
        send_post(site, add(site, "two", "The second"))
        del sink.mails[:]
        site.digest_due("daily")
        assert peers.wait_for(lambda: len(sink.mails) == 2, 20), site.log()
        had, new = got(sink, "daily@example.org")[0], got(sink, "weekly@example.org")[0]
        assert "The second" in had and "Storks" not in had, had
        assert "The second" in new and "Storks" in new, new
        for _, to, data in sink.mails:
            assert site.run("campaign", "preview", "3", "--to", to, "--eml").stdout == data, to
    finally:
        site.close()
        sink.stop()


def test_a_lists_own_digest_gathers_skips_and_orders():
    sink = peers.Sink()
    site = peers.Site(sink.port, READERS, extra=SOON)
    folder = os.path.join(site.folder, "posts")
    os.mkdir(folder)

    def write(name, title):
        with open(os.path.join(folder, "." + name), "w", encoding="utf-8") as f:
            f.write(f"---\ntitle: {title}\nurl: https://example.org/p/{name}\n---\n\nWords of {title}.\n")
        os.rename(os.path.join(folder, "." + name), os.path.join(folder, name))
    try:
        cadences(site)
        site.run("list", "set", "news", "--timezone", "America/New_York", "--digest", "weekly fri 18:30")
        assert site.run("list", "set", "news", "--daily", "weekly mon", check=False).returncode == 65
        site.run("source", "add", "news", folder, "--policy", "digest")
        site.start()
        for name in ("a", "b", "c"):
            write(name + ".md", "Title " + name)
        own = peers.wait_for(lambda: [row for row in site.rows("digest", "show", "news") if row["cadence"] == "each" and len(row["posts"]) == 3], 20)
        assert own, site.rows("digest", "show", "news")
        shown = site.run("digest", "show", "news").stdout.decode()
        assert "18:30 America/New_York" in shown and "Fri " in shown, shown
        posts = {row["title"]: str(row["id"]) for row in site.rows("post", "ls", "news")}
        assert not sink.mails and site.rows("campaign", "ls") == []
        site.run("digest", "skip", "news", posts["Title b"])
        site.run("digest", "order", "news", posts["Title c"], posts["Title a"])
        assert site.run("digest", "order", "news", posts["Title b"], check=False).returncode == 66
        before = [row["next"] for row in site.rows("digest", "show", "news") if row["cadence"] == "each"]
        site.run("digest", "skip", "news")
        after = [row["next"] for row in site.rows("digest", "show", "news") if row["cadence"] == "each"]
        assert after > before, (before, after)
        site.digest_due("each")
        assert peers.wait_for(lambda: len(sink.mails) == 3, 20), (len(sink.mails), site.log())
        for _, to, data in sink.mails:
            text = text_of(data)
            assert text.index("Title c") < text.index("Title a") and "Title b" not in text, text
        site.run("post", "unskip", posts["Title b"])
        assert [row["posts"] for row in site.rows("digest", "show", "news") if row["cadence"] == "each"] == [[int(posts["Title b"])]]
    finally:
        site.close()
        sink.stop()


def test_each_of_a_hundred_sets_of_posts_has_its_edition():
    """A hundred readers, each of whom had other posts of the digest before: all get the rest, nobody nothing."""
    sink = peers.Sink()
    site = peers.Site(sink.port, [(f"r{i}@example.org", "") for i in range(100)], extra=SOON)
    folder = os.path.join(site.folder, "posts")
    os.mkdir(folder)
    try:
        site.run("list", "set", "news", "--digest", "weekly fri 18:30")
        site.run("source", "add", "news", folder, "--policy", "digest", "--flood", "20")
        site.start()
        for i in range(8):
            with open(os.path.join(folder, f".{i}.md"), "w", encoding="utf-8") as f:
                f.write(f"---\ntitle: Number {i} of all\nurl: https://example.org/n/{i}\n---\n\nWords of {i}.\n")
            os.rename(os.path.join(folder, f".{i}.md"), os.path.join(folder, f"{i}.md"))
        assert peers.wait_for(lambda: [row for row in site.rows("digest", "show", "news") if row["cadence"] == "each" and len(row["posts"]) == 8], 20), site.log()
        ids = {row["title"]: row["id"] for row in site.rows("post", "ls", "news")}
        for i in range(100):
            for bit in range(7):
                if i + 1 >> bit & 1:
                    store(site, "INSERT INTO received (subscriber_id, post_id, campaign_id) SELECT id, ?, 0 FROM subscriber WHERE email = ?",
                          ids[f"Number {bit} of all"], f"r{i}@example.org")
        site.digest_due("each")
        assert peers.wait_for(lambda: len(sink.mails) == 100, 40), (len(sink.mails), site.log())
        for i in range(100):
            text, = got(sink, f"r{i}@example.org")
            for bit in range(8):
                assert (f"Number {bit} of all" in text) != bool(i + 1 >> bit & 1), (i, bit, text)
    finally:
        site.close()
        sink.stop()


def test_a_broken_digest_keeps_the_others_back_from_nothing_and_a_title_is_one_line():
    sink = peers.Sink()
    site = peers.Site(sink.port, READERS, extra=SOON)
    try:
        site.run("list", "create", "broken", "--title", "Broken", "--from", "Broken <broken@example.org>", "--postal", "1 Main St")
        site.run("subscriber", "add", "broken", "ann@example.org", "--consent", "test", "--yes")
        cadences(site)
        site.start()
        assert peers.wait_for(lambda: len(site.rows("digest", "show", "broken")) == 2 and len(site.rows("digest", "show", "news")) == 2)
        send_post(site, "1")
        peers.wait_for(lambda: all(row["next"] for name in ("broken", "news") for row in site.rows("digest", "show", name)))
        # A zone that is no more, and a title that no editor would write.
        store(site, "UPDATE list SET timezone = 'Nowhere/Else' WHERE name = 'broken'")
        store(site, "UPDATE post SET title = ? WHERE id = 1", "Long\twords\nand \x01control " + "é" * 700)
        store(site, "UPDATE digest SET next_us = ? WHERE next_us > 0 AND list_id = (SELECT id FROM list WHERE name = 'broken')", int((time.time() - 2) * 1e6))
        site.digest_due("daily")
        assert peers.wait_for(lambda: [1 for _, to, _ in sink.mails if to == "daily@example.org"], 20), site.log()
        assert "Nowhere/Else" in site.log(), site.log()
        data = [data for _, to, data in sink.mails if to == "daily@example.org"][0]
        subject = email.message_from_bytes(data, policy=email.policy.default)["Subject"]
        assert "Long words and control" in subject and len(subject.encode()) <= 900, subject
    finally:
        site.close()
        sink.stop()


def own(site):
    return [row["posts"] for row in site.rows("digest", "show", "news") if row["cadence"] == "each"]


def test_a_post_by_hand_goes_into_the_digest():
    sink = peers.Sink()
    site = peers.Site(sink.port, READERS, extra=SOON)
    try:
        site.start()
        refused = site.run("post", "set", "1", "--digest", check=False)
        assert refused.returncode == 66 and b"gazette list set news --digest" in refused.stderr, refused
        refused = site.run("post", "add", "news", "post.md", "--digest", check=False)
        assert refused.returncode == 66 and b"gazette list set news --digest" in refused.stderr, refused
        refused = site.run("source", "add", "news", "mail", "--policy", "digest", check=False)
        assert refused.returncode == 66 and b"--digest" in refused.stderr, refused
        site.run("list", "set", "news", "--digest", "weekly fri 18:30")
        site.run("post", "set", "1", "--digest")
        with open(os.path.join(site.folder, "two.md"), "w", encoding="utf-8") as f:
            f.write("---\ntitle: The second\nurl: https://example.org/p/two\n---\n\nWords.\n")
        second = int(site.run("post", "add", "news", "two.md", "--digest").stdout)
        assert own(site) == [[1, second]] or own(site) == [[second, 1]], own(site)
        assert site.run("post", "add", "news", "two.md", "--digest").returncode == 0
        site.run("post", "set", "1", "--no-digest")
        assert own(site) == [[second]], own(site)
        # Taken away, with what waited for it.
        site.run("source", "add", "news", "mail", "--policy", "digest")
        refused = site.run("list", "set", "news", "--digest", "off", check=False)
        assert refused.returncode == 65 and b"gazette source set 1 --policy draft" in refused.stderr, refused
        site.run("source", "set", "1", "--policy", "draft")
        assert b"drafts now: 1" in site.run("list", "set", "news", "--digest", "off").stderr
        assert own(site) == [] and {row["state"] for row in site.rows("post", "ls", "news")} == {"draft"}
        assert site.run("list", "set", "news", "--digest", "off", check=False).returncode == 66
        site.run("list", "set", "news", "--digest", "weekly fri 18:30")
        site.run("post", "set", str(second), "--digest")
        site.digest_due("each")
        assert peers.wait_for(lambda: len(sink.mails) == 3, 20), (len(sink.mails), site.log())
        assert all("The second" in text_of(data) and "Storks" not in text_of(data) for _, _, data in sink.mails)
        refused = site.run("post", "set", str(second), "--digest", check=False)
        assert refused.returncode == 65 and b"in a campaign" in refused.stderr, refused
        assert site.run("store", "check").returncode == 0
    finally:
        site.close()
        sink.stop()


def test_a_digest_of_a_cadence_leaves_out_and_orders():
    sink = peers.Sink()
    site = peers.Site(sink.port, READERS, extra=SOON)
    try:
        cadences(site)
        site.start()
        assert peers.wait_for(lambda: len(site.rows("digest", "show", "news")) == 2)
        second, third, fourth = (add(site, name, title) for name, title in (("two", "The second"), ("three", "The third"), ("four", "The fourth")))
        for post in ("1", second, third, fourth):
            send_post(site, post)
        refused = site.run("digest", "skip", "news", "999", "--cadence", "daily", check=False)
        assert refused.returncode == 66 and b"post 999 is not in the next daily digest" in refused.stderr, refused
        assert b"--cadence" in site.run("digest", "skip", "news", second, check=False).stderr
        site.run("digest", "skip", "news", second, third, "--cadence", "daily")
        site.run("digest", "skip", "news", third, "--cadence", "daily", "--undo")
        site.run("digest", "order", "news", fourth, third, "--cadence", "daily")
        assert site.run("digest", "order", "news", second, "--cadence", "daily", check=False).returncode == 66
        daily, weekly = site.rows("digest", "show", "news")
        assert daily["posts"] == [int(fourth), int(third), 1] and daily["skipped"] == [int(second)], daily
        assert weekly["posts"] == [1, int(second), int(third), int(fourth)] and weekly["skipped"] == [], weekly
        site.digest_due("daily")
        assert peers.wait_for(lambda: got(sink, "daily@example.org"), 20), site.log()
        mail = got(sink, "daily@example.org")[0].replace("\r\n", "\n")
        places = [mail.index(title) for title in ("The fourth\n---", "The third\n---", "Storks over the café\n---")]
        assert places == sorted(places) and "The second" not in mail, mail
        # What was said of it is over with it; the weekly one is as it was.
        site.digest_due("weekly")
        assert peers.wait_for(lambda: got(sink, "weekly@example.org"), 20), site.log()
        assert "The second" in got(sink, "weekly@example.org")[0]
        assert all(row["posts"] == [] and row["skipped"] == [] for row in site.rows("digest", "show", "news"))
    finally:
        site.close()
        sink.stop()


def test_a_digest_is_corrected_by_what_was_changed_in_it():
    sink = peers.Sink()
    site = peers.Site(sink.port, READERS, extra=SOON)
    try:
        cadences(site)
        site.start()
        assert peers.wait_for(lambda: len(site.rows("digest", "show", "news")) == 2)
        send_post(site, "1")
        second, third = add(site, "two", "The second", "The tower is 30 metres high."), add(site, "three", "The third", "It stands on the hill.")
        send_post(site, second)
        send_post(site, third)
        site.digest_due("daily")
        assert peers.wait_for(lambda: got(sink, "daily@example.org"), 20), site.log()
        peers.wait_for(lambda: site.stats(4)["state"] == "sent", 20)
        digest = "4"
        refused = site.run("campaign", "correct", digest, check=False)
        assert refused.returncode != 0 and b"nobody got a text" in refused.stderr, refused
        for post, title, words in ((second, "The second", "The tower is 300 metres high."), (third, "The third", "It stands in the valley.")):
            with open(os.path.join(site.folder, "new.md"), "w", encoding="utf-8") as f:
                f.write(f"---\ntitle: {title}, mended\n---\n\n{words}\n")
            site.run("post", "edit", post, "new.md")
        del sink.mails[:]
        correction = site.run("campaign", "correct", digest).stdout.decode().strip()
        site.run("campaign", "send", correction, "--yes")
        assert peers.wait_for(lambda: site.stats(int(correction))["state"] == "sent", 20), site.log()
        assert [to for _, to, _ in sink.mails] == ["daily@example.org"], sink.mails
        message = email.message_from_bytes(sink.mails[0][2], policy=email.policy.default)
        mail = text_of(sink.mails[0][2])
        assert message["Subject"].startswith("Re: ") and message["In-Reply-To"], message["Subject"]
        assert "The second, mended" in mail and "The third, mended" in mail and "They are back." not in mail, mail
        assert site.run("store", "check").returncode == 0
    finally:
        site.close()
        sink.stop()


peers.tests(test_cadences_each_reader_gets_each_post_once, test_a_reader_who_had_some_of_it_gets_the_rest, test_a_lists_own_digest_gathers_skips_and_orders,
            test_each_of_a_hundred_sets_of_posts_has_its_edition, test_a_broken_digest_keeps_the_others_back_from_nothing_and_a_title_is_one_line,
            test_a_post_by_hand_goes_into_the_digest, test_a_digest_of_a_cadence_leaves_out_and_orders,
            test_a_digest_is_corrected_by_what_was_changed_in_it)
