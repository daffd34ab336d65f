"""Requests that the OpenAPI documents allow, and others, against both servers, with every check of Schemathesis."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks.api_fuzz import fuzz
from tests.support.http_calls import assert_reads
from tools.local_stack import Service


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", ["transformer", "predictor"])
def test_the_server_does_what_its_document_says(service: Service, name: str, tmp_path: Path) -> None:
    server = getattr(service, name)

    done = fuzz(server.url, seed=20, limit="--max-examples=40", folder=tmp_path)

    assert done.returncode == 0, done.stdout[-6000:] + done.stderr
    links = re.search(r"API Links: +(\d+) covered", done.stdout)
    assert links is not None
    assert int(links[1]) > 10, "requests along the links have to reach the model"
    assert_reads(server)
