#!/usr/bin/env python3
"""R9: the wall clock jumps in the middle of a send, by an hour and a year, back and forth, and over the end of 32 bits in 2038."""
import collections
import datetime
import email
import email.utils
import time

import trouble
from trouble import peers

HOUR, YEAR = 3600, 365 * 86400
RATE = 12


def dates_of(mails):
    return [email.utils.parsedate_to_datetime(email.message_from_bytes(data)["Date"]).timestamp() for _, _, data in mails]


def jump(site, sink, clock, seconds, name):
    """Sets the clock, and looks at what goes out in the three seconds behind it."""
    clock.wall(seconds)
    time.sleep(0.5)
    before, begin = len(sink.mails), time.time()
    time.sleep(3)
    went, took = len(sink.mails) - before, time.time() - begin
    off = max(abs(date - time.time() - seconds) for date in dates_of(sink.mails[-10:]))
    print(f"# {name}: {went / took:.0f}/s of {RATE}/s, Date off by {off:.0f} s at most")
    assert 0.5 * RATE * took < went < 1.3 * RATE * took + 5, (name, went, took, site.log())
    assert off < 20, (name, off)


def test_R9_a_clock_that_jumps_brings_no_burst_and_no_stall():
    deferred = {f"r{i}@example.org" for i in range(0, 450, 30)}
    tries = collections.Counter()

    def rcpt(to):
        tries[to] += 1
        return "451 4.2.0 not now" if to in deferred and tries[to] < 6 else None

    def dot(to, data):
        time.sleep(1.5)  # many are always on the wire
    clock, sink = trouble.Trouble(), peers.Sink(rcpt=rcpt, dot=dot)
    site = peers.Site(sink.port, [(f"r{i}@example.org", "") for i in range(450)], sessions=20)
    site.set_conf("[delivery]\n", f"[delivery]\nrate = {RATE}/s\nretry = 2s\ngive_up_after = 1h\n")
    site.env = clock.env()
    try:
        begin = time.time()
        site.start().send()
        assert peers.wait_for(lambda: len(sink.mails) > RATE, 20), site.log()
        jump(site, sink, clock, HOUR, "an hour ahead")
        assert "the clock jumped ahead by 60 min" in site.log(), site.log()
        jump(site, sink, clock, 0, "an hour back")
        assert "the clock is believed again: it is back" in site.log(), site.log()
        jump(site, sink, clock, -HOUR, "another hour back")
        jump(site, sink, clock, -YEAR, "a year back")
        jump(site, sink, clock, YEAR, "two years ahead")
        end = datetime.datetime(2038, 1, 19, 3, 14, 8, tzinfo=datetime.timezone.utc).timestamp()
        # Leases are looked at every half minute: by the clock those on the wire then ran out years ago.
        time.sleep(max(0, begin + 29.3 - time.time()))
        jump(site, sink, clock, end - time.time() - 2, "over the end of 32 bits")
        assert b"clock" in site.run("status", check=False).stdout
        assert peers.wait_for(lambda: site.stats()["state"] == "sent", 60), (site.stats(), site.log())
        copies = collections.Counter(to for _, to, _ in sink.mails)
        doubled = sum(copies.values()) - len(copies)
        print(f"# lost {450 - len(copies)}, doubled {doubled}, of {len(deferred)} deferred by the relay {site.stats()['expired']} expired")
        assert len(copies) == 450 and doubled == 0 and site.stats()["sent"] == 450, site.stats()
    finally:
        site.close()
        sink.stop()


def test_R9_a_clock_set_right_between_two_starts_lets_nobody_wait():
    clock, sink = trouble.Trouble(), peers.Sink()
    site = peers.Site(sink.port, [(f"r{i}@example.org", "") for i in range(60)], sessions=2)
    site.set_conf("[delivery]\n", "[delivery]\nrate = 20/s\n")
    site.env = clock.env()
    clock.wall(YEAR)
    try:
        site.start().send()
        assert peers.wait_for(lambda: len(sink.mails) > 20, 20), site.log()
        assert site.stop() == 0
        clock.wall(0)
        begin = time.time()
        site.start()
        assert "the clock has gone back since the last start" in site.log(), site.log()
        assert peers.wait_for(lambda: site.stats()["state"] == "sent", 20), (site.stats(), site.log())
        print(f"# a year back between two starts: the rest went within {time.time() - begin:.0f} s")
        assert len(sink.mails) == 60
    finally:
        site.close()
        sink.stop()


def test_R9_a_reload_says_that_the_clock_is_right():
    clock, sink = trouble.Trouble(), peers.Sink()
    site = peers.Site(sink.port, [("ann@example.org", "")])
    site.env = clock.env()
    try:
        site.start()
        time.sleep(0.5)
        clock.wall(YEAR)
        assert peers.wait_for(lambda: "the clock jumped" in site.log(), 10), site.log()
        assert peers.wait_for(lambda: site.rows("status")[0]["clock"], 5)
        site.daemon.send_signal(1)
        assert peers.wait_for(lambda: "the clock is believed again: reloaded" in site.log(), 10), site.log()
        assert peers.wait_for(lambda: not site.rows("status")[0]["clock"], 5)
    finally:
        site.close()
        sink.stop()


peers.tests(test_R9_a_clock_that_jumps_brings_no_burst_and_no_stall, test_R9_a_clock_set_right_between_two_starts_lets_nobody_wait,
            test_R9_a_reload_says_that_the_clock_is_right)
