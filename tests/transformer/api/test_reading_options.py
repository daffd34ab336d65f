"""What to read and how, over HTTP and gRPC, at the real service."""

from __future__ import annotations

import json
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from tests.support.drawn_pages import b64, draw_line, encode, v2_body
from tests.support.http_calls import GATEWAY, INFER, TIMEOUT, assert_refused, grpc_request, grpc_stub, grpc_text
from tools.local_stack import Service

MIXED = encode(draw_line("O0S5 1lI8B 2Z", size=40))
NUMBERS = "0055 11188 22"
DIGITS = "0123456789"
ROWS = (("Item", "Count", "Price"), ("Apples", "12", "3.50"), ("Pears", "7", "10.25"))
COLUMNS = (60, 500, 900)


def form() -> bytes:
    """Three columns, a divided word below them, and a line at the end."""
    font = ImageFont.load_default(size=32)
    page = Image.new("L", (1200, 500), 255)
    draw = ImageDraw.Draw(page)
    for number, row in enumerate(ROWS):
        for left, cell in zip(COLUMNS, row, strict=True):
            draw.text((left, 60 + number * 60), cell, font=font, fill=0)
    for top, text in ((300, "This is a docu-"), (350, "ment of two lines."), (430, "Total 99")):
        draw.text((60, top), text, font=font, fill=0)
    return encode(page)


FORM = form()


def read(service: Service, document: bytes = FORM, **options: Any) -> str:
    answer = httpx.post(
        service.url + GATEWAY,
        content=document,
        params=options,
        headers={"Accept": "text/plain", "Content-Type": "image/png"},
        timeout=TIMEOUT,
    )
    assert answer.status_code == 200, answer.text
    return answer.text.strip()


@pytest.mark.parametrize("psm", [{}, {"psm": 6}, {"psm": 7}])
def test_a_whitelist(service: Service, psm: dict[str, int]) -> None:
    assert read(service, MIXED, whitelist=DIGITS, **psm) == NUMBERS


def test_a_whitelist_with_a_high_confidence(service: Service) -> None:
    """Replaced characters are as sure as those that were recognized, if nothing else is allowed in their place."""
    least = min(word["confidence"] for word in found_words(service, MIXED))

    assert read(service, MIXED, whitelist=DIGITS, min_confidence=least - 0.05) == NUMBERS


def test_a_whitelist_over_v2_and_grpc(service: Service) -> None:
    parameters = {"whitelist": DIGITS}
    v2 = httpx.post(service.url + INFER, json=v2_body(MIXED, parameters=parameters), timeout=TIMEOUT)
    direct = httpx.post(service.predictor.url + INFER, json=v2_body(MIXED, parameters=parameters), timeout=TIMEOUT)
    with grpc_stub(service.transformer) as stub:
        over_grpc = grpc_text(stub.ModelInfer(grpc_request(MIXED, parameters=parameters), timeout=TIMEOUT))

    for answer in (v2, direct):
        assert answer.json()["outputs"][0]["data"][0].strip() == NUMBERS
    assert over_grpc.strip() == NUMBERS


def test_a_blacklist(service: Service) -> None:
    assert "O" not in read(service, MIXED, blacklist="O")


def test_regions(service: Service) -> None:
    assert read(service, regions="880,100,1100,160").split() == ["3.50"]
    assert read(service, regions="0,80%,40%,100%;480,100,700,170").split() == ["Total", "99", "12"]


def test_regions_on_the_white_part_of_a_page_are_on_it(service: Service) -> None:
    page = Image.new("L", (1200, 1600), 255)
    page.paste(draw_line("Total 99"), (40, 40))
    assert read(service, encode(page), regions="0,0,600,200;600,1000,1100,1500").split() == ["Total", "99"]


def test_regions_with_their_own_options(service: Service) -> None:
    regions = [{"box": [0, "80%", "40%", "100%"], "whitelist": DIGITS}, {"box": [880, 100, 1100, 160], "psm": 7}]
    body = {"image": b64(FORM), "regions": regions, "outputs": "text,words"}
    text, words = httpx.post(service.url + GATEWAY, json=body, timeout=TIMEOUT).json()["outputs"]
    with grpc_stub(service.transformer) as stub:
        request = grpc_request(FORM, parameters={"regions": json.dumps(regions)})
        over_grpc = grpc_text(stub.ModelInfer(request, timeout=TIMEOUT))

    assert text["data"][0].split() == over_grpc.split() == ["99", "3.50"]
    (first, second) = json.loads(words["data"][0])["pages"][0]["blocks"]
    assert words_of(first)[0]["bbox"][0] == pytest.approx(150, abs=30)
    x0, y0, x1, y1 = second["bbox"]
    assert 880 <= x0 < x1 <= 1100
    assert 100 <= y0 < y1 <= 160


def test_distances_are_kept(service: Service) -> None:
    lines = read(service, spaces="keep").splitlines()

    starts = [[line.index(cell) for cell in row] for line, row in zip(lines, ROWS, strict=False)]
    assert starts[0][1] > len("Item") + 10
    for column in zip(*starts, strict=True):
        assert max(column) - min(column) <= 1


def test_divided_words(service: Service) -> None:
    assert "This is a document\nof two lines." in read(service, hyphens="join")
    assert "docu-" in read(service)


def test_words_that_are_not_sure_enough(service: Service) -> None:
    confidences = [word["confidence"] for word in found_words(service, MIXED)]
    least = sorted(confidences)[1]
    kept = outputs(service, MIXED, outputs="text,words", min_confidence=least - 0.001)

    assert len(kept["text"].split()) == len(confidences) - 1
    assert len([word for block in json.loads(kept["words"])["pages"][0]["blocks"] for word in words_of(block)]) == 2


def test_other_readings_of_words(service: Service) -> None:
    blocks = json.loads(outputs(service, MIXED, outputs="words", alternatives=2)["words"])["pages"][0]["blocks"]
    (first, *_) = [word for block in blocks for word in words_of(block)]

    assert first["text"] == "O0S5"
    assert 0 < len(first["alternatives"]) <= 2
    assert {"OOS5", "00S5"} & {other["text"] for other in first["alternatives"]}


def test_forms_of_words(service: Service) -> None:
    text, patterns = "ZZ5151 1515ZZ", [r"\A\A\d\d\d\d", r"\d\d\d\d\A\A"]
    page = encode(draw_line(text, size=24))
    with grpc_stub(service.transformer) as stub:
        over_grpc = stub.ModelInfer(grpc_request(page, parameters={"patterns": " ".join(patterns)}), timeout=TIMEOUT)
    repeated = httpx.post(service.url + GATEWAY, content=page, params={"patterns": patterns}, timeout=TIMEOUT)
    body = {"image": b64(page), "patterns": patterns}
    in_json = httpx.post(service.url + GATEWAY, json=body, headers={"Accept": "text/plain"}, timeout=TIMEOUT)

    assert read(service, page).strip() != text
    assert grpc_text(over_grpc).strip() == text
    assert repeated.json()["outputs"][0]["data"][0].strip() == text
    assert in_json.text.strip() == text


@pytest.mark.parametrize("patterns", [r"\x", "\\", r"\*\d", r"\d\*\*", "5" * 65])
def test_forms_that_are_none(service: Service, patterns: str) -> None:
    refused = httpx.post(service.url + GATEWAY, content=MIXED, params={"patterns": patterns}, timeout=TIMEOUT)

    assert "patterns must be 1 to 1000 forms of words" in assert_refused(refused, 400, "invalid_parameter")


def test_words_of_a_client(service: Service) -> None:
    names = ["molfexlum", "fexmolrn", "lumkrobli", "zailltor", "Plixvvlum", "rnrncl", "venbliion", "illplixza"]
    pages = [encode(noisy(draw_line(name, size=24).filter(ImageFilter.GaussianBlur(1.2)))) for name in names]
    plain = [read(service, page, psm=7, preprocess="none") for page in pages]
    with_words = [read(service, page, psm=7, preprocess="none", words=",".join(names)) for page in pages]

    def right(found: list[str]) -> int:
        return sum(text == name for text, name in zip(found, names, strict=True))

    assert right(with_words) > right(plain)


WRONG = (
    *("whitelist=%20", "alternatives=11", "min_confidence=2", "spaces=x", "hyphens=no", "words=,"),
    *("regions=1,2", "regions=9000,0,9900,9"),
)


@pytest.mark.parametrize("options", WRONG)
def test_wrong_values_say_what_to_send(service: Service, options: str) -> None:
    answer = httpx.post(f"{service.url}{GATEWAY}?{options}", content=FORM, timeout=TIMEOUT)

    assert_refused(answer, 400, "invalid_parameter")


def noisy(page: Image.Image) -> Image.Image:
    levels = np.asarray(page) + np.random.default_rng(1).normal(0, 14, (page.height, page.width))
    return Image.fromarray(np.clip(levels, 0, 255).astype(np.uint8))


def outputs(service: Service, document: bytes, **options: Any) -> dict[str, Any]:
    answer = httpx.post(service.url + GATEWAY, content=document, params=options, timeout=TIMEOUT)
    assert answer.status_code == 200, answer.text
    return {output["name"]: output["data"][0] for output in answer.json()["outputs"]}


def found_words(service: Service, document: bytes) -> list[dict[str, Any]]:
    blocks = json.loads(outputs(service, document, outputs="words")["words"])["pages"][0]["blocks"]
    return [word for block in blocks for word in words_of(block)]


def words_of(block: dict[str, Any]) -> list[dict[str, Any]]:
    return [word for paragraph in block["paragraphs"] for line in paragraph["lines"] for word in line["words"]]
