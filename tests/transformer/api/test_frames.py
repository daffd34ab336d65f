"""Files with several frames and files of telephones, over HTTP and gRPC."""

from __future__ import annotations

import io

import httpx
import pytest
from PIL import Image
from pypdf import PdfReader

from benchmarks.common.sample_files import heif
from tests.support.drawn_pages import draw_line, encode
from tests.support.http_calls import GATEWAY, TIMEOUT, grpc_request, grpc_stub, grpc_text
from tools.local_stack import Service

TEXTS = ("First frame of three", "Second frame of three", "Third frame of three")
SIZE = (1000, 240)


def drawn(text: str) -> Image.Image:
    page = Image.new("RGB", SIZE, "white")
    page.paste(draw_line(text, size=48), (20, 40))
    return page


PAGES = [drawn(text) for text in TEXTS]
FILES = {kind: encode(PAGES[0], kind, save_all=True, append_images=PAGES[1:]) for kind in ("WEBP", "GIF", "MPO")} | {
    "HEIC": heif(*PAGES)
}


@pytest.mark.parametrize("kind", FILES)
def test_frames_are_pages(service: Service, kind: str) -> None:
    headers = {"Accept": "text/plain"}
    whole, second = (
        httpx.post(f"{service.url}{GATEWAY}{query}", content=FILES[kind], headers=headers, timeout=TIMEOUT)
        for query in ("", "?pages=2")
    )

    assert [page.strip() for page in whole.text.split("\f")] == list(TEXTS)
    assert second.text.strip() == TEXTS[1]


def test_frames_over_grpc(service: Service) -> None:
    with grpc_stub(service.transformer) as stub:
        answer = stub.ModelInfer(grpc_request(FILES["HEIC"], parameters={"pages": "3"}), timeout=TIMEOUT)

    assert grpc_text(answer).strip() == TEXTS[2]


def test_a_searchable_pdf_of_frames(service: Service) -> None:
    headers = {"Accept": "application/pdf"}
    answer = httpx.post(f"{service.url}{GATEWAY}?pages=2-3", content=FILES["MPO"], headers=headers, timeout=TIMEOUT)

    pages = PdfReader(io.BytesIO(answer.content)).pages
    assert [page.extract_text().strip() for page in pages] == list(TEXTS[1:])


def test_a_warning_of_pictures_that_are_not_read(service: Service) -> None:
    preview = PAGES[0].resize((SIZE[0] // 4, SIZE[1] // 4))
    photo = encode(PAGES[0], "MPO", save_all=True, append_images=[preview])
    url = service.url + GATEWAY
    as_json = httpx.post(url, content=photo, timeout=TIMEOUT).json()
    as_text = httpx.post(url, content=photo, headers={"Accept": "text/plain"}, timeout=TIMEOUT)

    assert as_json["outputs"][0]["data"][0].strip() == TEXTS[0]
    assert "previews" in as_json["parameters"]["warnings"]
    assert "previews" in as_text.headers["x-ocr-warnings"]
