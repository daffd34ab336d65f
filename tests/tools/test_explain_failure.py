"""Causes of failed deployments, in the words of a cluster, become sentences that say what to do."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tools.explain_failure import explain
from tools.local_stack import ROOT

QUOTA = (
    'Error creating: pods "ocr-predictor-00002-deployment-7f-x" is forbidden: exceeded quota: ocr, requested: '
    "limits.cpu=3,limits.memory=2304Mi, used: limits.cpu=38,limits.memory=34Gi, "
    "limited: limits.cpu=40,limits.memory=36Gi"
)
MODEL = "Container failed with: /mnt/models/deu.traineddata is not a Tesseract model (a Git LFS pointer of 130 bytes)"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (QUOTA, ["ResourceQuota ocr", "limits.cpu=3", "manifests/quota.yaml"]),
        ('Back-off pulling image "dev.local/x:1": ErrImagePull', ["cannot be pulled", "make images"]),
        ("0/1 nodes are available: 1 Insufficient cpu.", ["no node has room"]),
        ('pods "x" is forbidden: violates PodSecurity "restricted:latest"', ["baseline"]),
        ("ocr-1   0/2   OOMKilled   3", ["more memory than its limit"]),
        (MODEL, ["language model cannot be used", "Git LFS pointer"]),
        ('pods "x" is forbidden: no PriorityClass with name ocr-serving was found', ["kustomize/cluster"]),
        ("must not set the field(s): spec.template.spec.topologySpreadConstraints", ["config-features"]),
    ],
)
def test_known_causes(said: str, expected: list[str]) -> None:
    (sentence,) = explain(f"Ready: False\n{said}\nmore\n")
    assert all(part in sentence for part in expected), sentence


def test_the_same_cause_is_said_once_and_unknown_ones_are_left_alone() -> None:
    assert len(list(explain(f"{QUOTA}\n{QUOTA}"))) == 1
    assert list(explain("everything is fine")) == []


def test_deploy_explains_why_it_is_not_ready(tmp_path: Path) -> None:
    kubectl = tmp_path / "kubectl"
    kubectl.write_text(
        "#!/bin/sh\n"
        'case "$*" in\n'
        "  *current-context*) echo here ;;\n"
        "  wait*) exit 1 ;;\n"
        f"  *'get events'*|'get events'*) echo '{QUOTA}' ;;\n"
        "esac\n"
    )
    kubectl.chmod(0o755)
    finished = subprocess.run(
        [ROOT / "scripts" / "deploy", "dev"],
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 1
    assert "applying dev to here" in finished.stdout
    assert "→ the ResourceQuota ocr is used up" in finished.stderr
