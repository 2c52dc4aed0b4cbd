#!/usr/bin/env python3
"""The manual says what the programs do: every command and option of gazette, every key of the configuration; and wrong use is answered well."""
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import peers  # noqa: E402


def manual(name):
    with open(os.path.join(peers.ROOT, "docs", "man", name), encoding="utf-8") as f:
        return f.read().replace("\\-", "-").replace("\\&", "")


def gazette(*words, **more):
    return subprocess.run([peers.GAZETTE, *words], capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL, **more)


def test_every_command_is_in_the_manual_with_its_options():
    page = manual("gazette.1")
    groups = {line.split()[1] for line in gazette("help").stdout.splitlines() if line.startswith("  gazette ")}
    assert len(groups) >= 15, groups
    usages = 0
    for group in groups:
        for line in gazette("help", group).stdout.splitlines():
            if not line.startswith("  gazette "):
                continue
            usages += 1
            assert line.strip().rstrip() in page, line
    assert usages > 40


def test_every_key_is_in_the_manual():
    page = manual("gazette.conf.5")
    with tempfile.TemporaryDirectory() as folder:
        gazette("-c", f"{folder}/t.conf", "init", "--data-dir", ".", "--yes")
        keys = gazette("-c", f"{folder}/t.conf", "config", "--options").stdout.splitlines()
    assert len(keys) > 30
    for row in keys:
        section, key, _, _, words = row.split("\t")
        assert f".B {key}\n" in page and words in page, row


def test_wrong_use_is_answered():
    done = gazette("campagin", "ls")
    assert done.returncode == 64 and "did you mean campaign" in done.stderr, done
    done = gazette("list", "crate")
    assert done.returncode == 64 and "did you mean create" in done.stderr, done
    done = gazette("-c", "/nonexistent.conf", "list", "ls")
    assert done.returncode == 78 and "init" in done.stderr, done
    assert gazette("campaign", "send", "--hepl").returncode == 64


def test_every_fault_of_a_configuration_is_named_with_its_line():
    with tempfile.TemporaryDirectory() as folder:
        conf = os.path.join(folder, "t.conf")
        with open(conf, "w", encoding="utf-8") as f:
            f.write("[daemon]\ndata_dir = .\npublic_url = ftp://x\n[delivery]\nsesions = 3\nrate = fast\nretry = 5m\nsessions = 900\n[relay:main]\nurl = smtp+plain://mail.example.org\n"
                    "[dkim:example.org]\nkey = x\n[dkim:example.org/a]\nkey = x\n[delivery]\nbreaker = 5\n")
        done = subprocess.run([peers.GAZETTED, "-c", conf, "--check"], capture_output=True, text=True, timeout=20)
        assert done.returncode == 78, done
        for what in (r":5: .*sesions: unknown key \(did you mean sessions\?\)", r":6: .*rate.*no rate", r":8: .*sessions.*1 to 500", r"public_url.*no http", r"smtp\+plain:// goes to loopback",
                     r"DOMAIN/SELECTOR", r"dkim:example.org/a.*keygen", r"breaker.*bounces 5%"):
            assert re.search(what, done.stderr), (what, done.stderr)


peers.tests(test_every_command_is_in_the_manual_with_its_options, test_every_key_is_in_the_manual, test_wrong_use_is_answered,
            test_every_fault_of_a_configuration_is_named_with_its_line)
