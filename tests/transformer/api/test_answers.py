"""Forms of responses at the real service: a stream of pages, single formats, archives, timings, other origins."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.support.drawn_pages import LINE, draw_line, draw_page, encode, encode_frames
from tests.support.http_calls import GATEWAY, assert_refused, metric
from tools.local_stack import Server, Service, start_transformer

PNG = encode(draw_line())
WORDS = ("One", "Two", "Three", "Four", "Five")
FRAMES = encode_frames([draw_line(f"{word} of five pages") for word in WORDS])


def lines(response: httpx.Response) -> list[dict[str, Any]]:
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in response.text.splitlines()]


@pytest.fixture(scope="module")
def narrow(service: Service, logs: Path) -> Iterator[Server]:
    """A transformer that keeps one page of a request in flight, takes no large page, and calls of one other origin."""
    settings = {
        "OCR_REQUEST_PAGES_IN_FLIGHT": "1",
        "OCR_MAX_PAGE_PIXELS": "1000000",
        "OCR_CORS_ORIGINS": "https://app.example.com",
    }
    with start_transformer(service.predictor.port, logs=logs, settings=settings) as server:
        yield server


def stream(service: Server | Service, *, query: str = "", **request: Any) -> httpx.Response:
    headers = {"Accept": "application/x-ndjson"}
    return httpx.post(f"{service.url}{GATEWAY}{query}", headers=headers, timeout=60, **request)


def test_a_line_a_page_in_page_order_and_a_last_one(service: Service) -> None:
    found = lines(stream(service, content=FRAMES))

    *pages, last = found
    assert [page["text"].strip() for page in pages] == [f"{word} of five pages" for word in WORDS]
    assert [(page["document"], page["page"]) for page in pages] == [(1, number) for number in range(1, 6)]
    assert last == {"done": True, "pages": 5}
    assert "blocks" not in pages[0]


def test_pages_of_several_documents_with_their_words(service: Service) -> None:
    files = [("file", ("a.png", PNG)), ("file", ("b.tif", FRAMES)), ("file", ("c.png", PNG))]

    *pages, last = lines(stream(service, query="?outputs=words&pages=1", files=files))

    assert [page["document"] for page in pages] == [1, 2, 3]
    assert all(page["blocks"] and page["width"] for page in pages)
    assert last == {"done": True, "pages": 3}


def test_a_page_is_sent_before_the_last_one_is_recognized(narrow: Server) -> None:
    pages = encode_frames([draw_page() for _ in range(10)])
    with (
        httpx.Client(timeout=60) as client,
        client.stream("POST", narrow.url + GATEWAY, content=pages, headers={"Accept": "application/x-ndjson"}) as sent,
    ):
        found = sent.iter_lines()
        first = next(found)
        in_flight = metric(narrow, "ocr_requests_in_flight")

    assert json.loads(first)["page"] == 1
    assert in_flight == 1


def test_an_error_before_the_first_page_has_its_own_status(service: Service) -> None:
    for content, status, code in ((b"no image", 415, "unsupported_document"), (PNG[:60], 422, "damaged_document")):
        response = stream(service, content=content)
        assert (response.status_code, response.json()["code"]) == (status, code)
    assert stream(service, query="?psm=99", content=PNG).status_code == 400


def test_an_error_after_the_first_page_is_the_last_line(narrow: Server) -> None:
    files = [("file", ("a.png", PNG)), ("file", ("b.png", encode(Image.new("L", (3000, 3000), 255))))]
    *pages, last = lines(stream(narrow, files=files))

    assert [page["document"] for page in pages] == [1]
    assert last["done"] is False
    assert (last["status"], last["code"]) == (413, "too_many_pixels")
    assert "document 2" in last["error"]


@pytest.mark.parametrize(
    ("accept", "start"),
    [
        ("text/markdown", LINE.encode()),
        ("text/csv", b""),
        ("text/tab-separated-values", b"level\t"),
        ("application/vnd.alto+xml", b"<?xml"),
        ("application/alto+xml", b"<?xml"),
        ("text/html", b"<?xml"),
    ],
)
def test_single_formats(service: Service, accept: str, start: bytes) -> None:
    response = httpx.post(service.url + GATEWAY, content=PNG, headers={"Accept": accept}, timeout=60)

    assert response.status_code == 200
    assert response.headers["content-type"].startswith(accept)
    assert response.content.startswith(start)


def test_an_archive_of_several_outputs(service: Service) -> None:
    files = [("file", ("scan.png", PNG)), ("file", ("scan.png", FRAMES)), ("file", ("", PNG))]
    response = httpx.post(f"{service.url}{GATEWAY}?outputs=text,pdf,zip", files=files, timeout=60)

    assert response.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
        names = archive.namelist()
        texts = [archive.read(name).decode() for name in names if name.endswith(".txt")]
        pdfs = [archive.read(name) for name in names if name.endswith(".pdf")]
    assert len(names) == len(set(names)) == 6
    assert {"scan.txt", "scan-2.txt", "scan.pdf", "scan-2.pdf"} < set(names)
    assert texts[0].strip() == LINE
    assert texts[1].count("\f") == 4
    assert all(pdf.startswith(b"%PDF-") for pdf in pdfs)


def test_an_output_that_is_no_file(service: Service) -> None:
    response = httpx.post(f"{service.url}{GATEWAY}?outputs=confidence,zip", content=PNG, timeout=60)

    assert response.status_code == 400
    assert "'confidence' cannot be put in a ZIP archive" in response.json()["error"]


def test_the_times_of_the_stages(service: Service) -> None:
    response = httpx.post(service.url + GATEWAY, content=PNG, timeout=60)

    timings = dict(part.split(";dur=") for part in response.headers["server-timing"].split(", "))
    assert {"decode", "preprocess", "predictor", "total"} <= set(timings)
    assert all(float(value) >= 0 for value in timings.values())


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v2/health/live", 200),
        ("GET", "/metrics", 200),
        ("GET", "/gateway/", 200),
        ("OPTIONS", GATEWAY, 204),
        ("POST", GATEWAY, 400),
        ("GET", GATEWAY, 405),
        ("GET", "/v2/models/another", 404),
        ("GET", "/nothing", 404),
    ],
)
def test_every_response_has_an_id_and_its_time(service: Service, method: str, path: str, status: int) -> None:
    response = httpx.request(method, service.url + path, timeout=60)

    assert response.status_code == status
    assert response.headers["x-request-id"]
    name, _, milliseconds = response.headers["server-timing"].partition(";dur=")
    assert name == "total"
    assert float(milliseconds) >= 0


def test_other_origins_only_where_they_are_set(service: Service, narrow: Server) -> None:
    headers = {"Origin": "https://app.example.com"}
    preflight = {**headers, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    allowed = httpx.post(narrow.url + GATEWAY, content=PNG, headers=headers, timeout=60)
    asked = httpx.options(narrow.url + GATEWAY, headers=preflight, timeout=60)
    other = httpx.post(narrow.url + GATEWAY, content=PNG, headers={"Origin": "https://x.example"}, timeout=60)
    closed = httpx.post(service.url + GATEWAY, content=PNG, headers=headers, timeout=60)

    assert allowed.headers["access-control-allow-origin"] == "https://app.example.com"
    assert asked.status_code == 200
    assert "POST" in asked.headers["access-control-allow-methods"]
    for refused in (other, closed):
        assert "access-control-allow-origin" not in refused.headers
        assert "OCR_CORS_ORIGINS" in assert_refused(refused, 403, "cross_site")
