from __future__ import annotations

import contextlib
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.common.sample_files import every_kind
from kserve_ocr.protocol.errors import MalformedRequestError, UnsupportedDocumentError
from transformer.decoding.sniff import FileType, detect_file_type


@pytest.mark.parametrize(("name", "document"), every_kind().items(), ids=list(every_kind()))
def test_tells_every_kind_by_its_bytes(name: str, document: bytes) -> None:
    assert detect_file_type(document) == name.partition("-")[0]
    assert detect_file_type(memoryview(document)) == name.partition("-")[0]


def test_finds_a_pdf_behind_what_a_mailer_put_in_front() -> None:
    assert detect_file_type(b"\r\n" * 500 + b"%PDF-1.4\n") == "pdf"
    with pytest.raises(UnsupportedDocumentError):
        detect_file_type(b"\r\n" * 600 + b"%PDF-1.4\n")


def test_an_empty_document_is_a_malformed_request() -> None:
    with pytest.raises(MalformedRequestError, match="empty"):
        detect_file_type(b"")


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (b"<!DOCTYPE html><html>", "is HTML"),
        (b"<?xml version='1.0'?>\n<svg xmlns=''>", "is SVG"),
        (b"PK\x03\x04\x14\0", "ZIP"),
        (b"8BPS\0\x01", "Photoshop"),
        (b"%!PS-Adobe-3.0 EPSF-3.0", "PostScript"),
        (b"\0\0\0\x18ftypqt  \0\0\0\0qt  ", "video"),
        (b"AT&TFORM\0\0", "DjVu"),
        (b'{"image": ""}', "JSON"),
        (b"data:image/png;base64,iVBORw0KGgo", "base64"),
        (b"iVBORw0KGgoAAAANSUhEUg", "base64"),
        (b"BM is also how a text may start", "neither an image nor a PDF"),
        (b"SIMPLE  =                    T", "neither an image nor a PDF"),
    ],
)
def test_names_a_mistake_and_what_is_accepted(document: bytes, words: str) -> None:
    with pytest.raises(UnsupportedDocumentError, match=words) as caught:
        detect_file_type(document)
    assert "send PNG, JPEG, TIFF" in caught.value.message


@given(st.binary(max_size=200))
def test_any_bytes_are_a_kind_or_an_error(document: bytes) -> None:
    with contextlib.suppress(MalformedRequestError, UnsupportedDocumentError):
        assert detect_file_type(document) in get_args(FileType)
