"""Requests that the OpenAPI documents allow, and others, against both servers, with every check of Schemathesis."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.api_fuzz import fuzz
from tests.support.http_calls import assert_reads
from tools.local_stack import Service


@pytest.mark.long
@pytest.mark.parametrize("name", ["transformer", "predictor"])
def test_the_server_does_what_its_document_says(service: Service, name: str, tmp_path: Path) -> None:
    server = getattr(service, name)

    done = fuzz(server.url, seed=20, examples=5, folder=tmp_path)

    assert done.returncode == 0, done.stdout[-6000:] + done.stderr
    assert_reads(server)
