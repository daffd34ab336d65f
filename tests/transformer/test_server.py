"""The running transformer: every form of a request, and every form of an answer."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

import httpx
import pypdf
import pytest
from PIL import ExifTags, Image

from kserve_ocr.protocol import names
from tests.support.drawn_pages import LINE, b64, draw_line, encode, encode_frames, v2_body
from tests.support.http_calls import (
    GATEWAY,
    INFER,
    PREDICT,
    TIMEOUT,
    grpc_request,
    grpc_stub,
    grpc_text,
    grpc_values,
    infer,
    metric,
    outputs_of,
    text_of,
    until,
    upload,
)
from tools.local_stack import Server, Service

WORDS = ("First", "Second", "Third")
FORMATS = {
    "png": encode(draw_line()),
    "palette": encode(draw_line().convert("P")),
    "bilevel": encode(draw_line().convert("1"), "TIFF", compression="group4"),
    "16-bit": encode(draw_line().convert("I;16").point(lambda value: value * 257)),
    "jpeg": encode(draw_line(), "JPEG", quality=90),
    "cmyk": encode(draw_line().convert("CMYK"), "JPEG", quality=95),
    "tiff": encode(draw_line(), "TIFF", compression="tiff_lzw"),
    "webp": encode(draw_line(), "WEBP", lossless=True),
    "bmp": encode(draw_line(), "BMP"),
    "gif": encode(draw_line(), "GIF"),
    "jp2": encode(draw_line(), "JPEG2000"),
    "pdf": encode(draw_line(), "PDF", resolution=150),
}


def draw_words() -> list[Image.Image]:
    """A page for each of WORDS."""
    return [draw_line(f"{word} page of three") for word in WORDS]


def turned_jpeg() -> bytes:
    """A photo taken sideways: the pixels lie on their side, EXIF says how to turn them."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6  # turn by 90° clockwise to see it upright
    return encode(draw_line().transpose(Image.Transpose.ROTATE_90), "JPEG", quality=95, exif=exif)


def transparent_png() -> bytes:
    """Black text on nothing, where the hidden colour is black too."""
    line = draw_line()
    black = Image.new("L", line.size, 0)
    return encode(Image.merge("RGBA", (black, black, black, line.point(lambda value: 255 - value))))


@pytest.fixture
def server(service: Service) -> Server:
    return service.transformer


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_is_read(server: Server, kind: str) -> None:
    assert text_of(upload(server, FORMATS[kind])).strip() == LINE


@pytest.mark.parametrize("document", [turned_jpeg(), transparent_png()], ids=["exif", "transparency"])
def test_a_page_is_read_as_a_viewer_shows_it(server: Server, document: bytes) -> None:
    assert text_of(upload(server, document, preprocess="none", orient="none")).strip() == LINE


@pytest.mark.parametrize(
    "document",
    [encode_frames(draw_words()), encode(draw_words()[0], "PDF", save_all=True, append_images=draw_words()[1:])],
    ids=["tiff", "pdf"],
)
def test_pages_are_read_in_order_and_separated_by_form_feeds(server: Server, document: bytes) -> None:
    found = outputs_of(upload(server, document, outputs="text,pages,confidence"))

    assert [page.split()[0] for page in found["text"][0].split("\f")] == list(WORDS)
    assert found["pages"] == [3]
    assert 0.5 < found["confidence"][0] <= 1


def test_only_the_pages_that_were_chosen_are_read(server: Server) -> None:
    found = outputs_of(upload(server, encode_frames(draw_words()), pages="3,1", outputs="text,pages,words"))

    assert [page.split()[0] for page in found["text"][0].split("\f")] == ["Third", "First"]
    assert found["pages"] == [2]
    assert [page["page"] for page in json.loads(found["words"][0])["pages"]] == [3, 1]


def test_several_files_in_one_form(server: Server) -> None:
    found = outputs_of(upload(server, *(encode(page) for page in draw_words()), outputs="text,pages,confidence"))

    assert [text.split()[0] for text in found["text"]] == list(WORDS)
    assert found["pages"] == [1, 1, 1]
    assert len(found["confidence"]) == 3


def test_a_blank_page_has_no_text_and_no_confidence(server: Server) -> None:
    blank = encode(Image.new("L", (400, 200), 255))

    found = outputs_of(upload(server, blank, outputs="text,confidence,pages,words"))

    assert found["text"][0].strip() == ""
    assert found["confidence"] == [0]
    assert found["pages"] == [1]
    assert json.loads(found["words"][0])["pages"][0]["blocks"] == []


def test_a_missing_language_is_told_for_a_blank_page_too(server: Server) -> None:
    answer = upload(server, encode(Image.new("L", (400, 200), 255)), lang="zzz")

    assert answer.status_code == 400
    assert "zzz" in answer.json()["error"]


@pytest.mark.parametrize(
    "content_type",
    ["image/png", "application/pdf", "application/octet-stream", "application/x-www-form-urlencoded", "", "image/tiff"],
)
def test_a_raw_body_is_read_whatever_type_it_claims(server: Server, content_type: str) -> None:
    document = FORMATS["pdf"] if content_type == "application/pdf" else FORMATS["png"]
    headers = {"Content-Type": content_type} if content_type else {}

    answer = httpx.post(server.url + GATEWAY, content=document, headers=headers, timeout=TIMEOUT)

    assert text_of(answer).strip() == LINE


def test_a_body_in_chunks_of_unknown_length(server: Server) -> None:
    document = FORMATS["png"]

    answer = httpx.post(
        server.url + GATEWAY,
        content=(document[start : start + 1000] for start in range(0, len(document), 1000)),
        timeout=TIMEOUT,
    )

    assert text_of(answer).strip() == LINE


@pytest.mark.parametrize("prefix", ["", "data:image/png;base64,"])
def test_base64_in_json(server: Server, prefix: str) -> None:
    body = {"image": prefix + b64(FORMATS["png"]), "outputs": "text,pages", "psm": 7}

    found = outputs_of(httpx.post(server.url + GATEWAY, json=body, timeout=TIMEOUT))

    assert found["text"][0].strip() == LINE
    assert found["pages"] == [1]


def test_base64_with_line_breaks(server: Server) -> None:
    body = {"image": base64.encodebytes(FORMATS["png"]).decode()}

    assert text_of(httpx.post(server.url + GATEWAY, json=body, timeout=TIMEOUT)).strip() == LINE


def test_a_list_of_images_in_json(server: Server) -> None:
    body = {"image": [b64(encode(page)) for page in draw_words()], "outputs": ["text", "pages"]}

    found = outputs_of(httpx.post(server.url + GATEWAY, json=body, timeout=TIMEOUT))

    assert [text.split()[0] for text in found["text"]] == list(WORDS)


def test_a_data_uri_in_v2(server: Server) -> None:
    tensor = {"name": "input-0", "datatype": "BYTES", "shape": [1]}
    body = {"inputs": [{**tensor, "data": ["data:image/png;base64," + b64(FORMATS["png"])]}]}

    assert text_of(httpx.post(server.url + INFER, json=body, timeout=TIMEOUT)).strip() == LINE


def test_options_in_the_form_and_in_the_query(server: Server) -> None:
    """Fields of the form count like the query; where both name an option, the query decides."""
    answer = httpx.post(
        server.url + GATEWAY,
        params={"outputs": "text,pages"},
        data={"outputs": "text", "pages": "2", "psm": "7", "lang": "eng", "preprocess": "none", "dpi": ""},
        files={"image_file": encode_frames(draw_words())},
        timeout=TIMEOUT,
    )

    found = outputs_of(answer)
    assert found["text"][0].split()[0] == "Second"
    assert found["pages"] == [1]


def test_an_option_takes_effect(server: Server) -> None:
    """Page segmentation 8 takes the image for one word."""
    page = encode(draw_line("alone"))

    one_word = outputs_of(upload(server, page, psm="8", outputs="words"))["words"][0]

    (block,) = json.loads(one_word)["pages"][0]["blocks"]
    (paragraph,) = block["paragraphs"]
    (line,) = paragraph["lines"]
    assert [word["text"] for word in line["words"]] == ["alone"]


@pytest.mark.parametrize(
    ("name", "start"),
    [("tsv", "level\t"), ("hocr", "<?xml"), ("alto", "<?xml"), ("words", "{"), ("output-0", "The"), ("text", "The")],
)
def test_each_output_by_itself(server: Server, name: str, start: str) -> None:
    found = outputs_of(upload(server, FORMATS["png"], outputs=name))

    assert list(found) == [name]
    assert found[name][0].startswith(start)
    assert "quick" in found[name][0]


def test_all_outputs_at_once_in_the_order_asked_for(server: Server) -> None:
    wanted = ["pdf", "text", "alto", "confidence", "hocr", "pages", "tsv", "words", "output-0"]

    found = outputs_of(upload(server, FORMATS["png"], encode_frames(draw_words()), outputs=",".join(wanted)))

    assert list(found) == wanted
    assert all(len(values) == 2 for values in found.values())
    assert found["pages"] == [1, 3]
    documents = [pypdf.PdfReader(io.BytesIO(base64.b64decode(value))) for value in found["pdf"]]
    assert [len(document.pages) for document in documents] == [1, 3]
    assert documents[1].pages[2].extract_text().split()[0] == "Third"


@pytest.mark.parametrize(
    ("accept", "media", "start"),
    [
        ("text/plain", "text/plain; charset=utf-8", b"The quick"),
        ("application/pdf", "application/pdf", b"%PDF-"),
        ("text/html", "text/html; charset=utf-8", b"<?xml"),
        ("application/json", "application/json", b"{"),
        ("*/*", "application/json", b"{"),
        ("text/*", "text/plain; charset=utf-8", b"The quick"),
        ("application/json;q=0.5, text/plain", "text/plain; charset=utf-8", b"The quick"),
        ("text/plain;q=0.2, application/pdf;q=0.7", "application/pdf", b"%PDF-"),
        ("image/png, text/plain;q=0.1", "text/plain; charset=utf-8", b"The quick"),
        ("text/plain;q=0, */*;q=0.1", "application/json", b"{"),
    ],
)
def test_the_accept_header_chooses_the_answer(server: Server, accept: str, media: str, start: bytes) -> None:
    answer = upload(server, FORMATS["png"], headers={"Accept": accept})

    assert answer.status_code == 200
    assert answer.headers["content-type"] == media
    assert answer.content.startswith(start)


def test_plain_text_of_several_documents(server: Server) -> None:
    answer = upload(server, *(encode(page) for page in draw_words()), headers={"Accept": "text/plain"})

    assert [part.split()[0] for part in answer.text.split("\f")] == list(WORDS)


def v2_binary(*documents: bytes, binary_output: bool, outputs: tuple[str, ...] = ()) -> tuple[bytes, dict[str, str]]:
    """Body and headers with documents as they are behind the JSON."""
    raw = b"".join(len(document).to_bytes(4, "little") + document for document in documents)
    header: dict[str, Any] = {
        "id": "seven",
        "inputs": [
            {
                "name": "input-0",
                "datatype": "BYTES",
                "shape": [len(documents)],
                "parameters": {"binary_data_size": len(raw)},
            }
        ],
        "outputs": [{"name": name} for name in outputs],
        "parameters": {"binary_data_output": binary_output},
    }
    encoded = json.dumps(header).encode()
    return encoded + raw, {names.JSON_LENGTH: str(len(encoded)), "Content-Type": "application/octet-stream"}


def test_v2_binary_in_and_json_out(server: Server) -> None:
    body, headers = v2_binary(*(encode(page) for page in draw_words()), binary_output=False)

    answer = httpx.post(server.url + INFER, content=body, headers=headers, timeout=TIMEOUT)

    assert answer.json()["id"] == "seven"
    assert [text.split()[0] for text in outputs_of(answer)["output-0"]] == list(WORDS)


def test_v2_binary_both_ways(server: Server) -> None:
    body, headers = v2_binary(FORMATS["png"], binary_output=True, outputs=("text", "pages", "pdf"))

    answer = httpx.post(server.url + INFER, content=body, headers=headers, timeout=TIMEOUT)

    length = int(answer.headers[names.JSON_LENGTH])
    text, pages, pdf = json.loads(answer.content[:length])["outputs"]
    sizes = [output["parameters"]["binary_data_size"] for output in (text, pages, pdf)]
    assert sum(sizes) == len(answer.content) - length
    raw = answer.content[length:]
    assert raw[4 : sizes[0]].decode().strip() == LINE
    assert raw[sizes[0] : sizes[0] + 4] == (1).to_bytes(4, "little")
    assert raw[sizes[0] + sizes[1] + 4 :].startswith(b"%PDF-")


def test_one_output_binary_and_one_as_json(server: Server) -> None:
    asked = [{"name": "text", "parameters": {"binary_data": True}}, {"name": "pages"}]

    answer = infer(server, FORMATS["png"], outputs=asked)

    length = int(answer.headers[names.JSON_LENGTH])
    text, pages = json.loads(answer.content[:length])["outputs"]
    assert "data" not in text
    assert pages["data"] == [1]
    assert answer.content[length + 4 :].decode().strip() == LINE


def test_several_inputs_are_read_as_documents_in_order(server: Server) -> None:
    tensors = [
        {"name": f"input-{number}", "datatype": "BYTES", "shape": [1], "data": [b64(encode(page))]}
        for number, page in enumerate(draw_words())
    ]

    found = outputs_of(httpx.post(server.url + INFER, json={"inputs": tensors}, timeout=TIMEOUT))

    assert [text.split()[0] for text in found["output-0"]] == list(WORDS)


@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=utf-8", ""])
@pytest.mark.parametrize(
    "instance",
    [{"b64": b64(FORMATS["png"])}, {"image": {"b64": b64(FORMATS["png"])}}, b64(FORMATS["png"])],
    ids=["b64", "image.b64", "plain"],
)
def test_v1_instances(server: Server, instance: Any, content_type: str) -> None:
    body = json.dumps({"instances": [instance, instance]}).encode()
    headers = {"Content-Type": content_type} if content_type else {}

    answer = httpx.post(server.url + PREDICT, content=body, headers=headers, timeout=TIMEOUT)

    assert answer.status_code == 200, answer.text
    assert [text.strip() for text in answer.json()["predictions"]] == [LINE, LINE]


def test_v1_with_outputs_and_parameters(server: Server) -> None:
    body = {"instances": [{"b64": b64(FORMATS["png"])}], "outputs": ["text", "pages"], "parameters": {"psm": 7}}

    answer = httpx.post(server.url + PREDICT, json=body, timeout=TIMEOUT)

    (prediction,) = answer.json()["predictions"]
    assert prediction["text"].strip() == LINE
    assert prediction["pages"] == 1


@pytest.mark.parametrize("typed", [False, True], ids=["raw", "typed"])
def test_grpc(server: Server, typed: bool) -> None:
    request = grpc_request(FORMATS["png"], typed=typed, parameters={"psm": 7, "lang": "eng"})

    with grpc_stub(server) as stub:
        answer = stub.ModelInfer(request, timeout=TIMEOUT)

    assert answer.id == "from a test"
    assert answer.model_name == "ocr-model"
    assert grpc_text(answer).strip() == LINE


@pytest.mark.parametrize("typed", [False, True], ids=["raw", "typed"])
def test_every_output_through_grpc(server: Server, typed: bool) -> None:
    wanted = ("text", "confidence", "pages", "words", "tsv", "hocr", "alto", "pdf")

    with grpc_stub(server) as stub:
        request = grpc_request(FORMATS["png"], FORMATS["gif"], outputs=wanted, typed=typed)
        found = grpc_values(stub.ModelInfer(request, timeout=TIMEOUT))

    assert tuple(found) == wanted
    assert [text.decode().strip() for text in found["text"]] == [LINE, LINE]
    assert found["pages"] == [1, 1]
    assert all(0.5 < value <= 1 for value in found["confidence"])
    assert all(pdf.startswith(b"%PDF-") for pdf in found["pdf"])


def test_a_request_id_comes_back(server: Server) -> None:
    answer = upload(server, FORMATS["png"], headers={"X-Request-Id": "order-66"})

    assert answer.headers[names.REQUEST_ID] == "order-66"


@pytest.mark.parametrize("unfit", ["two words", "x" * 200])
def test_an_unfit_request_id_is_replaced(server: Server, unfit: str) -> None:
    found = httpx.get(server.url + "/v2", headers={"X-Request-Id": unfit}).headers[names.REQUEST_ID]

    assert found != unfit
    assert found.isalnum()


def test_a_trace_goes_on(server: Server, service: Service) -> None:
    """Both servers log under the caller's trace."""
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"

    answer = upload(server, FORMATS["png"], headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"})

    _, found, span, _ = answer.headers[names.TRACEPARENT].split("-")
    assert found == trace
    assert span != "00f067aa0ba902b7"
    # A line is written once its answer is out.
    until(lambda: trace in service.transformer.log_text(), "the transformer's log line")
    until(lambda: trace in service.predictor.log_text(), "the predictor's log line")


def test_the_log_is_json_and_says_nothing_of_what_was_read(server: Server) -> None:
    secret = "Zanzibar"
    assert secret in text_of(upload(server, encode(draw_line(f"{secret} at noon")), headers={"X-Request-Id": "quiet"}))

    until(lambda: '"quiet"' in server.log_text(), "the request's log line")
    lines = [json.loads(line) for line in server.log_text().splitlines()]
    (read,) = [line for line in lines if line.get("request_id") == "quiet" and "documents" in line]
    assert (read["documents"], read["pages"]) == (1, 1)
    assert {"decode_ms", "preprocess_ms", "predictor_ms"} <= read.keys()
    assert secret not in server.log_text()


def test_metadata_tells_what_can_be_sent(server: Server) -> None:
    found = httpx.get(server.url + "/v2/models/ocr-model").json()

    assert found["name"] == "ocr-model"
    assert found["inputs"] == [{"name": "input-0", "datatype": "BYTES", "shape": [-1]}]
    assert {output["name"]: output["datatype"] for output in found["outputs"]} == {
        "output-0": "BYTES",
        "confidence": "FP32",
        "pages": "INT32",
        **dict.fromkeys(
            ("words", "tsv", "hocr", "alto", "pagexml", "pdf", "tables", "fields", "markdown", "csv", "txts"), "BYTES"
        ),
        "boxes": "FP32",
        "scores": "FP32",
        "page_index": "INT32",
    }
    assert all(output["shape"][0] == -1 for output in found["outputs"])
    assert {"eng", "osd"} <= set(found["parameters"]["languages"])


def test_server_metadata_names_the_extensions_that_are_here(server: Server) -> None:
    assert httpx.get(server.url + "/v2").json()["extensions"][:2] == [
        "binary_tensor_data",
        "model_configuration",
    ]


def test_health_and_model_listings(server: Server) -> None:
    with httpx.Client(base_url=server.url) as client:
        assert client.get("/").json() == {"status": "alive"}
        assert client.get("/v2/health/live").json() == {"live": True}
        assert client.get("/v2/health/ready").json() == {"ready": True}
        assert client.get("/v2/models/ocr-model/ready").json() == {"name": "ocr-model", "ready": True}
        assert client.get("/v2/models").json() == {"models": ["ocr-model"]}
        assert client.get("/v1/models/ocr-model").json() == {"name": "ocr-model", "ready": True}


def test_interactive_documentation_is_off_by_default(server: Server) -> None:
    assert httpx.get(server.url + "/docs").status_code == 404
    assert GATEWAY in httpx.get(server.url + "/openapi.json").json()["paths"]


def test_requests_are_counted_by_route_and_form(server: Server) -> None:
    labels = {"route": "gateway", "protocol": "raw", "code": "ok"}
    before = metric(server, "ocr_requests_total", **labels)

    httpx.post(server.url + GATEWAY, content=FORMATS["png"], timeout=TIMEOUT).raise_for_status()

    assert metric(server, "ocr_requests_total", **labels) == before + 1


def test_older_clients_parameters_are_let_through(server: Server) -> None:
    body = v2_body(FORMATS["png"], parameters={"content_type": "base64", "binary_data_output": False})

    assert text_of(httpx.post(server.url + INFER, json=body, timeout=TIMEOUT)).strip() == LINE
