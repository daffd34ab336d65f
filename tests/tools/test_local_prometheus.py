"""The programs are found where they are installed, or where the setup has unpacked them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import local_prometheus


def test_an_installed_program_comes_before_an_unpacked_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed, unpacked = tmp_path / "installed", tmp_path / "unpacked"
    monkeypatch.setenv("PATH", str(installed))
    monkeypatch.setattr(local_prometheus, "_UNPACKED", unpacked)
    assert local_prometheus.executable("promtool") is None
    for directory in (unpacked, installed):
        directory.mkdir()
        (directory / "promtool").touch(mode=0o755)
        assert local_prometheus.executable("promtool") == str(directory / "promtool")
