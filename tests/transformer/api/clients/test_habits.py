"""Habits of curl, wget and other tools, tried with the tools themselves where that matters."""

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path

import httpx
import pytest
import requests

from tests.support.drawn_pages import LINE, b64, draw_line, encode, v2_body
from tests.support.http_calls import GATEWAY, INFER, TIMEOUT, curl, save
from tools.local_stack import Service

PNG = encode(draw_line())
TEXT = ("-H", "Accept: text/plain")


@pytest.fixture
def png(tmp_path: Path) -> Path:
    return save(tmp_path, "page.png", PNG)


def test_curl_that_may_use_http_2(service: Service, png: Path) -> None:
    """It offers an upgrade with every request."""
    for arguments in (("-F", f"file=@{png}"), ("-T", str(png))):
        assert curl("--http2", *TEXT, *arguments, service.url + GATEWAY).strip() == LINE


def test_letters_beyond_ascii_in_an_address(service: Service, png: Path) -> None:
    url = f"{service.url}{GATEWAY}?lang=English&filename=Größe.png&outputs=alto"

    assert "<fileName>Größe.png</fileName>" in curl("-T", str(png), url)


@pytest.mark.parametrize("path", [GATEWAY, INFER])
def test_a_slash_at_the_end(service: Service, path: str, png: Path) -> None:
    body = {"inputs": [{"name": "input-0", "shape": [1], "datatype": "BYTES", "data": [b64(PNG)]}], "image": b64(PNG)}
    body.pop("image" if path == INFER else "inputs")

    assert LINE in httpx.post(f"{service.url}{path}/", json=body, timeout=TIMEOUT).text


@pytest.mark.parametrize("path", ["/v2/", "/v2/models/", "/v2/models/ocr-model/", "/gateway/languages/"])
def test_a_slash_at_the_end_of_what_is_read(service: Service, path: str) -> None:
    """Many clients do not follow redirects."""
    with_slash, without = (httpx.get(service.url + address, timeout=TIMEOUT) for address in (path, path[:-1]))

    assert with_slash.status_code == 200
    assert with_slash.content == without.content


def test_base64_as_the_body(service: Service, tmp_path: Path) -> None:
    plain = save(tmp_path, "page.txt", base64.encodebytes(PNG))
    uri = save(tmp_path, "uri.txt", b"data:image/png;base64," + base64.b64encode(PNG))
    for file, kind in ((plain, "text/plain"), (uri, "text/plain"), (plain, "application/x-www-form-urlencoded")):
        url = service.url + GATEWAY
        assert curl(*TEXT, "-H", f"Content-Type: {kind}", "--data-binary", f"@{file}", url).strip() == LINE


@pytest.mark.parametrize("field", ["image_base64", "base64", "b64", "data"])
def test_names_of_base64_in_json(service: Service, field: str) -> None:
    answer = httpx.post(
        service.url + GATEWAY, json={field: b64(PNG)}, headers={"Accept": "text/plain"}, timeout=TIMEOUT
    )

    assert answer.text.strip() == LINE


def test_a_part_with_a_transfer_encoding(service: Service) -> None:
    def form(content: bytes) -> bytes:
        head = b'Content-Disposition: form-data; name="file"; filename="a.png"\r\nContent-Transfer-Encoding: base64'
        return b"--XX\r\n" + head + b"\r\n\r\n" + content + b"\r\n--XX--\r\n"

    headers = {"Content-Type": "multipart/form-data; boundary=XX", "Accept": "text/plain"}
    good, bad = (
        httpx.post(service.url + GATEWAY, content=form(content), headers=headers, timeout=TIMEOUT)
        for content in (base64.encodebytes(PNG), b"A")
    )

    assert good.text.strip() == LINE
    assert bad.status_code == 400
    assert "base64" in bad.json()["error"]


def test_wget(service: Service, png: Path) -> None:
    command = ["wget", "-qO-", f"--post-file={png}", "--header=Accept: text/plain", service.url + GATEWAY]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=TIMEOUT)

    assert done.stdout.strip() == LINE


@pytest.mark.parametrize("lang", ["['en','de']", '["en"]', "en_US.UTF-8", "eng, deu", "EN_gb"])
def test_languages_as_programs_write_them(service: Service, lang: str) -> None:
    answer = httpx.post(service.url + GATEWAY, params={"lang": lang}, content=PNG, timeout=TIMEOUT)

    assert LINE in answer.text


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("text/xml", "text/xml"),
        ("application/hocr+xml", "application/hocr+xml"),
        ("text/vnd.hocr+html", "text/vnd.hocr+html"),
        ("application/jsonl", "application/x-ndjson"),
        ("application/ndjson", "application/x-ndjson"),
        ("application/json, text/plain, */*", "application/json"),
        ("image/webp, */*;q=0.1", "application/json"),
    ],
)
def test_media_types_by_their_other_names(service: Service, accept: str, media_type: str) -> None:
    answer = httpx.post(service.url + GATEWAY, content=PNG, headers={"Accept": accept}, timeout=TIMEOUT)

    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].partition(";")[0] == media_type


def test_methods_of_an_address(service: Service) -> None:
    for server in (service.transformer, service.predictor):
        for path in ("/v2/health/ready", "/v2/models/ocr-model", "/metrics", "/"):
            answer = httpx.head(server.url + path, timeout=TIMEOUT)
            assert (answer.status_code, answer.content) == (200, b"")
        offered = httpx.options(server.url + INFER, timeout=TIMEOUT)
        refused = httpx.get(server.url + INFER, timeout=TIMEOUT)
        assert (offered.status_code, offered.headers["allow"]) == (204, "POST")
        assert (refused.status_code, refused.headers["allow"]) == (405, "POST")
    refused = httpx.delete(service.url + GATEWAY, timeout=TIMEOUT)
    assert (refused.status_code, refused.headers["allow"]) == (405, "POST, PUT")


def test_what_triton_s_clients_ask_without_a_name(service: Service) -> None:
    statistics = httpx.get(f"{service.url}/v2/models/stats", timeout=TIMEOUT).json()

    assert statistics["model_stats"][0]["name"] == "ocr-model"


def test_requests(service: Service) -> None:
    """A form, a body in chunks, JSON, a stream of pages and an error, on one session."""
    text = {"Accept": "text/plain"}
    with requests.Session() as session:
        url = service.url + GATEWAY
        form = session.post(url, files={"file": ("page.png", PNG)}, data={"lang": "English"}, headers=text, timeout=60)
        chunks = session.post(url, data=iter((PNG[:100], PNG[100:])), headers=text, timeout=60)
        infer = session.post(service.url + INFER, json=v2_body(PNG), timeout=60)
        lines = session.post(url, data=PNG, headers={"Accept": "application/x-ndjson"}, stream=True, timeout=60)
        pages = [json.loads(line) for line in lines.iter_lines()]
        refused = session.post(url, data=b"", timeout=60)

    assert form.text.strip() == chunks.text.strip() == LINE
    assert infer.json()["outputs"][0]["data"][0].strip() == LINE
    assert (pages[0]["text"].strip(), pages[-1]["done"]) == (LINE, True)
    assert (refused.status_code, refused.json()["code"]) == (400, "malformed_request")
