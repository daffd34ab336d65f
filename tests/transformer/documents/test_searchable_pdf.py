"""Searchable PDFs by the real service: the same document, with text."""

from __future__ import annotations

import base64
import io
import json
import shutil
import subprocess
from typing import Any

import httpx
import numpy as np
import pikepdf
import pytest
from PIL import Image, ImageDraw, ImageFont

from benchmarks.common.sample_files import drawn_pdf, encrypted_pdf
from tests.support.drawn_pages import encode
from tests.transformer.formats import drawn
from tests.transformer.formats.pdf import corpus
from tests.transformer.formats.pdf.extractors import EXTRACTORS, poppler, render
from tools.local_stack import Service

TIMEOUT = 120


@pytest.fixture(scope="module")
def page() -> tuple[Image.Image, list[str]]:
    image, words = drawn.draw()
    return image, [text for text, _ in words]


@pytest.fixture(scope="module")
def scan(page: tuple[Image.Image, list[str]]) -> bytes:
    """Two scanned pages and a bookmark."""
    file = io.BytesIO()
    page[0].save(file, "PDF", resolution=150, save_all=True, append_images=[page[0]])
    with pikepdf.open(file) as pdf:
        with pdf.open_outline() as outline:
            outline.root.append(pikepdf.OutlineItem("Second page", 1))
        out = io.BytesIO()
        pdf.save(out)
    return out.getvalue()


def _pdf(service: Service, document: bytes, **options: Any) -> httpx.Response:
    return httpx.post(
        f"{service.url}/gateway/ocr",
        content=document,
        params=options,
        headers={"Accept": "application/pdf"},
        timeout=TIMEOUT,
    )


def _outputs(service: Service, document: bytes, **options: Any) -> dict[str, Any]:
    answer = httpx.post(f"{service.url}/gateway/ocr", content=document, params=options, timeout=TIMEOUT)
    assert answer.status_code == 200, answer.text
    return {output["name"]: output["data"][0] for output in answer.json()["outputs"]}


def _words(text: str) -> list[str]:
    return text.replace("\f", " ").split()


def test_a_scan_keeps_its_bytes_and_gets_its_text(
    service: Service, scan: bytes, page: tuple[Image.Image, list[str]]
) -> None:
    made = _pdf(service, scan)
    assert made.status_code == 200
    assert made.content.startswith(scan)
    assert _words(poppler(made.content)) == page[1] * 2
    assert np.array_equal(render(made.content, dpi=100), render(scan, dpi=100))


def test_pages_that_have_text_are_not_read_again(service: Service) -> None:
    document = drawn_pdf(texts=["Drawn words", "Second page"])
    assert _pdf(service, document).content == document
    found = _outputs(service, document, outputs="text,words,pages,confidence")
    assert [page.split() for page in found["text"].split("\f")] == [["Drawn", "words"], ["Second", "page"]]
    assert found["confidence"] == 1
    assert '"source":"embedded"' in found["words"]


def test_text_that_is_there_can_be_read_again(service: Service) -> None:
    document = drawn_pdf(size=(288, 144), texts=["Drawn words"])
    assert '"source":"ocr"' in _outputs(service, document, outputs="words", existing="force")["words"]
    made = _pdf(service, document, existing="force").content
    assert _words(poppler(made)) == ["Drawn", "words"]
    with pikepdf.open(io.BytesIO(made)) as pdf:
        assert "/XObject" in pdf.pages[0].Resources
    assert _words(poppler(_pdf(service, document, existing="redo").content)) == ["Drawn", "words"]


@pytest.mark.parametrize("regions", ["0,0,100%,100%", "0,35%,100%,100%"])
def test_regions_add_no_text_that_is_there(service: Service, regions: str) -> None:
    picture = Image.new("L", (1200, 600), 255)
    ImageDraw.Draw(picture).text((80, 60), "Words of a picture", font=ImageFont.load_default(size=60), fill=0)
    document = drawn_pdf(texts=["Drawn words"], background=picture)
    added = ["Words", "of", "a", "picture"] if regions.startswith("0,0,") else []

    assert sorted(_words(poppler(_pdf(service, document, regions=regions).content))) == sorted(
        [*added, "Drawn", "words"]
    )
    assert _words(_outputs(service, document, regions=regions)["output-0"]) == [*added, "Drawn", "words"]


def test_an_invisible_layer_is_kept_replaced_or_removed(
    service: Service, scan: bytes, page: tuple[Image.Image, list[str]]
) -> None:
    layered = _pdf(service, scan, pages="1").content
    assert _pdf(service, layered).content == layered
    again = _pdf(service, layered, existing="redo").content
    assert _words(poppler(again)) == page[1]
    stripped = _pdf(service, layered, existing="strip").content
    assert _words(poppler(stripped)) == []
    assert np.array_equal(render(stripped), render(scan))


@pytest.mark.parametrize(("keep", "count"), [("selected", 1), ("all", 2)])
def test_pages_that_are_not_selected(
    service: Service, scan: bytes, page: tuple[Image.Image, list[str]], keep: str, count: int
) -> None:
    made = _pdf(service, scan, pages="2", keep=keep).content
    with pikepdf.open(io.BytesIO(made)) as pdf:
        assert len(pdf.pages) == count
    assert _words(poppler(made)) == page[1]


def test_a_scan_in_jpeg_becomes_smaller_on_request(
    service: Service, scan: bytes, page: tuple[Image.Image, list[str]]
) -> None:
    made = _pdf(service, scan, optimize=2)
    assert made.status_code == 200
    assert len(made.content) < len(scan)
    assert _words(poppler(made.content)) == page[1] * 2
    with pikepdf.open(io.BytesIO(made.content)) as pdf, pdf.open_outline() as outline:
        assert [item.title for item in outline.root] == ["Second page"]


def test_a_scan_is_redrawn_as_it_was_prepared_on_request(service: Service, page: tuple[Image.Image, list[str]]) -> None:
    ramp = np.linspace(0.45, 1, page[0].width)[None]
    uneven = Image.fromarray((np.asarray(page[0], float) * ramp).astype(np.uint8))
    file = io.BytesIO()
    uneven.save(file, "PDF", resolution=150)
    with pikepdf.open(file) as pdf:
        pdf.pages[0].obj.Annots = pikepdf.Array([pikepdf.Dictionary(Subtype=pikepdf.Name.Link, Rect=[0, 0, 9, 9])])
        out = io.BytesIO()
        pdf.save(out)
    for document in (out.getvalue(), encode(uneven, "PNG")):
        before = render(_pdf(service, document).content)
        made = _pdf(service, document, clean="page").content
        after = render(made)
        assert after.shape == before.shape
        assert np.median(before[:, :50]) < 130
        assert np.median(after[:, :50]) > 245
        assert _words(poppler(made)) == page[1]
    with pikepdf.open(io.BytesIO(_pdf(service, out.getvalue(), clean="page").content)) as pdf:
        assert len(pdf.pages[0].obj.Annots) == 1


def _structure(document: bytes) -> list[str]:
    """The elements of a tagged PDF with their text, as poppler finds them."""
    command = shutil.which("pdfinfo")
    assert command, "install poppler-utils"
    found = subprocess.run([command, "-struct-text", "-"], input=document, capture_output=True, check=True)
    return found.stdout.decode().split()


def test_text_is_tagged_on_request(service: Service, scan: bytes, page: tuple[Image.Image, list[str]]) -> None:
    for document, count in ((scan, 2), (encode(page[0], "PNG"), 1)):
        made = _pdf(service, document, tagged="true").content
        assert np.array_equal(render(made), render(_pdf(service, document).content))
        assert [_words(extract(made)) for extract in EXTRACTORS.values()] == [page[1] * count] * len(EXTRACTORS)
        found = _structure(made)
        assert [word.strip('"') for word in found if word.strip('"') in page[1]] == page[1] * count
        assert found[0] == "Document"
        assert found.count("P") + found.count("H1") >= count
        with pikepdf.open(io.BytesIO(made)) as pdf:
            assert pdf.Root.MarkInfo.Marked
            assert [int(shown.obj.StructParents) for shown in pdf.pages] == list(range(count))
    assert made != _pdf(service, document).content


def test_tags_that_are_there_stay(service: Service, scan: bytes) -> None:
    tagged = _pdf(service, scan, pages="1", keep="all", tagged="true")
    with pikepdf.open(io.BytesIO(tagged.content)) as pdf:
        assert "/MarkInfo" not in pdf.Root
    assert "get no tags" in tagged.headers["x-ocr-warnings"]
    again = _pdf(service, tagged.content, tagged="true")
    assert "has tags of its own" in again.headers["x-ocr-warnings"]
    assert again.content.startswith(tagged.content)


def test_pages_with_text_are_not_redrawn(service: Service) -> None:
    document = drawn_pdf(texts=["Drawn words"])
    assert _pdf(service, document, clean="page").content == document


@pytest.mark.parametrize("part", ["1b", "2b", "3b"])
def test_pdfa_of_scans_and_images(
    service: Service, scan: bytes, page: tuple[Image.Image, list[str]], part: str
) -> None:
    for document in (scan, encode(page[0].convert("CMYK"), "JPEG")):
        made = _pdf(service, document, pdfa=part)
        assert made.status_code == 200, made.text
        with pikepdf.open(io.BytesIO(made.content)) as pdf, pdf.open_metadata() as metadata:
            assert metadata.pdfa_status == part.upper()
        assert _words(poppler(made.content))[: len(page[1])] == page[1]


def test_what_cannot_become_pdfa_is_drawn_again_on_request(service: Service) -> None:
    document = drawn_pdf(size=(288, 144), texts=["Drawn words"])
    refused = _pdf(service, document, pdfa="2b")
    assert refused.status_code == 422
    assert refused.json()["code"] == "not_archivable"
    assert "existing=force" in refused.json()["error"]
    made = _pdf(service, document, pdfa="2b", existing="force")
    assert _words(poppler(made.content)) == ["Drawn", "words"]


def test_an_image_keeps_its_bytes(service: Service, page: tuple[Image.Image, list[str]]) -> None:
    document = encode(page[0], "JPEG", dpi=(200, 150))
    made = _pdf(service, document).content
    assert document in made
    assert _words(poppler(made)) == page[1]
    with pikepdf.open(io.BytesIO(made)) as pdf:
        assert [float(side) for side in pdf.pages[0].MediaBox[2:]] == pytest.approx(
            [page[0].width / 200 * 72, page[0].height / 150 * 72], abs=0.01
        )


def test_a_page_on_its_side_is_shown_upright(service: Service, page: tuple[Image.Image, list[str]]) -> None:
    made = _pdf(service, encode(page[0].rotate(180, expand=True), "PDF", resolution=150)).content
    with pikepdf.open(io.BytesIO(made)) as pdf:
        assert pdf.pages[0].Rotate == 180
    assert _words(poppler(made)) == page[1]


def test_signed_documents(service: Service) -> None:
    refused = _pdf(service, corpus.signed())
    assert (refused.status_code, refused.json()["code"]) == (422, "signed")
    assert _pdf(service, corpus.signed(), signed="drop").status_code == 200
    _outputs(service, corpus.signed(), outputs="text")


def test_a_password_opens_a_document(service: Service) -> None:
    refused = _pdf(service, encrypted_pdf())
    assert (refused.status_code, refused.json()["code"]) == (422, "encrypted_document")
    assert "password=" in refused.json()["error"]
    made = _pdf(service, encrypted_pdf(), password="secret")
    assert made.status_code == 200


def test_warnings_come_with_the_answer(service: Service) -> None:
    damaged = drawn_pdf(size=(288, 144), texts=["", "Drawn words"])
    damaged = damaged[: damaged.rindex(b"startxref")]
    made = _pdf(service, damaged, existing="force")
    assert made.status_code == 200, made.text
    assert "has been repaired" in made.headers["x-ocr-warnings"]
    answer = httpx.post(
        f"{service.url}/gateway/ocr",
        content=damaged,
        params={"outputs": "pdf,text", "existing": "force"},
        timeout=TIMEOUT,
    ).json()
    assert "has been repaired" in answer["parameters"]["warnings"]
    assert base64.b64decode(answer["outputs"][0]["data"][0]).startswith(b"%PDF-")


def test_every_page_says_where_its_text_comes_from(service: Service, scan: bytes) -> None:
    with pikepdf.open(io.BytesIO(scan)) as pdf:
        pdf.Root.PageLabels = pikepdf.Dictionary(Nums=[0, pikepdf.Dictionary(S=pikepdf.Name.r)])
        out = io.BytesIO()
        pdf.save(out)
    first, second = json.loads(_outputs(service, out.getvalue(), outputs="words")["words"])["pages"]
    assert (first["label"], second["label"]) == ("i", "ii")
    assert (first["source"], first["rotation"], first["dpi"]) == ("ocr", 0, 150)
    assert abs(first["skew"]) < 1
