"""Ways to send a document and to name languages, over HTTP and gRPC, at the real service."""

from __future__ import annotations

import base64
import socket

import grpc
import httpx
import orjson
import pytest
from lxml import etree

from tests.support.drawn_pages import LINE, b64, draw_line, encode, encode_frames, v2_body
from tests.support.http_calls import GATEWAY, INFER, PREDICT, grpc_request, grpc_stub, grpc_text, grpc_values
from tests.support.scripts import DEJAVU
from tools.local_stack import Service

PNG = encode(draw_line())
GERMAN = "Größe und Güte überall"
GERMAN_PNG = encode(draw_line(GERMAN, size=40, font_file=DEJAVU))
LANGUAGES = ["eng deu", "eng%2Bdeu", "eng+deu", "English,Deutsch", "en;de", "en&lang=German", "en-GB,de-AT"]


def text(response: httpx.Response) -> str:
    assert response.status_code == 200, response.text
    return response.text.strip()


def read(service: Service, *, query: str = "", **request: object) -> str:
    url = f"{service.url}{GATEWAY}{query}"
    return text(httpx.post(url, headers={"Accept": "text/plain"}, timeout=60, **request))  # type: ignore[arg-type]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_languages_in_an_address(service: Service, lang: str) -> None:
    assert read(service, query=f"?lang={lang}", files={"image_file": GERMAN_PNG}) == GERMAN


def test_languages_in_a_form_and_in_json(service: Service) -> None:
    assert read(service, files={"file": GERMAN_PNG}, data={"lang": ["English", "Deutsch"]}) == GERMAN
    assert read(service, json={"image": b64(GERMAN_PNG), "lang": ["en", "de"]}) == GERMAN


def test_the_parameter_may_be_called_language(service: Service) -> None:
    with grpc_stub(service.predictor) as stub:
        request = grpc_request(GERMAN_PNG, parameters={"language": "deu"})
        over_grpc = grpc_text(stub.ModelInfer(request, timeout=60))

    assert read(service, query="?language=de", files={"file": GERMAN_PNG}) == GERMAN
    assert read(service, files={"file": GERMAN_PNG}, data={"language": "de"}) == GERMAN
    assert read(service, json={"image": b64(GERMAN_PNG), "language": "de"}) == GERMAN
    assert over_grpc.strip() == GERMAN


def test_languages_over_v2_v1_and_grpc(service: Service) -> None:
    v2 = httpx.post(service.url + INFER, json=v2_body(GERMAN_PNG, parameters={"lang": "Deutsch"}), timeout=60)
    v1 = httpx.post(
        service.url + PREDICT,
        json={"instances": [{"image_bytes": {"b64": b64(GERMAN_PNG)}}], "parameters": {"lang": "de"}},
        timeout=60,
    )
    with grpc_stub(service.transformer) as stub:
        over_grpc = grpc_text(stub.ModelInfer(grpc_request(GERMAN_PNG, parameters={"lang": "German"}), timeout=60))

    assert v2.json()["outputs"][0]["data"][0].strip() == GERMAN
    assert v1.json()["predictions"][0].strip() == GERMAN
    assert over_grpc.strip() == GERMAN


def test_the_languages_are_listed_with_their_names(service: Service) -> None:
    found = httpx.get(service.url + "/gateway/languages", timeout=30).json()

    by_model = {language["model"]: language for language in found["languages"]}
    assert found["default"] == "eng"
    assert by_model["deu"] == {"model": "deu", "name": "German", "native": "Deutsch", "tags": ["de", "ger"]}
    assert "osd" not in by_model


def test_a_language_that_is_not_installed(service: Service) -> None:
    response = httpx.post(f"{service.url}{GATEWAY}?lang=Klingon", content=PNG, timeout=60)

    assert response.status_code == 400
    assert "language 'Klingon' is not installed" in response.json()["error"]


def test_an_option_that_contradicts_itself(service: Service) -> None:
    response = httpx.post(f"{service.url}{GATEWAY}?psm=3&psm=6", content=PNG, timeout=60)

    assert response.status_code == 400
    assert "'psm' is given twice" in response.json()["error"]


@pytest.mark.parametrize("path", [GATEWAY, f"{GATEWAY}/scan.png"])
def test_put(service: Service, path: str) -> None:
    assert text(httpx.put(service.url + path, content=PNG, headers={"Accept": "text/plain"}, timeout=60)) == LINE


def test_base64_of_other_alphabets(service: Service) -> None:
    url_safe = base64.urlsafe_b64encode(PNG).decode().rstrip("=")
    v2 = httpx.post(
        service.url + INFER,
        json={"inputs": [{"name": "input-0", "shape": [1], "datatype": "BYTES", "data": [url_safe]}]},
        timeout=60,
    )

    assert read(service, json={"image": url_safe}) == LINE
    assert v2.json()["outputs"][0]["data"][0].strip() == LINE


@pytest.mark.parametrize("path", [GATEWAY, INFER, PREDICT])
def test_a_byte_order_mark(service: Service, path: str) -> None:
    bodies = {GATEWAY: {"image": b64(PNG)}, INFER: v2_body(PNG), PREDICT: {"instances": [{"b64": b64(PNG)}]}}
    content = b"\xef\xbb\xbf" + orjson.dumps(bodies[path])

    response = httpx.post(service.url + path, content=content, headers={"Content-Type": "application/json"}, timeout=60)

    assert LINE in text(response)


@pytest.mark.parametrize("data", [{"lang": "eng"}, {"image_file": ""}])
def test_a_form_without_a_file_says_what_to_do(service: Service, data: dict[str, str]) -> None:
    plain = httpx.post(service.url + GATEWAY, data=data, timeout=60)
    multipart = httpx.post(service.url + GATEWAY, data=data, files={"image_file": ("", b"")}, timeout=60)

    for response in (plain, multipart):
        assert response.status_code == 400
        assert response.json()["code"] == "malformed_request"


def test_a_client_that_waits_until_it_may_send(service: Service) -> None:
    head = (
        f"POST {GATEWAY} HTTP/1.1\r\nHost: test\r\nAccept: text/plain\r\nConnection: close\r\n"
        f"Content-Type: image/png\r\nContent-Length: {len(PNG)}\r\nExpect: 100-continue\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", service.transformer.port), timeout=60) as connection:
        connection.sendall(head.encode())
        assert connection.recv(1024).startswith(b"HTTP/1.1 100")
        connection.sendall(PNG)
        response = b"".join(iter(lambda: connection.recv(65536), b""))

    assert response.startswith(b"HTTP/1.1 200")
    assert LINE.encode() in response


def test_chunks(service: Service) -> None:
    pieces = (PNG[start : start + 1000] for start in range(0, len(PNG), 1000))

    assert read(service, content=pieces) == LINE


def test_alto_and_hocr_carry_the_name_of_the_file(service: Service) -> None:
    url = f"{service.url}{GATEWAY}?outputs=alto,hocr"
    uploaded = httpx.post(url, files={"file": ('page "1" & 2.png', PNG)}, timeout=60).json()["outputs"]
    put = httpx.put(f"{service.url}{GATEWAY}/scan.png?outputs=alto,hocr", content=PNG, timeout=60).json()["outputs"]
    named = httpx.post(f"{url}&filename=mine.png", content=PNG, timeout=60).json()["outputs"]

    for outputs, name in ((uploaded, 'page "1" & 2.png'), (put, "scan.png"), (named, "mine.png")):
        alto = etree.fromstring(outputs[0]["data"][0].encode())
        assert alto.findtext(".//{*}sourceImageInformation/{*}fileName") == name
        hocr = etree.fromstring(outputs[1]["data"][0].encode())
        assert hocr.findtext(".//{*}title") == name


def test_baselines_of_alto_are_points_without_commas(service: Service) -> None:
    """As importers read them: pairs of whole numbers separated by spaces."""
    (output,) = httpx.post(f"{service.url}{GATEWAY}?outputs=alto", content=PNG, timeout=60).json()["outputs"]
    (baseline,) = etree.fromstring(output["data"][0].encode()).xpath("//*[local-name()='TextLine']/@BASELINE")

    x0, y0, x1, y1 = (int(value) for value in baseline.split(" "))
    width, height = draw_line().size
    assert 0 <= x0 < x1 <= width
    assert abs(y0 - y1) < height / 4


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="the machine has no IPv6")
def test_ipv6_and_ipv4_on_one_port(service: Service) -> None:
    for server in (service.transformer, service.predictor):
        for host in ("127.0.0.1", "[::1]"):
            assert httpx.get(f"http://{host}:{server.port}/v2/health/ready", timeout=30).status_code == 200
        with grpc.insecure_channel(f"[::1]:{server.grpc_port}") as channel:
            grpc.channel_ready_future(channel).result(timeout=30)


def test_page_xml_of_one_page(service: Service) -> None:
    headers = {"Accept": "application/vnd.prima.page+xml"}
    url = service.url + GATEWAY
    one = httpx.post(url, files={"file": ("scan.png", PNG)}, headers=headers, timeout=60)
    two = httpx.post(url, content=encode_frames([draw_line(), draw_line()]), headers=headers, timeout=60)
    with grpc_stub(service.transformer) as stub:
        answer = stub.ModelInfer(grpc_request(PNG, outputs=["pagexml"]), timeout=60)

    assert one.headers["content-type"].startswith("application/vnd.prima.page+xml")
    for document in (one.content, grpc_values(answer)["pagexml"][0]):
        assert etree.fromstring(document).findtext(".//{*}TextRegion/{*}TextEquiv/{*}Unicode") == LINE
    assert b'imageFilename="scan.png"' in one.content
    assert two.status_code == 400
    assert "choose one with pages=" in two.json()["error"]
