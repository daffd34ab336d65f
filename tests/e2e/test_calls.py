"""Every call a client makes, through whatever stands in front of the service."""

from __future__ import annotations

import io
import json
import os
import struct
from typing import Any
from xml.etree import ElementTree

import httpx
import pypdf
import pytest

from tests.support.drawn_pages import LINE, PARAGRAPH, draw_line, draw_page, encode, encode_frames, v2_body

INFER = "/v2/models/ocr-model/infer"
GATEWAY = "/gateway/ocr"
PAGE = encode(draw_page())


def read(ocr: httpx.Client, *documents: bytes, **more: Any) -> dict[str, list[Any]]:
    """Outputs by name of a V2 JSON request."""
    response = ocr.post(INFER, json=v2_body(*documents, **more))
    assert response.status_code == 200, response.text
    return {output["name"]: output["data"] for output in response.json()["outputs"]}


def ask(ocr: httpx.Client, output: str, document: bytes = PAGE) -> Any:
    """One output of one document."""
    (value,) = read(ocr, document, outputs=[{"name": output}])[output]
    return value


def test_is_live_and_ready(ocr: httpx.Client) -> None:
    for path in ("/v2/health/live", "/v2/health/ready", "/v2/models/ocr-model/ready"):
        assert ocr.get(path).status_code == 200


def test_v2_reads_a_page(ocr: httpx.Client) -> None:
    (text,) = read(ocr, PAGE)["output-0"]
    assert text.split() == " ".join(PARAGRAPH).split()


def test_v2_binary_reads_a_page_and_answers_in_bytes(ocr: httpx.Client) -> None:
    document = encode(draw_line())
    tensor = struct.pack("<I", len(document)) + document
    head = json.dumps(
        {
            "inputs": [
                {
                    "name": "input-0",
                    "datatype": "BYTES",
                    "shape": [1],
                    "parameters": {"binary_data_size": len(tensor)},
                }
            ],
            "outputs": [{"name": "output-0", "parameters": {"binary_data": True}}],
        }
    ).encode()
    response = ocr.post(
        INFER,
        content=head + tensor,
        headers={"content-type": "application/octet-stream", "inference-header-content-length": str(len(head))},
    )
    assert response.status_code == 200, response.text
    values = response.content[int(response.headers["inference-header-content-length"]) :]
    assert values[4:].decode().strip() == LINE


def test_gateway_reads_an_uploaded_file(ocr: httpx.Client) -> None:
    response = ocr.post(GATEWAY, files={"image_file": ("page.png", PAGE)})
    assert response.status_code == 200, response.text
    (output,) = response.json()["outputs"]
    assert output["name"] == "output-0"
    assert output["data"][0].split() == " ".join(PARAGRAPH).split()


@pytest.mark.parametrize(
    ("accept", "beginning"),
    [("text/plain", PARAGRAPH[0][:5].encode()), ("application/pdf", b"%PDF-"), ("text/html", b"<")],
)
def test_gateway_answers_in_the_form_that_is_asked_for(ocr: httpx.Client, accept: str, beginning: bytes) -> None:
    response = ocr.post(GATEWAY, content=PAGE, headers={"content-type": "image/png", "accept": accept})
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].startswith(accept)
    assert response.content.lstrip().startswith(beginning)


def test_output_confidence(ocr: httpx.Client) -> None:
    assert 0.5 < ask(ocr, "confidence") <= 1


def test_output_pages(ocr: httpx.Client) -> None:
    frames = [draw_line(f"Page number {number}") for number in (1, 2, 3)]
    assert ask(ocr, "pages", encode_frames(frames)) == 3


def test_output_words(ocr: httpx.Client) -> None:
    text = ask(ocr, "words")
    assert all(word in text for word in PARAGRAPH[0].split())
    assert json.loads(text)


def test_output_tsv(ocr: httpx.Client) -> None:
    header, *rows = ask(ocr, "tsv").splitlines()
    assert header.split("\t")[-1] == "text"
    assert {row.split("\t")[-1] for row in rows} >= set(PARAGRAPH[0].split())


@pytest.mark.parametrize("output", ["hocr", "alto"])
def test_output_is_well_formed_xml_with_the_words(ocr: httpx.Client, output: str) -> None:
    text = ask(ocr, output)
    tree = ElementTree.fromstring(text.encode())
    assert tree is not None
    assert all(word.strip(",.") in text for word in PARAGRAPH[0].split())


def test_output_pdf_can_be_searched(ocr: httpx.Client) -> None:
    response = ocr.post(GATEWAY, files={"image_file": PAGE}, headers={"accept": "application/pdf"})
    (page,) = pypdf.PdfReader(io.BytesIO(response.content)).pages
    assert PARAGRAPH[0].split()[0] in page.extract_text()


def test_several_documents_keep_their_order(ocr: httpx.Client) -> None:
    lines = [f"Document number {number}" for number in range(1, 5)]
    texts = read(ocr, *(encode(draw_line(line)) for line in lines))["output-0"]
    assert [text.strip() for text in texts] == lines


@pytest.mark.parametrize(
    ("document", "parameters", "status"),
    [
        (b"this is not an image", {}, 415),
        (PAGE[: len(PAGE) // 2], {}, 422),
        (PAGE, {"psm": 99}, 400),
        (PAGE, {"lang": "no_such_language"}, 400),
        (PAGE, {"config": "-c x=y"}, 400),
    ],
)
def test_an_error_is_a_status_a_code_and_a_sentence(
    ocr: httpx.Client, document: bytes, parameters: dict[str, Any], status: int
) -> None:
    response = ocr.post(INFER, json=v2_body(document, parameters=parameters))
    assert response.status_code == status, response.text
    assert set(response.json()) == {"error", "code"}


def test_an_unknown_model_is_404(ocr: httpx.Client) -> None:
    assert ocr.post("/v2/models/no-such-model/infer", json=v2_body(PAGE)).status_code == 404


@pytest.mark.pack
def test_a_language_pack_is_read(ocr: httpx.Client) -> None:
    languages = os.environ["OCR_PACK_LANGUAGES"].split()
    models = {language["model"] for language in ocr.get("/gateway/languages").json()["languages"]}
    assert models >= set(languages)
    for language in languages:
        response = ocr.post(INFER, json=v2_body(encode(draw_line()), parameters={"lang": language}))
        assert response.status_code == 200, response.text


def test_nobody_can_unload_the_model(ocr: httpx.Client) -> None:
    assert ocr.post("/v2/repository/models/ocr-model/unload").status_code == 404
    assert ocr.get("/v2/models/ocr-model/ready").status_code == 200
