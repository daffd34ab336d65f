"""Frames are handed on whole, counted, and without GOAWAY."""

from __future__ import annotations

import pytest
from h2.errors import ErrorCodes

from kserve_ocr.serving.connection.connection_limits import PROBE_RESERVE, HttpLimits
from kserve_ocr.serving.http2.frame_reader import PREFACE, FrameReader
from kserve_ocr.serving.http2.limits import Allowance, FrameError, StreamTable

DATA, HEADERS, PING, GOAWAY = 0x0, 0x1, 0x6, 0x7


def frame(kind: int, content: bytes = b"", *, flags: int = 0) -> bytes:
    return len(content).to_bytes(3, "big") + bytes([kind, flags]) + (1).to_bytes(4, "big") + content


def reader(*, control: int = 5) -> FrameReader:
    allowance = Allowance(control, per_second=1, clock=lambda: 0)
    return FrameReader(preface=PREFACE, frame_bytes=1000, header_bytes=100, control=allowance)


def test_frames_that_come_byte_by_byte() -> None:
    found, given = reader(), frame(DATA, b"one") + frame(PING, bytes(8))
    batches = []
    for byte in PREFACE + given:
        found.feed(bytes([byte]))
        batches.append(found.batch())

    assert [batch for batch in batches if batch] == [frame(DATA, b"one"), frame(PING, bytes(8))]
    assert not found.is_incomplete


def test_what_is_incomplete() -> None:
    for start in (b"", PREFACE[:3], PREFACE, PREFACE + frame(DATA)[:3], PREFACE + frame(HEADERS, b"x")):
        found = reader()
        found.feed(start)
        found.batch()
        assert found.is_incomplete


def test_goaway_is_taken_out() -> None:
    found = reader()
    found.feed(PREFACE + frame(DATA, b"a") + frame(GOAWAY, bytes(8)) + frame(DATA, b"b"))

    assert found.batch() == frame(DATA, b"a") + frame(DATA, b"b")
    assert found.goaway


def test_many_frames_come_in_batches() -> None:
    found = reader()
    found.feed(PREFACE + frame(DATA, b"x") * 200)
    sizes = []
    while True:
        sizes.append(len(found.batch()) // 10)
        if not found.has_more:
            break
    assert sizes == [128, 72]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (b"GET / HTTP/1.1\r\n", ErrorCodes.PROTOCOL_ERROR),
        (PREFACE + frame(DATA, bytes(1001))[:9], ErrorCodes.FRAME_SIZE_ERROR),
        (PREFACE + frame(PING) * 6, ErrorCodes.ENHANCE_YOUR_CALM),
        (PREFACE + frame(DATA) * 6, ErrorCodes.ENHANCE_YOUR_CALM),
        (PREFACE + frame(HEADERS, bytes(60)) + frame(0x9, bytes(41)), ErrorCodes.ENHANCE_YOUR_CALM),
    ],
)
def test_what_is_refused(given: bytes, code: ErrorCodes) -> None:
    found = reader()
    found.feed(given)
    with pytest.raises(FrameError) as refused:
        found.batch()
    assert refused.value.code is code


def test_an_allowance_comes_back_with_time() -> None:
    now = 0.0
    allowance = Allowance(1, per_second=2, clock=lambda: now)
    allowance.use()
    with pytest.raises(FrameError):
        allowance.use()
    now = 0.5
    allowance.use()
    allowance.add(3)
    allowance.use()
    with pytest.raises(FrameError):
        allowance.use()


def test_streams_are_bounded_for_each_client_and_in_all() -> None:
    table = StreamTable(HttpLimits(connections=3, connections_per_client=2))

    assert [table.admit(client, is_probe=False) for client in "aaabb"] == [True, True, False, True, False]
    assert [table.admit("c", is_probe=True) for _ in range(PROBE_RESERVE + 1)] == [True] * PROBE_RESERVE + [False]
    table.release("a")
    for _ in range(PROBE_RESERVE):
        table.release("c")
    assert table.admit("b", is_probe=False)
