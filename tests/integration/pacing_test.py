#!/usr/bin/env python3
"""Never faster than the receiver likes: rates that compose, a provider that stalls or is paused, relays that share, and the words for all of it."""
import os
import socket
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import peers  # noqa: E402


def readers(n, domain):
    return [(f"r{i}@{domain}", f"Reader {i}") for i in range(n)]


def started(sink, people, conf="", rate=None):
    """A site whose campaign is not yet made; `conf` goes to the end of the configuration after the readers were imported."""
    site = peers.Site(sink.port, people, sessions=8)
    if rate:
        site.set_conf("[delivery]\n", f"[delivery]\nrate = {rate}\n")
    with open(site.conf, "a", encoding="utf-8") as out:
        out.write("\n" + conf)
    return site


def text(site, *words):
    return site.run(*words).stdout.decode()


def sent(site, campaign=1):
    return site.stats(campaign)["sent"]


def wait_sent(site, n, seconds=30, campaign=1):
    assert peers.wait_for(lambda: sent(site, campaign) >= n, seconds), (site.stats(campaign), site.log())


def test_a_provider_that_stalls_costs_the_others_little():
    people = readers(30, "gmail.com") + readers(360, "example.org")
    times = {}
    for stall in (0, 6):
        def dot(recipient, _data, seconds=stall):
            if recipient.endswith("@gmail.com"):
                time.sleep(seconds)
        sink = peers.Sink(dot=dot)
        site = started(sink, people, rate="60/s")
        try:
            site.start()
            site.send()
            peers.wait_for(lambda: sink.mails, 10, 0.01)
            begin = time.time()
            # One or two travel behind a stalled message in the same session: the pace is what counts.
            peers.wait_for(lambda: sum(1 for m in list(sink.mails) if m[1].endswith("@example.org")) >= 350, 60, 0.02)
            times[stall] = time.time() - begin
        finally:
            site.kill()
            site.close()
            sink.stop()
    print(f"     others took {times[0]:.2f} s without a stall, {times[6]:.2f} s beside one")
    assert times[6] < times[0] * 1.1 + 0.3, times


def test_a_paused_provider_waits_and_the_others_go():
    sink = peers.Sink()
    site = started(sink, readers(20, "gmail.com") + readers(50, "example.org"))
    try:
        site.run("provider", "pause", "gmail", "--reason", "waiting for an answer")
        site.start()
        site.send()
        wait_sent(site, 50)
        time.sleep(1)
        assert sent(site) == 50, site.stats()
        why = text(site, "queue", "--why", "gmail")
        assert "provider gmail is paused until it is resumed" in why and "waiting for an answer" in why, why
        row, = site.rows("queue", "--why", "r0@gmail.com")
        assert row["state"] in ("queued", "leased") and row["why"].startswith("provider gmail is paused") and row["code"] is None, row
        rows = site.rows("provider", "ls")
        assert [(r["provider"], r["state"], r["waiting"]) for r in rows if r["provider"] == "gmail"] == [("gmail", "held", 20)], rows
        site.run("provider", "resume", "gmail")
        wait_sent(site, 70)
    finally:
        site.close()
        sink.stop()


def test_a_provider_has_a_rate_and_a_name_of_its_own():
    sink = peers.Sink()
    site = started(sink, readers(60, "corp.example") + readers(100, "example.org"), "[provider:corp]\nmatch = corp.example\nrate = 10/s\n")
    try:
        # The readers were imported before the configuration named their provider.
        site.start()
        peers.wait_for(lambda: any(row["provider"] == "corp" for row in site.rows("provider", "ls")), 10)
        time.sleep(1)
        site.send()
        begin = time.time()
        wait_sent(site, 110, 20)
        stats = site.stats()
        assert stats["queued"] + stats["leased"] + stats["inflight"] > 0 and stats["eta_s"] > 0, stats
        assert "corp" in stats["eta_by"], stats
        wait_sent(site, 160, 30)
        took = time.time() - begin
        assert 4.7 < took < 15, took
    finally:
        site.close()
        sink.stop()


def test_a_campaign_and_its_list_have_rates():
    sink = peers.Sink()
    site = started(sink, readers(600, "example.org"))
    try:
        site.run("list", "set", "news", "--rate", "50/s")
        site.start()
        begin = time.time()
        site.send()
        time.sleep(2)
        assert 50 <= sent(site) <= 52 + 50 * (time.time() - begin), sent(site)
        why = text(site, "queue", "--why", "1")
        assert "list's own rate" in why or "list rate" in why, why
        site.run("campaign", "set", "1", "--rate", "5/s")
        time.sleep(1.5)
        before = sent(site)
        time.sleep(2)
        assert 4 <= sent(site) - before <= 16, (before, sent(site))
        site.run("campaign", "set", "1", "--rate", "")
        wait_sent(site, 600, 40)
        assert time.time() - begin > 9
    finally:
        site.close()
        sink.stop()


def test_a_quota_by_the_hour_holds_over_kill_9():
    sink = peers.Sink()
    site = started(sink, readers(300, "example.org"), rate="100/h")
    try:
        site.start()
        site.send()
        peers.wait_for(lambda: len(sink.mails) >= 60, 20, 0.01)
        site.kill()
        site.start()
        time.sleep(4)
        assert len(sink.mails) <= 100, len(sink.mails)
        why = text(site, "queue", "--why", "1")
        assert "total rate" in why, why
    finally:
        site.close()
        sink.stop()


def test_a_list_names_its_relay_and_a_dead_one_holds_only_its_own():
    sink = peers.Sink()
    site = started(sink, readers(60, "example.org"),
                   f"[relay:other]\nurl = smtp+plain://127.0.0.1:{peers.free_port()}\n")
    try:
        site.start()
        site.send()
        wait_sent(site, 60, 40)
        relays = {r["relay"]: r for r in site.rows("relay", "ls")}
        assert relays["other"]["state"] == "paused" and relays["main"]["state"] == "ok", relays
        assert b"no [relay:nowhere]" in site.run("list", "set", "news", "--relay", "nowhere", check=False).stderr
        site.run("list", "set", "news", "--relay", "other")
        site.run("campaign", "create", "news", "--post", "1", "--again")
        site.run("campaign", "send", "2", "--yes")
        time.sleep(2)
        assert sent(site, 2) == 0
        assert "relay" in text(site, "queue", "--why", "2")
        site.run("list", "set", "news", "--relay", "main")
        wait_sent(site, 60, 40, 2)
    finally:
        site.close()
        sink.stop()


def test_what_waits_for_a_relay_that_hangs_goes_by_another():
    """It takes connections and never greets: its time-out is five minutes, and nobody's mail waits for that."""
    sink, silent = peers.Sink(), socket.create_server(("127.0.0.1", 0))
    site = started(sink, readers(60, "example.org"), f"[relay:other]\nurl = smtp+plain://127.0.0.1:{silent.getsockname()[1]}\n")
    try:
        site.start()
        site.send()
        assert peers.wait_for(lambda: sent(site) == 60, 40), text(site, "queue", "--why", "1")
        assert len({m[1] for m in sink.mails}) == 60
        begin = time.time()
        assert site.stop() == 0 and time.time() - begin < 20, site.log()  # though sessions wait for a greeting
    finally:
        site.close()
        sink.stop()
        silent.close()


def with_second_list(site):
    """The first list goes by `other` alone, the second by `main`."""
    site.run("list", "set", "news", "--relay", "other")
    site.run("list", "create", "second", "--title", "Second", "--from", "second@example.org", "--postal", "1 Main St")
    site.run("list", "set", "second", "--relay", "main")
    site.run("subscriber", "add", "second", "only@example.org", "--consent", "asked")


def send_to_second(site):
    with open(os.path.join(site.folder, "p.md"), "w", encoding="utf-8") as f:
        f.write("# Other words\n\nOf the second list.\n")
    post = site.run("post", "add", "second", "p.md").stdout.decode().strip()
    campaign = int(site.run("campaign", "create", "second", "--post", post).stdout)
    site.run("campaign", "send", str(campaign), "--yes")
    return campaign


def test_a_list_whose_relay_hangs_holds_no_other_list():
    """More of it is due than the dispatcher leases at once: it goes nowhere, and must not fill the place of the others."""
    sink, silent = peers.Sink(), socket.create_server(("127.0.0.1", 0))
    site = started(sink, readers(1500, "example.org"), f"[relay:other]\nurl = smtp+plain://127.0.0.1:{silent.getsockname()[1]}\n")
    try:
        with_second_list(site)
        site.start()
        site.send()
        time.sleep(12)  # until it counts as one that hangs
        second = send_to_second(site)
        assert peers.wait_for(lambda: sent(site, second) == 1, 20), text(site, "queue", "--why", str(second))
        assert sent(site) == 0
    finally:
        site.close()
        sink.stop()
        silent.close()


def test_a_list_whose_relay_is_slow_holds_no_other_list():
    sink, slow = peers.Sink(), peers.Sink(dot=lambda to, data: time.sleep(1))
    site = started(sink, readers(1500, "example.org"), f"[relay:other]\nurl = smtp+plain://127.0.0.1:{slow.port}\n")
    try:
        with_second_list(site)
        site.start()
        site.send()
        assert peers.wait_for(lambda: sent(site) > 4, 20), site.log()
        second = send_to_second(site)
        assert peers.wait_for(lambda: sent(site, second) == 1, 20), text(site, "queue", "--why", str(second))
        assert sent(site) < 300
    finally:
        site.close()
        sink.stop()
        slow.stop()


def test_a_relay_that_says_slower_is_slowed_and_comes_back():
    seen = {"n": 0}

    def dot(_recipient, _data):
        seen["n"] += 1
        return "421 4.7.0 too many messages, slow down" if seen["n"] == 20 else None
    sink = peers.Sink(dot=dot)
    site = started(sink, readers(200, "example.org"))
    try:
        site.start()
        site.send()
        said = peers.wait_for(lambda: "relay main is paused" in site.log() and site.log(), 10, 0.05)
        assert said and "slow down" in said, site.log()
        peers.wait_for(lambda: sent(site) >= 199, 60)
        assert len({m[1] for m in sink.mails}) >= 199
    finally:
        site.close()
        sink.stop()


def test_a_relay_can_be_tested_by_hand():
    sink = peers.Sink(rcpt=lambda to: "554 5.7.1 Relay access denied" if to.startswith("far") else None)
    site = started(sink, readers(1, "example.org"))
    try:
        assert b"takes us" in site.run("relay", "test").stderr
        assert site.rows("relay", "test", "main", "--to", "me@example.org")[0]["reply"].endswith("queued") and len(sink.mails) == 1
        done = site.run("relay", "test", "main", "--to", "far@example.net", check=False)
        assert done.returncode == 69 and b"rcpt: 554" in done.stderr.lower() and b"Relay access denied" in done.stderr, done
        assert site.run("relay", "test", "nowhere", check=False).returncode == 66
        sink.stop()
        done = site.run("relay", "test", check=False)
        assert done.returncode == 69 and b"connect" in done.stderr, done
    finally:
        site.close()


peers.tests(test_a_provider_that_stalls_costs_the_others_little, test_a_paused_provider_waits_and_the_others_go, test_a_provider_has_a_rate_and_a_name_of_its_own, test_a_campaign_and_its_list_have_rates, test_a_quota_by_the_hour_holds_over_kill_9, test_a_list_names_its_relay_and_a_dead_one_holds_only_its_own, test_what_waits_for_a_relay_that_hangs_goes_by_another, test_a_list_whose_relay_hangs_holds_no_other_list, test_a_list_whose_relay_is_slow_holds_no_other_list, test_a_relay_that_says_slower_is_slowed_and_comes_back, test_a_relay_can_be_tested_by_hand)
