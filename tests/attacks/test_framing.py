"""Requests whose length can be read in two ways, and other framing that proxies and servers have disagreed on."""

from __future__ import annotations

import re
import socket

import pytest

from tests.attacks.target import Target
from tests.support.http_calls import GATEWAY, TIMEOUT

_SMUGGLED = b"GET /v2/models/smuggled HTTP/1.1\r\nHost: x\r\n\r\n"


def exchange(port: int, sent: bytes) -> bytes:
    """Everything that is answered until the server closes, or half a second passes without a byte."""
    received = b""
    with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT) as client:
        client.sendall(sent)
        client.settimeout(0.5)
        try:
            while chunk := client.recv(1 << 16):
                received += chunk
        except (TimeoutError, ConnectionResetError):
            pass
    return received


def post(*headers: bytes, body: bytes = b"") -> bytes:
    return b"\r\n".join([b"POST " + GATEWAY.encode() + b" HTTP/1.1", b"Host: x", *headers, b"", b""]) + body


def statuses(answers: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", answers)]


CHUNKED = b"0\r\n\r\n" + _SMUGGLED
LENGTH = b"Content-Length: %d" % len(CHUNKED)


@pytest.mark.parametrize(
    "sent",
    [
        post(LENGTH, b"Transfer-Encoding: chunked", body=CHUNKED),
        post(b"Transfer-Encoding: chunked", LENGTH, body=CHUNKED),
        post(b"Content-Length: 0", LENGTH, body=CHUNKED),
        post(b"Content-Length: 0, 5", body=CHUNKED),
        post(b"Content-Length: +5", body=CHUNKED),
        post(b"Content-Length: -1", body=CHUNKED),
        post(b"Content-Length: 0x5", body=CHUNKED),
        post(b"Content-Length : 5", body=CHUNKED),
        post(b"Transfer-Encoding: xchunked", body=CHUNKED),
        post(b"Transfer-Encoding: chunked, identity", body=CHUNKED),
        post(b"Transfer-Encoding : chunked", body=CHUNKED),
        post(b"Transfer-Encoding:\x0bchunked", body=CHUNKED),
        post(b"X: a\r\n Transfer-Encoding: chunked", body=CHUNKED),
        post(b"Transfer-Encoding: chunked", body=b"0x0\r\n\r\n" + _SMUGGLED),
        post(b"Transfer-Encoding: chunked", body=b"-1\r\n\r\n" + _SMUGGLED),
        post(b"Transfer-Encoding: chunked", body=b"ffffffffffffffffff\r\n\r\n" + _SMUGGLED),
        post(b"Transfer-Encoding: chunked", body=b"1\r\nab\r\n0\r\n\r\n" + _SMUGGLED),
        post(b"X\x00Y: 1", body=_SMUGGLED),
        post(b"X: a\x00b", body=_SMUGGLED),
    ],
)
@pytest.mark.parametrize("role", ["transformer", "predictor"])
def test_a_request_of_ambiguous_length_ends_its_connection(attacked: Target, role: str, sent: bytes) -> None:
    """What follows it must not be answered as a request of its own."""
    answers = exchange(getattr(attacked, role).port, sent)
    assert len(statuses(answers)) <= 1, answers
    assert all(400 <= status < 500 for status in statuses(answers)), answers


def test_trailers_do_not_become_headers(attacked: Target) -> None:
    body = b"3\r\nabc\r\n0\r\nX-Request-Id: from-a-trailer\r\n\r\n"
    answers = exchange(attacked.transformer.port, post(b"Transfer-Encoding: chunked", body=body))
    assert statuses(answers) == [415]
    assert b"from-a-trailer" not in answers


def test_a_header_cannot_be_put_into_the_answer(attacked: Target) -> None:
    sent = post(b"X-Request-Id: a%0d%0aSet-Cookie: b", b"Accept: text/plain\rX-Evil: 1", b"Content-Length: 0")
    answers = exchange(attacked.transformer.port, sent)
    assert b"\r\nSet-Cookie" not in answers
    assert b"\r\nX-Evil" not in answers
