#!/usr/bin/env python3
"""R8 (hostile_run.py): relays that misbehave before the message."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import hostile  # noqa: E402
import peers  # noqa: E402
from hostile_run import run  # noqa: E402


def test_R8_relays_that_refuse_hang_or_babble_before_the_message():
    run([name for name in hostile.WAYS if name.split("_")[0] in ("banner", "ehlo", "mail")] + ["in_pieces"])


def test_R8_relays_that_refuse_hang_or_babble_in_the_envelope():
    run([name for name in hostile.WAYS if name.split("_")[0] in ("rcpt", "data")])


peers.tests(test_R8_relays_that_refuse_hang_or_babble_before_the_message, test_R8_relays_that_refuse_hang_or_babble_in_the_envelope)
