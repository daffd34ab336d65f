"""When a request is sent again."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from kserve_ocr_client.retry import Retry, seconds_of

NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        (" 0 ", 0.0),
        ("Thu, 01 Jan 2026 12:00:30 GMT", 30.0),
        ("Thu, 01 Jan 2026 12:00:30 -0000", 30.0),
        ("Thu, 01 Jan 2026 11:00:00 GMT", 0.0),
        ("", None),
        ("soon", None),
        ("-3", None),
        ("٣", None),
    ],
)
def test_retry_after(header: str, seconds: float | None) -> None:
    assert seconds_of(header, now=NOW) == seconds


def test_the_pause_that_the_service_names_is_kept() -> None:
    assert Retry().pause(attempt=1, retry_after=3.0) == 3.0
    assert Retry(longest_pause=10).pause(attempt=1, retry_after=11.0) is None


def test_pauses_double_up_to_the_longest_and_differ() -> None:
    retry = Retry(attempts=100, first_pause=1.0, longest_pause=8.0)
    pauses = [retry.pause(attempt=attempt, retry_after=None) for attempt in (1, 2, 3, 4, 50)]

    for pause, full in zip(pauses, (1, 2, 4, 8, 8), strict=True):
        assert pause is not None
        assert full / 2 <= pause <= full
    assert len({retry.pause(attempt=4, retry_after=None) for _ in range(20)}) > 1


def test_attempts_end() -> None:
    assert Retry(attempts=2).pause(attempt=2, retry_after=1.0) is None
