"""Scans, programs' documents and damaged files through the real service: the same document with text, or a reason."""

from __future__ import annotations

import base64
import io
import json
import re
from typing import Any, Final

import httpx
import numpy as np
import pikepdf
import pytest

from tests.transformer.formats import drawn
from tests.transformer.formats.pdf.documents.broken import BROKEN
from tests.transformer.formats.pdf.documents.native import DRAWINGS, NATIVE
from tests.transformer.formats.pdf.documents.scans import SCANS
from tests.transformer.formats.pdf.extractors import EXTRACTORS, render
from tools.local_stack import Service

TEXT: Final = " ".join(drawn.TEXT).split()
TURNED: Final = {"on its side", "upside down", "on its other side", "skewed and rotated", "pages of all kinds"}
"""Scans that are shown the right way up afterwards."""
ENCRYPTED: Final = {"rc4", "aes 128", "aes 256"}
REPAIRED: Final = {
    "garbage after", "garbage before", "wrong offsets", "wrong length", "update cut off", "cut off", "bad jpeg", "bomb",
    "form loop", "table from 1", "too many pages",
}  # fmt: skip
"""Damaged documents whose text is found."""
REJECTED: Final = {"page loop", "null page", "no pages", "header only", "a web page", "encrypted for a password"}


def _read(service: Service, document: bytes, **options: Any) -> httpx.Response:
    outputs = {"outputs": "text,words,pdf"}
    return httpx.post(f"{service.url}/gateway/ocr", content=document, params=outputs | options, timeout=120)


def _outputs(answer: httpx.Response) -> tuple[list[str], list[dict[str, Any]], bytes]:
    """The words of the text, the pages of ``words`` and the PDF."""
    assert answer.status_code == 200, answer.text
    found = {output["name"]: output["data"][0] for output in answer.json()["outputs"]}
    return found["text"].split(), json.loads(found["words"])["pages"], base64.b64decode(found["pdf"])


def _same_objects(before: bytes, after: bytes) -> bool:
    """Whether every object but pages and the catalog is what it was."""
    with pikepdf.open(io.BytesIO(before), inherit_page_attributes=False) as old:
        kept = {found.objgen for found in old.objects} - {page.obj.objgen for page in old.pages} - {old.Root.objgen}
        with pikepdf.open(io.BytesIO(after), inherit_page_attributes=False) as new:
            return all(_described(old, *objgen) == _described(new, *objgen) for objgen in kept)


def _described(pdf: pikepdf.Pdf, *objgen: int) -> tuple[bytes, bytes]:
    found = pdf.get_object(*objgen)
    return found.to_json(), found.read_raw_bytes() if isinstance(found, pikepdf.Stream) else b""


@pytest.mark.parametrize("kind", sorted(SCANS))
def test_a_scan_is_the_same_document_with_text(service: Service, kind: str) -> None:
    document = SCANS[kind]()
    text, pages, made = _outputs(_read(service, document))
    expected = [word.lower() for word in TEXT] * len(pages)
    assert sum(word.lower() == other for word, other in zip(text, expected, strict=True)) >= len(expected) - 1
    assert all(page["source"] == "ocr" for page in pages)
    if kind not in ENCRYPTED:
        assert made.startswith(document)
        assert _same_objects(document, made)
    if kind not in TURNED:
        dpi = 10 if kind.startswith("poster") else 100
        assert np.array_equal(render(made, dpi=dpi), render(document, dpi=dpi))
    for name, extract in EXTRACTORS.items():
        # Poppler takes the words of a line that rises for lines of their own.
        found = extract(made).split()
        ordered = sorted if name == "poppler" and kind == "skewed by its matrix" else list
        assert ordered(found) == ordered(text), name


@pytest.mark.parametrize("kind", ["skewed by its matrix", "group 4"])
def test_a_skewed_scan_is_shown_straight_on_request(service: Service, kind: str) -> None:
    document = SCANS[kind]()
    text, pages, made = _outputs(_read(service, document, deskew="page"))
    assert made.startswith(document)
    assert _same_objects(document, made)
    assert (kind == "group 4") == (pages[0]["skew"] == 0) == np.array_equal(render(made), render(document))
    assert [extract(made).split() for extract in EXTRACTORS.values()] == [text] * len(EXTRACTORS)


@pytest.mark.parametrize(("orient", "rotate"), [("page", 270), ("none", 0)])
def test_a_page_is_shown_upright_on_request(service: Service, orient: str, rotate: int) -> None:
    document = SCANS["on its other side"]()
    _, _, made = _outputs(_read(service, document, orient=orient))
    with pikepdf.open(io.BytesIO(made)) as pdf:
        assert pdf.pages[0].obj.get("/Rotate", 0) % 360 == rotate
    assert made.startswith(document)


@pytest.mark.parametrize("kind", sorted(NATIVE))
def test_a_document_with_text_stays_as_it_is(service: Service, kind: str) -> None:
    document = NATIVE[kind]()
    text, pages, made = _outputs(_read(service, document))
    assert made == document
    assert text[0] in ("Words", "Déjà")
    assert all(page["source"] == "embedded" for page in pages)


def test_small_errors_stay_and_are_mentioned(service: Service) -> None:
    document = SCANS["no types"]()
    answer = _read(service, document)
    assert _outputs(answer)[2].startswith(document)
    assert re.match(r"the PDF has errors, which are left as they are: /Type", answer.json()["parameters"]["warnings"])


@pytest.mark.parametrize("kind", sorted(DRAWINGS))
def test_drawings_and_blank_pages_stay_as_they_are_seen(service: Service, kind: str) -> None:
    document = DRAWINGS[kind]()
    text, _, made = _outputs(_read(service, document))
    assert made.startswith(document)
    assert np.array_equal(render(made), render(document))
    assert (text == ["Outlines", "of", "letters"]) == (kind == "outlines")


@pytest.mark.parametrize("kind", sorted(BROKEN))
def test_a_damaged_document_is_read_or_rejected_with_a_reason(service: Service, kind: str) -> None:
    answer = _read(service, BROKEN[kind]())
    if kind in REJECTED:
        assert answer.status_code == 422
        assert re.search(r"export the document again|password=", answer.json()["error"])
        return
    text, _, made = _outputs(answer)
    with pikepdf.open(io.BytesIO(made)) as pdf:
        assert len(pdf.pages) == 1
    if kind in REPAIRED:
        assert text == TEXT
