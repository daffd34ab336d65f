from __future__ import annotations

import os
from pathlib import Path

import pytest

from kserve_ocr.workers.cpus import granted_cpus


@pytest.fixture(autouse=True)
def _sixteen_cpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(16)))


def cpus(tmp_path: Path, *, membership: str, files: dict[str, str]) -> int:
    root = tmp_path / "cgroup"
    for name, content in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    (tmp_path / "membership").write_text(membership)
    return granted_cpus(root=root, membership=tmp_path / "membership")


@pytest.mark.parametrize(
    ("quota", "expected"),
    [("max 100000", 16), ("400000 100000", 4), ("250000 100000", 2), ("50000 100000", 1), ("9900000 100000", 16)],
)
def test_version_2_quota(tmp_path: Path, quota: str, expected: int) -> None:
    assert cpus(tmp_path, membership="0::/\n", files={"cpu.max": quota + "\n"}) == expected


def test_version_2_quota_of_a_parent(tmp_path: Path) -> None:
    files = {"kubepods/cpu.max": "300000 100000\n", "kubepods/pod/cpu.max": "max 100000\n"}
    assert cpus(tmp_path, membership="0::/kubepods/pod\n", files=files) == 3


@pytest.mark.parametrize(("quota", "expected"), [("-1", 16), ("200000", 2), ("10000", 1)])
def test_version_1_quota(tmp_path: Path, quota: str, expected: int) -> None:
    membership = "5:memory:/pod\n4:cpu,cpuacct:/pod\n1:name=systemd:/pod\n"
    files = {"cpu,cpuacct/pod/cpu.cfs_quota_us": quota + "\n", "cpu,cpuacct/pod/cpu.cfs_period_us": "100000\n"}
    assert cpus(tmp_path, membership=membership, files=files) == expected


def test_version_1_quota_seen_from_inside_a_container(tmp_path: Path) -> None:
    files = {"cpu,cpuacct/cpu.cfs_quota_us": "200000\n", "cpu,cpuacct/cpu.cfs_period_us": "100000\n"}
    assert cpus(tmp_path, membership="4:cpu,cpuacct:/docker/0123\n", files=files) == 2


def test_without_cgroups_affinity_decides(tmp_path: Path) -> None:
    assert granted_cpus(root=tmp_path, membership=tmp_path / "none") == 16


def test_this_process_has_at_least_one() -> None:
    assert granted_cpus() >= 1
