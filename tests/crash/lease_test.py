#!/usr/bin/env python3
"""A relay so slow that leases run out while jobs wait for it: none begins that could be leased to somebody else while it is on the wire."""
import collections
import time

import trouble
from trouble import peers

SPEED = 270  # a lease of an hour and a half is twenty seconds
READERS = 52


def test_what_waits_behind_a_slow_relay_goes_back_before_its_lease_is_over():
    clock, sink = trouble.Trouble(), peers.Sink(dot=lambda to, data: time.sleep(1))
    site = peers.Site(sink.port, [(f"r{i}@example.org", "") for i in range(READERS)], sessions=2)
    site.set_conf("[delivery]\n", "[delivery]\nretry = 30s\n")
    site.env = clock.env()
    try:
        clock.speed(SPEED)
        site.start().send()
        begin = time.time()
        assert peers.wait_for(lambda: site.stats()["state"] == "sent", 50, 0.5), (site.stats(), site.log())
        copies = collections.Counter(to for _, to, _ in sink.mails)
        doubled = sum(copies.values()) - len(copies)
        print(f"# {READERS} messages in {(time.time() - begin) * SPEED / 60:.0f} minutes over leases of an hour and a half: lost {READERS - len(copies)}, doubled {doubled}")
        assert len(copies) == READERS and doubled == 0, copies
        assert (time.time() - begin) * SPEED > 5400 and "leases ran out" not in site.log(), site.log()
    finally:
        site.close()
        sink.stop()


peers.tests(test_what_waits_behind_a_slow_relay_goes_back_before_its_lease_is_over)
