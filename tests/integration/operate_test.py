#!/usr/bin/env python3
"""What an operator does and meets: reloading, a disk that fills up."""
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import peers  # noqa: E402


def many(n):
    return [(f"r{i}@example.org", f"R {i}") for i in range(n)]


def test_R15_reload_takes_a_good_file_and_keeps_the_old_one_when_it_is_bad():
    sink = peers.Sink()
    site = peers.Site(sink.port, many(400), sessions=4)
    try:
        site.set_conf("[delivery]\n", "[delivery]\nrate = 10/s\n")
        site.start().send()
        assert peers.wait_for(lambda: len(sink.mails) >= 15, 20), site.log()
        site.set_conf("rate = 10/s", "rate = many\nretrie = 5m")
        site.daemon.send_signal(signal.SIGHUP)
        assert peers.wait_for(lambda: "reload refused" in site.log(), 10), site.log()
        assert "rate" in site.log() and "retrie" in site.log() and "t.conf:" in site.log(), site.log()
        before = len(sink.mails)
        time.sleep(2)
        assert before < len(sink.mails) < before + 40, "the old rate does not hold"
        site.set_conf("rate = many\nretrie = 5m", "rate = 1000/s")
        site.daemon.send_signal(signal.SIGHUP)
        assert peers.wait_for(lambda: site.stats()["state"] == "sent", 20), site.log()
        assert len(sink.mails) == 400
    finally:
        site.close()
        sink.stop()


def reserve_given(folder):
    return not os.path.exists(os.path.join(folder, "reserve"))


def fill(folder, name="filler", until=lambda: False):
    """Takes all of the disk, piece by piece: what the daemon gives free meanwhile is its own once `until` holds."""
    path = os.path.join(folder, name)
    with open(path, "wb") as f:
        size, piece = 0, 1 << 20
        while not until() and piece >= 4096:
            try:
                os.posix_fallocate(f.fileno(), size, piece)
                size += piece
            except OSError:
                piece //= 2
    return path


def test_R5_a_full_disk_stops_sending_before_anything_is_lost():
    folder = tempfile.mkdtemp(prefix="gazette-test-full-")
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "none", folder], capture_output=True).returncode != 0:
        os.rmdir(folder)
        print("skip R5 a full disk: needs root and a mount of its own")
        return
    sink = peers.Sink()
    site = peers.Site(sink.port, many(3000), sessions=10, folder=folder)
    try:
        site.set_conf("[delivery]\n", "[delivery]\nrate = 200/s\n")
        site.set_conf("min_free = 1M", "min_free = 16M")
        site.start().send()
        assert peers.wait_for(lambda: len(sink.mails) >= 100, 20), site.log()
        reserve = os.path.getsize(os.path.join(folder, "reserve"))
        assert reserve == 8 << 20, reserve
        filler = fill(folder, until=lambda: reserve_given(folder))
        assert peers.wait_for(lambda: "sending pauses" in site.log() and reserve_given(folder), 20), site.log()
        time.sleep(3)
        stopped = len(sink.mails)
        time.sleep(2)
        assert len(sink.mails) == stopped < 3000, "sending went on"
        assert site.stats()["sent"] == stopped
        link = next(line for line in sink.mails[0][2].decode().splitlines() if line.startswith("List-Unsubscribe:")).split("<http://")[1].split(">")[0]
        assert site.get("/" + link.split("/", 1)[1], b"List-Unsubscribe=One-Click")[0] == 200, "leaving does not work on a full disk"
        row = site.rows("subscriber", "show", sink.mails[0][1])[0]
        assert "unsubscribed" in str(row), row
        with open(site.conf + ".csv", "w", encoding="utf-8") as csv:
            csv.write("email\nlate@example.org\n")
        refused = site.run("subscriber", "import", "news", site.conf + ".csv", "--consent", "test", "--yes", check=False)
        assert refused.returncode == 75 and b"the disk is nearly full" in refused.stderr and b"min_free is 16" in refused.stderr, refused
        print(f"# {stopped} sent when it stopped, 1 unsubscribed meanwhile, an import refused: {refused.stderr.decode().splitlines()[-1][:120]}")
        assert b"disk" in site.run("queue", check=False).stdout + site.run("queue", "--why", check=False).stdout + site.run("status", check=False).stdout
        os.unlink(filler)
        assert peers.wait_for(lambda: site.stats()["state"] == "sent", 60), (site.stats(), site.log())
        to = [recipient for _, recipient, _ in sink.mails]
        assert len(set(to)) == len(to) == 3000, f"{len(to)} mails for {len(set(to))} of 3000 readers"
        assert site.run("store", "check").returncode == 0
        assert peers.wait_for(lambda: os.path.exists(os.path.join(folder, "reserve")), 10), "the reserve did not come back"
    finally:
        site.stop()
        subprocess.run(["umount", folder], check=True)
        os.rmdir(folder)
        sink.stop()


def test_R5_a_full_disk_does_not_keep_a_stop_waiting():
    folder = tempfile.mkdtemp(prefix="gazette-test-full-")
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "none", folder], capture_output=True).returncode != 0:
        os.rmdir(folder)
        print("skip R5 a stop with a full disk: needs root and a mount of its own")
        return
    answer = threading.Event()
    sink = peers.Sink(dot=lambda to, data: answer.wait(60) and None)
    site = peers.Site(sink.port, many(200), sessions=4, folder=folder)
    try:
        site.set_conf("min_free = 1M", "min_free = 16M")
        site.set_conf("[delivery]\n", "[delivery]\non_uncertain = hold\n")
        site.start().send()
        assert peers.wait_for(lambda: site.stats()["inflight"] == 4, 20, 0.05), (site.stats(), site.log())
        fillers = [fill(folder, until=lambda: reserve_given(folder))]
        assert peers.wait_for(lambda: "sending pauses" in site.log() and reserve_given(folder), 20), site.log()

        def no_room_at_all():
            """Whatever became free is taken, until the daemon's own sign of life does not fit."""
            if os.statvfs(folder).f_bavail > 0:
                fillers.append(fill(folder, f"filler{len(fillers)}"))
            return site.log().count("heartbeat failed") > site.log().count("heartbeat works again")
        assert peers.wait_for(lambda: "heartbeat works again" in site.log(), 20), site.log()
        assert peers.wait_for(no_room_at_all, 30, 0.5), site.log()
        site.daemon.terminate()
        time.sleep(0.5)
        answer.set()
        begin = time.time()
        code = site.daemon.wait(40)
        print(f"# stopped with {code} {time.time() - begin:.1f} s after the replies came: {[line[21:] for line in site.log().splitlines() if 'not written' in line][:1]}")
        assert code not in (0, -9) and "stopping without room" in site.log(), (code, site.log())
        for name in fillers:
            os.unlink(name)
        before = len(sink.mails)
        site.start()
        assert peers.wait_for(lambda: site.stats()["sent"] + site.stats()["uncertain"] == 200, 40), (site.stats(), site.log())
        to = [recipient for _, recipient, _ in sink.mails]
        assert before == 4 == site.stats()["uncertain"] and len(set(to)) == len(to) == 200, (before, site.stats())
        assert site.run("store", "check").returncode == 0
    finally:
        answer.set()
        site.stop()
        subprocess.run(["umount", folder], check=True)
        os.rmdir(folder)
        sink.stop()


peers.tests(test_R15_reload_takes_a_good_file_and_keeps_the_old_one_when_it_is_bad, test_R5_a_full_disk_stops_sending_before_anything_is_lost,
            test_R5_a_full_disk_does_not_keep_a_stop_waiting)
