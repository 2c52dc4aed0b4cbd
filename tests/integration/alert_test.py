#!/usr/bin/env python3
"""What stops a campaign by itself, and how the admin hears of it."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import peers  # noqa: E402

ALERTS = "\n[alerts]\nmail = admin@example.org\n"


def many(n):
    return [(f"r{i}@example.org", f"R {i}") for i in range(n)]


def number(address):
    return int(address[1:].split("@")[0]) if address.startswith("r") else 0


def told(sink, word):
    with sink.lock:
        return [mail for _, to, mail in sink.mails if to == "admin@example.org" and word in mail.decode().lower()]


def test_the_breaker_pauses_says_so_and_lets_a_person_go_on():
    refused = set()
    refuse = True

    def rcpt(to):
        if refuse and to.startswith("r") and number(to) % 10 == 3:
            refused.add(to)
            return "550 5.1.1 no such user"
        return None

    sink = peers.Sink(rcpt=rcpt)
    site = peers.Site(sink.port, many(600), extra=ALERTS, sessions=2)
    try:
        site.set_conf("[delivery]\n", "[delivery]\nbreaker = bounces 5% min 10\nrate = 150/s\n")
        site.start().send()
        assert peers.wait_for(lambda: site.stats()["state"] == "paused", 20), site.log()
        row = site.stats()
        assert "breaker" in row["paused_by"] and "passed 5% min 10" in row["paused_by"], row
        assert 10 <= row["bounced"] < 60, row
        assert peers.wait_for(lambda: told(sink, "breaker"), 10), "the admin was not told"
        status = site.run("--json", "status", check=False)
        assert status.returncode == 75 and b'"breaker"' in status.stdout, status.stdout
        seen = row["bounced"]
        refuse = False
        site.run("campaign", "resume", "1")
        assert peers.wait_for(lambda: site.stats()["state"] == "sent", 30), (site.stats(), site.log())
        row = site.stats()
        assert row["bounced"] <= seen + 4 and row["sent"] + row["bounced"] == 600, row
        assert peers.wait_for(lambda: b'"breaker"' not in site.run("--json", "status", check=False).stdout, 10)
        assert len(told(sink, "breaker")) == 1
    finally:
        site.close()
        sink.stop()


def test_the_same_numbers_trip_once_and_new_ones_again():
    sink = peers.Sink(rcpt=lambda to: "550 5.1.1 no such user" if to.startswith("r") and number(to) % 10 == 3 else None)
    site = peers.Site(sink.port, many(600), sessions=2)
    try:
        site.set_conf("[delivery]\n", "[delivery]\nbreaker = bounces 5% min 10\nrate = 150/s\n")
        site.start().send()
        assert peers.wait_for(lambda: site.stats()["state"] == "paused", 20), site.log()
        first = site.stats()["bounced"]
        site.run("campaign", "resume", "1")
        assert peers.wait_for(lambda: site.stats()["state"] == "paused", 20), (site.stats(), site.log())
        assert site.stats()["bounced"] >= first + 10, "it tripped again for what was seen before"
    finally:
        site.close()
        sink.stop()


def test_a_fault_of_ours_is_told_once_an_hour_and_counts_against_nobody():
    broken = True
    sink = peers.Sink(dot=lambda to, mail: "550 5.7.26 This mail has been blocked because the sender is unauthenticated - gsmtp" if broken and to != "admin@example.org" else None)
    site = peers.Site(sink.port, many(30), extra=ALERTS, sessions=2)
    try:
        site.start().send()
        assert peers.wait_for(lambda: told(sink, "unauthenticated"), 20), site.log()
        row = site.stats()
        assert row["sent"] == row["bounced"] == 0 and site.rows("suppression", "ls") == [], row
        waiting = site.rows("campaign", "missed", "1") + site.rows("queue")
        assert all(reader.get("attempts", 0) == 0 for reader in waiting), waiting
        assert site.run("status", check=False).returncode == 75
        broken = False
        assert len(told(sink, "unauthenticated")) == 1
    finally:
        site.close()
        sink.stop()


def test_a_breaker_that_is_none_is_a_fault():
    sink = peers.Sink()
    site = peers.Site(sink.port, many(1))
    try:
        for good in ("off", "bounces 5% min 50", "complaints 0.05% min 3, bounces 12.5% min 1"):
            site.set_conf("[delivery]\n", f"[delivery]\nbreaker = {good}\n")
            done = subprocess.run([peers.GAZETTED, "-c", site.conf, "--check"], capture_output=True)
            assert done.returncode == 0, (good, done.stderr)
            site.set_conf(f"breaker = {good}\n", "")
        for bad in ("bounces 5", "bounces 0% min 5", "bounces 101% min 5", "bounces 5% min 0", "bounces 5% min 50 x", "opens 5% min 5"):
            site.set_conf("[delivery]\n", f"[delivery]\nbreaker = {bad}\n")
            done = subprocess.run([peers.GAZETTED, "-c", site.conf, "--check"], capture_output=True)
            assert done.returncode == 78 and b"breaker" in done.stdout + done.stderr, (bad, done)
            site.set_conf(f"breaker = {bad}\n", "")
    finally:
        site.close()
        sink.stop()


if __name__ == "__main__":
    peers.tests(test_a_breaker_that_is_none_is_a_fault, test_the_breaker_pauses_says_so_and_lets_a_person_go_on, test_the_same_numbers_trip_once_and_new_ones_again,
                test_a_fault_of_ours_is_told_once_an_hour_and_counts_against_nobody)
