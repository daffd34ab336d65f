from __future__ import annotations

import pickle
from typing import Any

import grpc
import pytest

from kserve_ocr.protocol import errors
from kserve_ocr.protocol.errors import OcrError, OverloadedError, TimedOutError

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, OcrError)]


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_crosses_processes_and_the_wire(kind: type[OcrError]) -> None:
    error = kind("do something else", retry_after=3)

    assert pickle.loads(pickle.dumps(error)).__dict__ == error.__dict__
    found = errors.from_wire(error.status, error.body(), retry_after=3)
    assert found is not None
    assert found.code == error.code
    assert (found.message, found.retry_after) == ("do something else", 3)


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_has_a_grpc_status(kind: type[OcrError]) -> None:
    assert kind.grpc_status in {status.value[0] for status in grpc.StatusCode}


def test_slugs_are_told_apart() -> None:
    assert len(errors.codes()) == len({kind.code for kind in KINDS}) == len(KINDS) - 1  # OcrError is internal


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (503, None),
        (503, "overloaded"),
        (503, []),
        (503, {"error": "no healthy upstream"}),
        (502, {"error": "x", "code": "overloaded"}),
        (503, {"error": "x", "code": "upstream"}),
        (503, {"error": "x", "code": ["overloaded"]}),
    ],
)
def test_an_answer_that_is_not_ours(status: int, body: Any) -> None:
    assert errors.from_wire(status, body) is None


def test_an_error_says_where_it_happened() -> None:
    error = TimedOutError("too slow").within("page 3").within("document 2")

    assert isinstance(error, TimedOutError)
    assert error.body() == {"error": "document 2: page 3: too slow", "code": "timed_out"}


def test_only_errors_that_know_when_say_when_to_come_back() -> None:
    assert OverloadedError("full", retry_after=5).within("page 1").headers() == {"Retry-After": "5"}
    assert TimedOutError("too slow").headers() == {}
