"""Compressed bodies, there and back."""

from __future__ import annotations

import gzip
import os
import zlib
from typing import Any

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from kserve_ocr.protocol.errors import MalformedRequestError, UnsupportedDocumentError
from kserve_ocr.serving.connection.content_encoding import PIECE, accepted, decode, encode, names_of

ENCODINGS = ("gzip", "deflate", "zstd")
LARGE = os.urandom(1000) * 5000


def bare(body: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-15)
    return compressor.compress(body) + compressor.flush()


@given(st.binary(max_size=2000))
def test_bodies_come_back(body: bytes) -> None:
    for encoding in ENCODINGS:
        assert b"".join(decode(encode(body, encoding), encoding)) == body
    assert b"".join(decode(bare(body), "deflate")) == body


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_large_bodies_come_in_pieces(encoding: str) -> None:
    pieces = list(decode(encode(LARGE, encoding), encoding))

    assert b"".join(pieces) == LARGE
    assert len(pieces) > 1
    assert max(map(len, pieces)) <= PIECE


def test_files_joined_end_to_end() -> None:
    assert b"".join(decode(gzip.compress(b"one") + gzip.compress(b"two"), "gzip")) == b"onetwo"
    compress = zstandard.ZstdCompressor().compress
    assert b"".join(decode(compress(b"one") + compress(b"two"), "zstd")) == b"onetwo"


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("body", [b"plain text, not compressed", b"\x1f\x8b", b"\x78\x9c\xff\xff"])
def test_damaged_bodies(encoding: str, body: bytes) -> None:
    with pytest.raises(MalformedRequestError, match=f"the body is not valid {encoding}"):
        b"".join(decode(body, encoding))


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_a_body_that_is_cut_off(encoding: str) -> None:
    with pytest.raises(MalformedRequestError):
        b"".join(decode(encode(LARGE, encoding)[:-20], encoding))


@pytest.mark.parametrize("encoding", ["br", "compress", "gzip2"])
def test_an_unknown_encoding(encoding: str) -> None:
    with pytest.raises(UnsupportedDocumentError, match="send gzip, deflate or zstd"):
        decode(b"", encoding)


def test_a_bomb_is_decoded_no_further_than_is_read() -> None:
    bomb = gzip.compress(bytes(1 << 27))

    assert len(next(decode(bomb, "gzip"))) == PIECE


@pytest.mark.parametrize(
    ("header", "names"),
    [("", []), ("identity", []), ("GZIP", ["gzip"]), ("x-gzip", ["gzip"]), ("deflate, gzip", ["deflate", "gzip"])],
)
def test_names(header: str, names: list[str]) -> None:
    assert names_of(header) == names


@pytest.mark.parametrize(
    ("header", "encoding"),
    [
        ("", None),
        ("identity", None),
        ("br", None),
        ("gzip", "gzip"),
        ("gzip, deflate", "gzip"),
        ("deflate", "deflate"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip;q=0", None),
        ("zstd;q=0.5, gzip;q=0.8", "gzip"),
        ("gzip;q=high", None),
    ],
)
def test_what_is_accepted(header: str, encoding: Any) -> None:
    assert accepted(header) == encoding
