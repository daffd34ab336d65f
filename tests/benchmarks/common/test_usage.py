from __future__ import annotations

import os
import subprocess
import sys

from benchmarks.common import usage

BUSY = "import time\nwhile time.process_time() < 0.5: pass"


def test_children_that_have_ended_count() -> None:
    with usage.measured([os.getpid()]) as found:
        subprocess.run([sys.executable, "-c", BUSY], check=True)
    assert found.cpu_seconds >= 0.5
    assert found.peak_bytes > 1 << 20


def test_a_tree_has_its_roots_and_what_is_below() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        assert {os.getpid(), child.pid} <= set(usage.tree([os.getpid()]))


def test_an_ended_process_uses_nothing() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        child.wait()
    assert usage.cpu_seconds([child.pid]) == 0
    assert usage.pss_bytes([child.pid]) == 0
