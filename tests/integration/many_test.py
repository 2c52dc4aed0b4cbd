#!/usr/bin/env python3
"""Many campaigns under way at once."""
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import peers  # noqa: E402


def test_the_hundredth_campaign_has_its_rate_and_all_are_finished():
    """A hundred campaigns under way, none of which can end soon but the last two: what is slow in the first hundred keeps nobody waiting."""
    slow = "451 4.2.0 not now"
    sink = peers.Sink(rcpt=lambda to: slow if to.startswith("later") else None)
    site = peers.Site(sink.port, [("later@example.org", ""), ("ann@example.org", ""), ("ben@gmail.com", "")], sessions=8)
    site.set_conf("[delivery]\n", "[delivery]\nretry = 1h\n")
    try:
        # All at once then: a campaign and a provider are a line, and of these there are two hundred.
        site.run("relay", "pause", "main")
        site.start()
        for i in range(2, 102):
            with open(os.path.join(site.folder, "more.md"), "w", encoding="utf-8") as post:
                post.write(f"---\ntitle: Post {i}\nurl: https://example.org/p/{i}\n---\n\nWords {i}, all of them different: {'x' * i}\n")
            site.run("post", "add", "news", "more.md")
        for i in range(1, 101):
            site.run("campaign", "create", "news", "--post", str(i))
            site.run("campaign", "send", str(i), "--yes")
        assert peers.wait_for(lambda: all(row["state"] == "sending" for row in site.rows("campaign", "ls")), 20) and not sink.mails, site.log()
        site.run("relay", "resume", "main")
        assert peers.wait_for(lambda: len(sink.mails) == 200, 30), (len(sink.mails), site.log())
        with open(os.path.join(site.folder, "late.csv"), "w", encoding="utf-8") as csv:
            csv.write("email\n" + "".join(f"new{i}@example.org\n" for i in range(30)))
        site.run("list", "create", "late", "--title", "Late", "--from", "Late <late@example.org>", "--postal", "1 Main St, Springfield")
        site.run("subscriber", "import", "late", "late.csv", "--consent", "test", "--yes")
        site.run("post", "add", "late", "more.md")
        site.run("campaign", "create", "late", "--post", "102")
        site.run("campaign", "set", "101", "--rate", "5/s")
        begin = time.time()
        site.run("campaign", "send", "101", "--yes")
        assert peers.wait_for(lambda: site.stats(101)["sent"] == 30, 30), (site.stats(101), site.log())
        took = time.time() - begin
        assert took > 4, f"30 messages at 5/s took {took:.1f} s"
        assert peers.wait_for(lambda: site.stats(101)["state"] == "sent", 10), (site.stats(101), site.log())
    finally:
        site.close()
        sink.stop()


def test_every_session_may_carry_a_campaign_of_its_own():
    """More campaigns than sessions, each with one reader and many on their way at once: none is given back for want of room."""
    campaigns = 40
    sink = peers.Sink(dot=lambda to, data: time.sleep(0.3))
    site = peers.Site(sink.port, [("ann@example.org", "")], sessions=24)
    try:
        site.run("relay", "pause", "main")
        site.start()
        for i in range(1, campaigns + 1):
            if i > 1:
                with open(os.path.join(site.folder, "more.md"), "w", encoding="utf-8") as post:
                    post.write(f"---\ntitle: Post {i}\nurl: https://example.org/p/{i}\n---\n\nWords {i}, all of them different: {'x' * i}\n")
                site.run("post", "add", "news", "more.md")
            site.run("campaign", "create", "news", "--post", str(i))
            site.run("campaign", "send", str(i), "--yes")
        assert peers.wait_for(lambda: all(row["state"] == "sending" for row in site.rows("campaign", "ls")), 20) and not sink.mails, site.log()
        site.run("relay", "resume", "main")
        assert peers.wait_for(lambda: len(sink.mails) == campaigns, 40), (len(sink.mails), site.log())
        assert "message not made" not in site.log(), site.log()
    finally:
        site.close()
        sink.stop()


peers.tests(test_the_hundredth_campaign_has_its_rate_and_all_are_finished, test_every_session_may_carry_a_campaign_of_its_own)
