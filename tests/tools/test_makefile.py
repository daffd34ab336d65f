"""``make help`` lists every target, and none is taken for a file."""

from __future__ import annotations

import re
import subprocess

from tools.local_stack import ROOT

TEXT = (ROOT / "Makefile").read_text()
TARGETS = set(re.findall(r"^([\w-]+):", TEXT, flags=re.MULTILINE))


def test_help_lists_every_target() -> None:
    # Within make, a make below says where it is.
    command = ["make", "--no-print-directory", "help"]
    printed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout

    assert {line.split()[0] for line in printed.splitlines()} == TARGETS
    assert "e2e" in TARGETS


def test_no_target_is_a_file() -> None:
    (phony,) = re.findall(r"^\.PHONY:((?:.*\\\n)*.*)$", TEXT, flags=re.MULTILINE)

    assert set(phony.replace("\\", "").split()) == TARGETS
