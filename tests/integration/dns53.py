#!/usr/bin/env python3
"""A name server on port 53 of a network namespace of its own: NAME TXT [NAME TXT]…"""
import sys
import os
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import peers  # noqa: E402

peers.Dns(dict(zip(sys.argv[1::2], sys.argv[2::2])), port=53)
time.sleep(60)
