from __future__ import annotations

import email

import pytest

from benchmarks.common import load

FINISHED = """Running 60m test @ http://127.0.0.1:1/gateway/ocr
REQUESTS 40 0 2.500000 \n  Thread Stats   Avg      Stdev     Max   +/- Stdev
LATENCY 120000 250000 300000 310000
"""


def test_reads_what_the_script_prints() -> None:
    found = load.parse(FINISHED, url="here", cpu_seconds=0.01)
    assert found == load.Load(40, 2.5, p50=0.12, p95=0.25, p99=0.3, longest=0.31, cpu_seconds=0.01)


def test_failed_requests_are_an_error_that_says_how_they_failed() -> None:
    output = FINISHED.replace("40 0 2.500000 ", "40 3 2.500000 503 overloaded")
    with pytest.raises(load.LoadError, match="3 of 40 requests failed at here: 503 overloaded"):
        load.parse(output, url="here", cpu_seconds=0.0)


def test_an_unfinished_run_is_an_error() -> None:
    with pytest.raises(load.LoadError, match="did not finish"):
        load.parse("unable to connect", url="here", cpu_seconds=0.0)


def test_the_body_is_multipart_with_one_file() -> None:
    head = f"Content-Type: {load.CONTENT_TYPE}\r\n\r\n".encode()
    (part,) = [
        part for part in email.message_from_bytes(head + load.multipart(b"pixels")).walk() if part.get_filename()
    ]
    assert part.get_param("name", header="content-disposition") == "image_file"
    assert part.get_payload(decode=True) == b"pixels"
