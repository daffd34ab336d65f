"""The documentation site builds without a warning."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_site_builds(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", str(tmp_path / "site")]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}

    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=environment)

    assert (built.returncode, built.stderr) == (0, "")
    assert "Configuration" in (tmp_path / "site" / "configuration" / "index.html").read_text()
