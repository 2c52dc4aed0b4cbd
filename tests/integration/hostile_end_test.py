#!/usr/bin/env python3
"""R8 (hostile_run.py): relays that misbehave after the message, or in TLS."""
import os
import shutil
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import hostile  # noqa: E402
import peers  # noqa: E402
from hostile_run import run  # noqa: E402


def test_R8_relays_that_fail_after_the_final_dot():
    run([name for name in hostile.WAYS if name.startswith("dot_")])


def test_R8_relays_whose_TLS_is_not_theirs():
    folder = tempfile.mkdtemp(prefix="gazette-certificates-")
    try:
        run(hostile.TLS, hostile.Certificates(folder))
    finally:
        shutil.rmtree(folder)


peers.tests(test_R8_relays_that_fail_after_the_final_dot, test_R8_relays_whose_TLS_is_not_theirs)
