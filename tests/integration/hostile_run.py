"""A run of R8: relays that misbehave in every way we could think of, beside a healthy one, on a clock that runs forty times as fast. Nobody is lost, nobody
gets another's mail or a second copy that was not in doubt, memory stays bounded, time-outs hold, the healthy relay keeps its rate, and each bad
one is used again when it is well."""
import collections
import email
import email.policy
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "crash"))
import hostile  # noqa: E402
import peers  # noqa: E402
import trouble  # noqa: E402

SPEED = 40
RATE = 40  # messages a second of real time through the healthy relay
READERS = 2400  # more than the healthy relay takes before the others are well, on a busy machine too
# RFC 5321 section 4.5.3.2, in seconds.
TIME_OUTS = {"banner": 300, "ehlo": 300, "mail": 300, "rcpt": 300, "data": 120, "dot": 600}


def most_memory(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) // 1024


def relay(name, port, tls, ca, rate):
    url = f"smtp+starttls://localhost:{port}\nca_file = {ca}" if tls else f"smtp+plain://127.0.0.1:{port}"
    return f"[relay:{name}]\nurl = {url}\nsessions = 2\nrate = {rate}/m\n\n"


def shown(server):
    """It has misbehaved; and where it hangs, a client's time ran out."""
    return (server.seen or server.name == "tls_good" and server.mails) and (server.hung or not server.name.endswith("_hangs"))


def check_mails(servers, good):
    """Everyone's own mail, and no more copies than were in doubt. Returns who got one, and how many copies too many there are."""
    taken = good.mails + [mail for s in servers.all.values() for mail in s.mails]
    doubtful = [mail for s in servers.all.values() for mail in s.swallowed]
    for sender, recipient, data in taken + doubtful:
        message = email.message_from_bytes(data, policy=email.policy.default)
        assert message["To"].addresses[0].addr_spec == recipient and sender in message["List-Unsubscribe"], f"{recipient} got another's mail"
    phantoms = [data for s in servers.all.values() for data in s.phantoms if data]
    assert not phantoms, f"a message went to a server that had no recipient: {phantoms[0][:80]}"
    copies = collections.Counter(recipient for _, recipient, _ in taken)
    in_doubt = collections.Counter(recipient for _, recipient, _ in doubtful)
    too_many = sum(n - 1 for to, n in copies.items() if n - 1 > in_doubt[to])
    assert too_many == 0, [(to, n, in_doubt[to]) for to, n in copies.items() if n - 1 > in_doubt[to]][:5]
    same = collections.defaultdict(set)
    for _, recipient, data in taken + doubtful:
        same[recipient].add(data)
    assert all(len(of) == 1 for of in same.values()), "copies differ"
    return copies, in_doubt


def run(names, certificates=None):
    servers = hostile.Servers(names, certificates)
    good = peers.Sink()
    clock = trouble.Trouble()
    readers = [f"r{i}@example.org" for i in range(READERS)]
    site = peers.Site(good.port, [(r, "") for r in readers], sessions=4 + 2 * len(names))
    site.set_conf("[relay:main]\n", f"[relay:main]\nsessions = 4\nrate = {RATE * 60 // SPEED}/m\n")
    site.set_conf("[delivery]\n", "[delivery]\nretry = 30s\n")
    ca = certificates.ca if certificates else ""
    with open(site.conf, "a", encoding="utf-8") as conf:
        conf.write("\n" + "".join(relay(name, servers.all[name].port, name in hostile.TLS, ca, 6) for name in names))
    site.env = clock.env()
    try:
        clock.speed(SPEED)
        site.start().send()
        assert peers.wait_for(lambda: len(good.mails) > RATE, 20), site.log()
        rate = max_rate = 0
        for _ in range(3):  # a busy machine may be slow once
            begin, before = time.time(), len(good.mails)
            # Ten minutes for the final reply are fifteen seconds here.
            assert peers.wait_for(lambda: time.time() - begin > 6 and all(shown(s) for s in servers.all.values()), 40), \
                [name for name, s in servers.all.items() if not shown(s)]
            rate = (len(good.mails) - before) / (time.time() - begin)
            max_rate = max(rate, max_rate)
            if rate >= 0.9 * RATE:
                break
        for name, server in servers.all.items():
            for waited in server.hung:
                assert 0.9 < waited * SPEED / TIME_OUTS[name.split("_")[0]] < 1.4, (name, waited * SPEED)
            assert name not in hostile.TLS or name == "tls_good" or not server.mails, f"mail went over {name}"
        memory = most_memory(site.daemon.pid)
        stats = site.stats()
        servers.heal()
        healed = time.time()
        assert peers.wait_for(lambda: all(s.healed_mails for s in servers.all.values()), 60), \
            ([name for name, s in servers.all.items() if not s.healed_mails], site.stats(), site.log())
        back = time.time() - healed
        site.set_conf(f"rate = {RATE * 60 // SPEED}/m", "rate = 6000/m")
        site.daemon.send_signal(1)
        assert peers.wait_for(lambda: site.stats()["state"] == "sent", 60), (site.stats(), site.log())
        after = site.stats()
        copies, in_doubt = check_mails(servers, good)
        lost = [r for r in readers if r not in copies and r not in in_doubt]
        print(f"# {len(names)} bad relays: lost {len(lost)}, in doubt {sum(in_doubt.values())}, held {after['uncertain']}, healthy relay {max_rate:.1f}/s of {RATE}/s,"
              f" memory {memory} MB, all back after {back:.0f} s (of {SPEED} times the speed)")
        assert not lost and after["sent"] + after["uncertain"] == READERS, (lost[:5], after)
        assert after["bounced"] == after["expired"] == after["suppressed"] == 0 and site.rows("suppression", "ls") == [], after
        # Who has but copies that no good reply stands behind is held; a bad reply never counts as a yes.
        held = [r for r in in_doubt if r not in copies]
        assert len(held) == after["uncertain"], (len(held), after)
        assert max_rate >= 0.9 * RATE, (max_rate, stats)
        assert memory < 100, memory
        assert site.stop() == 0 and site.run("store", "check").returncode == 0
    finally:
        site.close()
        servers.stop()
        good.stop()
