"""Both clients on the real service, and on servers that misbehave."""

from __future__ import annotations

import asyncio
import io
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

from kserve_ocr_client import AsyncClient, Client, InvalidResponseError, Language, Retry, ServiceError, UnreachableError
from tests.support.drawn_pages import LINE, PARAGRAPH, draw_line, draw_page, encode, encode_frames
from tools.local_stack import Service, free_port, start_service

LINE_PNG = encode(draw_line())


@contextmanager
def scripted(*responses: tuple[int, dict[str, str], bytes]) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """A server that gives these responses in turn, the last one for ever: its address and the headers it got."""
    seen: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def respond(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, headers, body = responses[min(len(seen), len(responses) - 1)]
            seen.append({**self.headers, "path": self.path})
            if status == 0:
                return  # closes the connection without a response
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = respond  # noqa: N815  # names that http.server looks for

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", seen
        finally:
            server.shutdown()
            thread.join()


def metadata(*models: str) -> bytes:
    languages = [{"model": model, "name": model.title(), "native": "", "tags": []} for model in models]
    return json.dumps({"default": "eng", "languages": languages}).encode()


def models(client: Client) -> list[str]:
    return [language.model for language in client.languages()]


def test_a_file_is_read(service: Service, tmp_path: Path) -> None:
    path = tmp_path / "line of text.png"
    path.write_bytes(LINE_PNG)

    with Client(service.url) as client:
        document = client.read(path, lang="eng")

    (page,) = document.pages
    assert document.text.strip() == LINE
    assert (page.number, page.width, page.height) == (1, *draw_line().size)
    assert [word.text for word in document.words] == LINE.split()
    assert document.confidence > 0.8
    assert document.outputs == {}


def test_bytes_open_files_and_names_are_read(service: Service, tmp_path: Path) -> None:
    path = tmp_path / "line.png"
    path.write_bytes(LINE_PNG)

    with Client(service.url) as client, path.open("rb") as opened:
        texts = [client.read(source).text.strip() for source in (LINE_PNG, io.BytesIO(LINE_PNG), opened, str(path))]

    assert texts == [LINE] * 4


def test_options_and_further_outputs(service: Service) -> None:
    frames = encode_frames([draw_line(f"Page number {word}") for word in ("one", "two", "three")])

    with Client(service.url) as client:
        document = client.read(
            frames, outputs=("pdf", "alto"), lang=["eng", "deu"], pages="2-3", psm=6, preprocess="none", orient="none"
        )

    assert [page.number for page in document.pages] == [2, 3]
    assert [page.text.strip() for page in document.pages] == ["Page number two", "Page number three"]
    assert document.outputs["pdf"].startswith(b"%PDF-")
    assert b"<alto" in document.outputs["alto"]


def test_the_asynchronous_client_reads_the_same(service: Service) -> None:
    page = encode(draw_page())

    async def read() -> tuple[str, tuple[Language, ...], list[str]]:
        async with AsyncClient(service.url) as client:
            document = await client.read(page)
            return document.text, await client.languages(), [found.text async for found in client.pages(page)]

    with Client(service.url) as client:
        expected = client.read(page).text, client.languages(), [found.text for found in client.pages(page)]

    assert asyncio.run(read()) == expected
    assert expected[0].split() == " ".join(PARAGRAPH).split()
    assert "eng" in {language.model for language in expected[1]}
    assert expected[2] == [expected[0]]


def test_a_document_that_cannot_be_read_says_why(service: Service) -> None:
    with Client(service.url) as client, pytest.raises(ServiceError, match="JSON") as caught:
        client.read(b'{"not": "an image"}')

    assert (caught.value.status, caught.value.code) == (415, "unsupported_document")
    assert caught.value.request_id


def test_an_overloaded_service_is_asked_again(tmp_path: Path) -> None:
    page = encode(draw_page())

    async def read(url: str) -> list[list[str]]:
        async with AsyncClient(url, retry=Retry(attempts=50)) as client:
            documents = await asyncio.gather(*(client.read(page) for _ in range(2)))
        return [document.text.split() for document in documents]

    with start_service(logs=tmp_path, transformer={"OCR_MAX_REQUESTS": "1"}) as small:
        texts = asyncio.run(read(small.url))
        rejected = small.transformer.log_text().count('"overloaded"')

    assert texts == [" ".join(PARAGRAPH).split()] * 2
    assert rejected


def test_the_pause_is_the_service_s_own() -> None:
    busy = (503, {"Retry-After": "0"}, b'{"error": "busy", "code": "overloaded"}')

    with (
        scripted(busy, busy, (200, {}, metadata("eng", "deu"))) as (url, seen),
        Client(url, retry=Retry(attempts=3, first_pause=60)) as client,
    ):
        assert models(client) == ["deu", "eng"]
    assert len(seen) == 3


def test_attempts_end_with_the_service_s_error() -> None:
    busy = (503, {"Retry-After": "0"}, b'{"error": "busy", "code": "overloaded"}')

    with (
        scripted(busy) as (url, seen),
        Client(url, retry=Retry(attempts=2)) as client,
        pytest.raises(ServiceError, match="busy") as caught,
    ):
        client.languages()
    assert (len(seen), caught.value.code, caught.value.retry_after) == (2, "overloaded", 0)


def test_a_broken_connection_is_made_again() -> None:
    with (
        scripted((0, {}, b""), (200, {}, metadata("eng"))) as (url, seen),
        Client(url, retry=Retry(first_pause=0.01)) as client,
    ):
        assert models(client) == ["eng"]
    assert len(seen) == 2


@pytest.mark.parametrize("scheme", ["http://", ""])
def test_a_refused_connection_is_reported_at_once(scheme: str) -> None:
    with (
        Client(f"{scheme}127.0.0.1:{free_port()}") as client,
        pytest.raises(UnreachableError, match="check the address"),
    ):
        client.languages()


def test_the_host_header_is_the_one_given() -> None:
    with (
        scripted((200, {}, metadata("eng"))) as (url, seen),
        Client(url, host="ocr.example.com", headers={"Authorization": "Bearer key"}) as client,
    ):
        client.languages()

    assert seen[0]["Host"] == "ocr.example.com"
    assert seen[0]["Authorization"] == "Bearer key"
    assert seen[0]["User-Agent"].startswith("kserve-ocr-client/")


def test_a_page_of_something_else_is_reported() -> None:
    with (
        scripted((200, {"Content-Type": "text/html"}, b"<html>log in</html>")) as (url, _),
        Client(url) as client,
    ):
        with pytest.raises(InvalidResponseError, match="check the address"):
            client.languages()
        with pytest.raises(InvalidResponseError, match="check the address"):
            client.read(LINE_PNG)


def test_an_error_of_something_in_between_names_the_status() -> None:
    with (
        scripted((404, {}, b"default backend")) as (url, _),
        Client(url) as client,
        pytest.raises(ServiceError, match="status 404") as caught,
    ):
        client.languages()
    assert caught.value.code == ""


def test_the_doctor_finds_a_well_service_well(service: Service) -> None:
    with Client(service.url) as client:
        checks = client.doctor()

    assert [check.name for check in checks if not check.passed] == []
    assert [check.name for check in checks] == ["responds", "ready", "version", "languages", "recognizes a known page"]


def test_the_doctor_stops_where_nothing_responds() -> None:
    with Client(f"http://127.0.0.1:{free_port()}") as client:
        (check,) = client.doctor()

    assert (check.name, check.passed) == ("responds", False)


def test_the_doctor_says_what_is_wrong(service: Service) -> None:
    """The predictor's address: it responds and is ready, but it has no gateway."""
    with Client(service.predictor.url) as client:
        checks = {check.name: check for check in client.doctor()}

    assert checks["ready"].passed
    assert not checks["languages"].passed
    assert not checks["recognizes a known page"].passed
    assert "not found" in checks["recognizes a known page"].detail


def test_pages_come_one_by_one_in_order(service: Service) -> None:
    frames = encode_frames([draw_line(f"Page number {word}") for word in ("one", "two", "three")])

    with Client(service.url) as client:
        found = [(page.number, page.text.strip(), len(list(page.words))) for page in client.pages(frames, lang="en")]

    assert found == [(number, f"Page number {word}", 3) for number, word in enumerate(("one", "two", "three"), 1)]


def test_a_stream_that_cannot_begin(service: Service) -> None:
    with Client(service.url) as client, pytest.raises(ServiceError) as caught:
        next(client.pages(b"no image"))
    with (
        Client(f"http://127.0.0.1:{free_port()}") as client,
        pytest.raises(UnreachableError, match="check the address"),
    ):
        next(client.pages(LINE_PNG))

    assert caught.value.code == "unsupported_document"


def test_tables_are_read(service: Service) -> None:
    image = Image.new("L", (900, 720), 255)
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(size=30)
    rows = [("Item", "Count", "Price"), ("Lamp", "12", "40.50"), ("Chair", "3", "99.00"), ("Table", "7", "250.00")]
    rows += [("Shelf", "15", "61.20"), ("Mirror", "2", "35.90")]
    for row, texts in enumerate(rows):
        for column, text in enumerate(texts):
            draw.text((70 + 270 * column, 70 + 100 * row), text, font=font, fill=0)

    with Client(service.url) as client:
        (table,) = client.read(encode(image)).tables

    assert table.rows == [list(texts) for texts in rows]
