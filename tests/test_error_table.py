"""The error table, row by row: what a client gets wrong, what it is told, and that its connection still works."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import pypdf
import pytest

from kserve_ocr.protocol import names
from tests.support.drawn_pages import LINE, b64, draw_line, draw_page, encode, encode_frames, v2_body
from tests.support.http_calls import (
    GATEWAY,
    GOOD,
    INFER,
    PREDICT,
    assert_refused,
    connection_of,
    grpc_refusal,
    grpc_request,
    grpc_stub,
    grpc_text,
    one_connection,
    text_of,
)
from tools.local_stack import Server, Service, free_port, start_service, start_transformer

FORM = "multipart/form-data; boundary=fence"
LIMITS = {
    "OCR_MAX_BYTES": "400000",
    "OCR_MAX_DOCUMENT_BYTES": "100000",
    "OCR_MAX_DOCUMENTS": "3",
    "OCR_MAX_PAGES": "2",
    "OCR_MAX_PAGE_PIXELS": "200000",
    "OCR_MAX_REQUEST_PIXELS": "250000",
    "OCR_WORKERS": "1",
    "OCR_DECODE_WORKERS": "1",
}
PREDICTOR_LIMITS = {"OCR_MAX_BYTES": "400000", "OCR_MAX_PIXELS": "200000", "OCR_WORKERS": "1"}


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Both servers with limits that a small page is over."""
    logs = tmp_path_factory.mktemp("strict")
    with start_service(logs=logs, transformer=LIMITS, predictor=PREDICTOR_LIMITS) as running:
        yield running


def encrypted() -> bytes:
    """A PDF that asks for a password."""
    writer = pypdf.PdfWriter(io.BytesIO(encode(draw_line(), "PDF")))
    writer.encrypt("sesame")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def damaged() -> bytes:
    """A PNG whose second half is missing."""
    whole = encode(draw_page())
    return whole[: len(whole) // 2]


@dataclass(frozen=True)
class Mistake:
    """Documents and parameters that are refused alike by every protocol."""

    status: int
    code: str
    grpc: str
    documents: tuple[bytes, ...] = (GOOD,)
    parameters: Mapping[str, str | int | bool] = field(default_factory=dict)
    outputs: tuple[str, ...] = ()
    model: str = "ocr-model"
    says: str = ""


INVALID = (400, "invalid_parameter", "INVALID_ARGUMENT")
LARGE = {
    "bytes": (413, "too_many_bytes", "RESOURCE_EXHAUSTED"),
    "pixels": (413, "too_many_pixels", "RESOURCE_EXHAUSTED"),
    "pages": (413, "too_many_pages", "RESOURCE_EXHAUSTED"),
    "documents": (413, "too_many_documents", "RESOURCE_EXHAUSTED"),
}
BOTH = {
    "language": Mistake(*INVALID, parameters={"lang": "klingon"}, says="eng"),
    "path as language": Mistake(*INVALID, parameters={"lang": "../../etc/passwd"}, says="eng+deu"),
    "psm": Mistake(*INVALID, parameters={"psm": 14}, says="0 to 13"),
    "psm as text": Mistake(*INVALID, parameters={"psm": "three"}, says="0 to 13"),
    "psm as truth": Mistake(*INVALID, parameters={"psm": True}, says="0 to 13"),
    "oem": Mistake(*INVALID, parameters={"oem": 7}, says="0 to 3"),
    "oem not installed": Mistake(*INVALID, parameters={"oem": 0}),
    "dpi": Mistake(*INVALID, parameters={"dpi": 1}, says="70 to 2400"),
    "unknown parameter": Mistake(*INVALID, parameters={"config": "--psm 6"}, says="config"),
    "unknown output": Mistake(*INVALID, outputs=("text", "poem"), says="poem"),
    "model": Mistake(404, "model_not_found", "NOT_FOUND", model="other"),
    "not an image": Mistake(415, "unsupported_document", "INVALID_ARGUMENT", (b"Dear Sir or Madam, " * 9,), says="PNG"),
    "empty": Mistake(400, "malformed_request", "INVALID_ARGUMENT", (b"",), says="empty"),
    "damaged": Mistake(422, "damaged_document", "INVALID_ARGUMENT", (damaged(),)),
}
TRANSFORMER = {
    **BOTH,
    "preprocess": Mistake(*INVALID, parameters={"preprocess": "yes"}, says="auto, none"),
    "orient": Mistake(*INVALID, parameters={"orient": 90}, says="auto, none"),
    "pages": Mistake(*INVALID, parameters={"pages": "2-1"}),
    "page not there": Mistake(*INVALID, parameters={"pages": "2"}, says="1 page"),
    "encrypted": Mistake(422, "encrypted_document", "INVALID_ARGUMENT", (encrypted(),), says="password"),
    "second of three": Mistake(
        415, "unsupported_document", "INVALID_ARGUMENT", (GOOD, b"Dear Sir or Madam", GOOD), says="document 2: "
    ),
    "second page": Mistake(
        422, "damaged_document", "INVALID_ARGUMENT", (encode_frames([draw_line(), draw_line()])[:-20_000],)
    ),
}
PREDICTOR = {
    **BOTH,
    "pdf": Mistake(415, "unsupported_document", "INVALID_ARGUMENT", (encode(draw_line(), "PDF"),), says="transformer"),
    "transformer's parameter": Mistake(*INVALID, parameters={"preprocess": "none"}, says="preprocess"),
    "second of three": Mistake(
        415, "unsupported_document", "INVALID_ARGUMENT", (GOOD, b"Dear Sir", GOOD), says="page 2: "
    ),
}
wide = draw_line(size=90)
STRICT = {
    "document's bytes": Mistake(*LARGE["bytes"], (bytes(100_001),), says="100000"),
    "second document's bytes": Mistake(*LARGE["bytes"], (GOOD, bytes(100_001)), says="document 2: "),
    "documents": Mistake(*LARGE["documents"], (GOOD,) * 4, says="3 documents"),
    "pages": Mistake(*LARGE["pages"], (encode_frames([draw_line(size=12)] * 3),), says="2"),
    "pages of all documents": Mistake(*LARGE["pages"], (encode(draw_line(size=12)),) * 3),
    "pixels of a page": Mistake(*LARGE["pixels"], (encode(wide),), says="page 1"),
    "pixels of all pages": Mistake(
        *LARGE["pixels"], (encode_frames([draw_line(size=50)] * 2, compression="tiff_lzw"),), says="250000"
    ),
    "pixels of all documents": Mistake(*LARGE["pixels"], (encode(draw_line(size=50)),) * 2),
}


def check(server: Server, mistake: Mistake) -> None:
    """The mistake through V2 and gRPC, and a good request on the same connection after each."""
    inputs = v2_body(*mistake.documents)["inputs"]
    body = {"inputs": inputs, "parameters": mistake.parameters, "outputs": [{"name": name} for name in mistake.outputs]}
    with one_connection(server) as client:
        refusal = client.post(f"/v2/models/{mistake.model}/infer", json=body)
        assert mistake.says in assert_refused(refusal, mistake.status, mistake.code)
        good = client.post(INFER, json=v2_body(GOOD))
        assert text_of(good).strip() == LINE
        assert connection_of(good) == connection_of(refusal)
    request = grpc_request(
        *mistake.documents, parameters=mistake.parameters, outputs=mistake.outputs, model=mistake.model
    )
    with grpc_stub(server) as stub:
        status, trailing, message = grpc_refusal(stub.ModelInfer, request)
        assert (status, trailing["ocr-code"]) == (mistake.grpc, mistake.code)
        assert mistake.says in message
        assert grpc_text(stub.ModelInfer(grpc_request(GOOD), timeout=60)).strip() == LINE


@pytest.mark.parametrize("name", TRANSFORMER)
def test_transformer_refuses(service: Service, name: str) -> None:
    check(service.transformer, TRANSFORMER[name])


@pytest.mark.parametrize("name", PREDICTOR)
def test_predictor_refuses(service: Service, name: str) -> None:
    check(service.predictor, PREDICTOR[name])


@pytest.mark.parametrize("name", STRICT)
def test_transformer_refuses_more_than_its_limits(strict: Service, name: str) -> None:
    check(strict.transformer, STRICT[name])


def test_predictor_refuses_more_pixels_than_its_limit(strict: Service) -> None:
    check(strict.predictor, Mistake(*LARGE["pixels"], (encode(wide),), says="200000"))


@pytest.mark.parametrize("name", ["transformer", "predictor"])
@pytest.mark.parametrize("declared", [True, False], ids=["declared", "chunked"])
def test_a_body_over_the_limit_is_not_read_to_its_end(strict: Service, name: str, *, declared: bool) -> None:
    server: Server = getattr(strict, name)
    body = bytes(500_000)
    content: Any = body if declared else (body[start : start + 50_000] for start in range(0, len(body), 50_000))

    answer = httpx.post(server.url + INFER, content=content, timeout=60)

    assert "400000" in assert_refused(answer, 413, "too_many_bytes")
    with one_connection(server) as client:
        assert text_of(client.post(INFER, json=v2_body(GOOD))).strip() == LINE


def test_a_form_over_the_limit(strict: Service) -> None:
    with one_connection(strict.transformer) as client:
        refusal = client.post(GATEWAY, files={"image_file": bytes(500_000)})
        assert_refused(refusal, 413, "too_many_bytes")
        assert text_of(client.post(GATEWAY, files={"image_file": GOOD})).strip() == LINE


def test_a_grpc_message_over_the_limit(strict: Service) -> None:
    with grpc_stub(strict.transformer) as stub:
        status, _, message = grpc_refusal(stub.ModelInfer, grpc_request(bytes(500_000)))
        assert status == "RESOURCE_EXHAUSTED"
        assert "400000" in message
        assert grpc_text(stub.ModelInfer(grpc_request(GOOD), timeout=60)).strip() == LINE


def tensor(**changed: Any) -> dict[str, Any]:
    """One input as JSON, with something changed or, where None, left out."""
    whole = {"name": "input-0", "datatype": "BYTES", "shape": [1], "data": [b64(GOOD)], **changed}
    return {key: value for key, value in whole.items() if value is not None}


BODIES: dict[str, bytes] = {
    "no body": b"",
    "no JSON": b"{",
    "no UTF-8": b'{"inputs": "\xff"}',
    "no object": b"[]",
    "no inputs": b"{}",
    "empty inputs": b'{"inputs": []}',
    "lists in lists": (
        b'{"inputs": [{"name": "input-0", "datatype": "BYTES", "shape": [1], "data": '
        + (b"[" * 1000 + b'"?"' + b"]" * 1000 + b"}]}")
    ),
    **{
        name: json.dumps(value).encode()
        for name, value in {
            "inputs of another type": {"inputs": "page"},
            "input of another type": {"inputs": ["page"]},
            "parameters of another type": {"inputs": [tensor()], "parameters": 3},
            "id of another type": {"id": 3, "inputs": [tensor()]},
            "no name": {"inputs": [tensor(name=None)]},
            "no datatype": {"inputs": [tensor(datatype=None)]},
            "another datatype": {"inputs": [tensor(datatype="FP64", data=[1.5])]},
            "no shape": {"inputs": [tensor(shape=None)]},
            "negative shape": {"inputs": [tensor(shape=[-1])]},
            "fractional shape": {"inputs": [tensor(shape=[1.5])]},
            "other shape": {"inputs": [tensor(shape=[2])]},
            "no elements": {"inputs": [tensor(shape=[0], data=[])]},
            "no data": {"inputs": [tensor(data=None)]},
            "data of another type": {"inputs": [tensor(data="page")]},
            "numbers for base64": {"inputs": [tensor(data=[7])]},
            "no base64": {"inputs": [tensor(data=["not base64!"])]},
            "URL": {"inputs": [tensor(data=["http://example.com/page.png"])]},
            "outputs of another type": {"inputs": [tensor()], "outputs": {"name": "text"}},
            "outputs as an empty object": {"inputs": [tensor()], "outputs": {}},
            "parameters as an empty list": {"inputs": [tensor()], "parameters": []},
            "parameters of a tensor as false": {"inputs": [tensor(parameters=False)]},
            "output without a name": {"inputs": [tensor()], "outputs": [{"datatype": "BYTES"}]},
            "binary size without binary part": {"inputs": [tensor(data=None, parameters={"binary_data_size": 5})]},
        }.items()
    },
}


@pytest.mark.parametrize("server_name", ["transformer", "predictor"])
@pytest.mark.parametrize("name", BODIES)
def test_a_malformed_v2_body(service: Service, server_name: str, name: str) -> None:
    with one_connection(getattr(service, server_name)) as client:
        refusal = client.post(INFER, content=BODIES[name], headers={"Content-Type": "application/json"})
        assert_refused(refusal, 400, "malformed_request")
        good = client.post(INFER, json=v2_body(GOOD))
        assert text_of(good).strip() == LINE
        assert connection_of(good) == connection_of(refusal)


BINARY: dict[str, tuple[str, bytes, int]] = {  # length header, raw part, binary_data_size
    "length of another type": ("many", b"", 0),
    "negative length": ("-1", b"", 0),
    "superscript length": ("\N{SUPERSCRIPT TWO}", b"", 0),
    "endless length": ("9" * 5000, b"", 0),
    "length beyond the body": ("9999", b"", 0),
    "size beyond the body": ("", b"abc", 9),
    "bytes of no tensor": ("", b"\0\0\0\0abc", 4),
    "ends inside a length": ("", b"\x01\0", 2),
    "element longer than the tensor": ("", b"\xff\xff\xff\xff--", 6),
}


@pytest.mark.parametrize("server_name", ["transformer", "predictor"])
@pytest.mark.parametrize("name", BINARY)
def test_a_malformed_binary_body(service: Service, server_name: str, name: str) -> None:
    length, raw, size = BINARY[name]
    header = json.dumps({"inputs": [tensor(data=None, parameters={"binary_data_size": size})]}).encode()
    with one_connection(getattr(service, server_name)) as client:
        refusal = client.post(
            INFER,
            content=header + raw,
            headers=[(names.JSON_LENGTH.encode(), (length or str(len(header))).encode("latin-1"))],
        )
        assert_refused(refusal, 400, "malformed_request")
        assert text_of(client.post(INFER, json=v2_body(GOOD))).strip() == LINE


@pytest.mark.parametrize(
    ("shape", "pixels"),
    [([2, 3], 5), ([6], 6), ([1, 2, 3], 6), ([0, 5], 0)],
    ids=["too few pixels", "one side", "three sides", "no pixels"],
)
def test_a_malformed_page(service: Service, shape: list[int], pixels: int) -> None:
    page = {"name": "input-0", "datatype": "UINT8", "shape": shape, "parameters": {"binary_data_size": pixels}}
    header = json.dumps({"inputs": [page]}).encode()
    with one_connection(service.predictor) as client:
        refusal = client.post(INFER, content=header + bytes(pixels), headers={names.JSON_LENGTH: str(len(header))})
        assert_refused(refusal, 400, "malformed_request")
        assert text_of(client.post(INFER, json=v2_body(GOOD))).strip() == LINE


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b"{}",
        b'{"instances": []}',
        b'{"instances": [{}]}',
        b'{"instances": [7]}',
        b'{"instances": [{"b64": "?"}]}',
        b'{"instances": [{"b64": ""}], "parameters": []}',
        b'{"instances": [{"b64": ""}], "outputs": [1]}',
        json.dumps({"instances": [{"b64": b64(GOOD)}], "outputs": {}}).encode(),
        json.dumps({"instances": [{"b64": b64(GOOD)}], "parameters": []}).encode(),
    ],
)
@pytest.mark.parametrize("server_name", ["transformer", "predictor"])
def test_a_malformed_v1_body(service: Service, server_name: str, body: bytes) -> None:
    with one_connection(getattr(service, server_name)) as client:
        assert_refused(client.post(PREDICT, content=body), 400, "malformed_request")
        assert client.post(PREDICT, json={"instances": [{"b64": b64(GOOD)}]}).status_code == 200


FORMS: dict[str, tuple[str, bytes]] = {
    "no boundary": ("multipart/form-data", b"--fence--"),
    "no parts": (FORM, b"--fence--\r\n"),
    "empty": (FORM, b""),
    "no form at all": (FORM, b"hello"),
    "cut off": (FORM, b'--fence\r\nContent-Disposition: form-data; name="image_file"; filename="a"\r\n\r\nabc'),
    "no file": (FORM, b'--fence\r\nContent-Disposition: form-data; name="psm"\r\n\r\n3\r\n--fence--\r\n'),
    "several unknown file fields": (
        FORM,
        (
            b'--fence\r\nContent-Disposition: form-data; name="picture"; filename="a"\r\n\r\nabc\r\n'
            b'--fence\r\nContent-Disposition: form-data; name="cover"; filename="b"\r\n\r\nabc\r\n--fence--\r\n'
        ),
    ),
    "a plain form": ("application/x-www-form-urlencoded", b"lang=eng"),
    "JSON without an image": ("application/json", b'{"picture": ""}'),
    "JSON image of another type": ("application/json", b'{"image": 7}'),
    "JSON image not in base64": ("application/json", b'{"image": "?"}'),
    "no images in JSON": ("application/json", b'{"image": []}'),
    "no JSON": ("application/json", b"image"),
    "nothing": ("image/png", b""),
}


@pytest.mark.parametrize("name", FORMS)
def test_a_malformed_upload(service: Service, name: str) -> None:
    kind, body = FORMS[name]
    with one_connection(service.transformer) as client:
        refusal = client.post(GATEWAY, content=body, headers={"Content-Type": kind})
        assert_refused(refusal, 400, "malformed_request")
        good = client.post(GATEWAY, files={"image_file": GOOD})
        assert text_of(good).strip() == LINE
        assert connection_of(good) == connection_of(refusal)


@pytest.mark.parametrize(
    "options", [{"config": "-c x=y"}, {"psm": "x"}, {"lang": "klingon"}, {"outputs": "poem"}, {"pages": "0"}]
)
def test_a_bad_option_of_the_gateway(service: Service, options: dict[str, str]) -> None:
    with one_connection(service.transformer) as client:
        for refusal in (
            client.post(GATEWAY, files={"image_file": GOOD}, params=options),
            client.post(GATEWAY, files={"image_file": GOOD}, data=options),
            client.post(GATEWAY, json={"image": b64(GOOD), **options}),
        ):
            assert_refused(refusal, 400, "invalid_parameter")
        assert text_of(client.post(GATEWAY, files={"image_file": GOOD})).strip() == LINE


@pytest.mark.parametrize("accept", ["image/png", "text/rtf, image/*", "text/plain;q=0"])
def test_an_answer_that_cannot_be_given(service: Service, accept: str) -> None:
    with one_connection(service.transformer) as client:
        refusal = client.post(GATEWAY, files={"image_file": GOOD}, headers={"Accept": accept})
        assert "text/plain" in assert_refused(refusal, 406, "not_acceptable")
        assert text_of(client.post(GATEWAY, files={"image_file": GOOD})).strip() == LINE


def test_one_pdf_holds_one_document(service: Service) -> None:
    with one_connection(service.transformer) as client:
        files = [("image_file", GOOD), ("image_file", GOOD)]
        assert_refused(client.post(GATEWAY, files=files, headers={"Accept": "application/pdf"}), 406, "not_acceptable")


@pytest.mark.parametrize("server_name", ["transformer", "predictor"])
@pytest.mark.parametrize(
    ("request_line", "status", "code"),
    [
        ("GET /nothing", 404, "not_found"),
        ("POST /v2/models/ocr-model/nothing", 404, "not_found"),
        ("POST /v2/models/ocr-model/versions/2/infer", 404, "not_found"),
        ("GET /v2/models/ocr-model/versions/two", 404, "not_found"),
        ("GET /v2/models/ocr-model/versions/2/ready", 404, "not_found"),
        ("GET /v2/models/other/versions/1", 404, "model_not_found"),
        ("GET /v2/models/other/stats", 404, "model_not_found"),
        ("GET /v2/models/other/config", 404, "model_not_found"),
        ("POST /v2/systemsharedmemory/region/page/register", 404, "not_found"),
        ("GET /v2/cudasharedmemory/status", 404, "not_found"),
        ("POST /v1/models/ocr-model:explain", 404, "not_found"),
        ("GET /v2/models/other", 404, "model_not_found"),
        ("GET /v2/models/other/ready", 404, "model_not_found"),
        ("GET /v1/models/other", 404, "model_not_found"),
        ("POST /v1/models/other:predict", 404, "model_not_found"),
        ("GET /v2/models/ocr-model/infer", 405, "method_not_allowed"),
        ("DELETE /v2/models/ocr-model", 405, "method_not_allowed"),
        ("POST /v2/health/ready", 405, "method_not_allowed"),
    ],
)
def test_a_wrong_address(service: Service, server_name: str, request_line: str, status: int, code: str) -> None:
    with one_connection(getattr(service, server_name)) as client:
        refusal = client.request(*request_line.split())
        assert_refused(refusal, status, code)
        good = client.post(INFER, json=v2_body(GOOD))
        assert text_of(good).strip() == LINE
        assert connection_of(good) == connection_of(refusal)


@pytest.mark.parametrize("server_name", ["transformer", "predictor"])
@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://other.example"}])
def test_a_form_of_another_site(service: Service, server_name: str, headers: dict[str, str]) -> None:
    with one_connection(getattr(service, server_name)) as client:
        assert_refused(client.post(INFER, json=v2_body(GOOD), headers=headers), 403, "cross_site")
        assert text_of(client.post(INFER, json=v2_body(GOOD))).strip() == LINE


def test_the_gateways_address_is_for_posting(service: Service) -> None:
    with one_connection(service.transformer) as client:
        assert_refused(client.get(GATEWAY), 405, "method_not_allowed")


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A transformer whose predictor is not there."""
    settings = {"OCR_REQUEST_SECONDS": "0.5", "OCR_DECODE_WORKERS": "1"}
    with start_transformer(free_port(), logs=tmp_path_factory.mktemp("alone"), settings=settings) as server:
        yield server


def test_a_predictor_that_cannot_be_reached(alone: Server) -> None:
    with one_connection(alone) as client:
        for refusal in (
            client.post(INFER, json=v2_body(GOOD)),
            client.post(PREDICT, json={"instances": [{"b64": b64(GOOD)}]}),
            client.post(GATEWAY, files={"image_file": GOOD}),
        ):
            assert "predictor" in assert_refused(refusal, 502, "predictor_unreachable")
        assert client.get("/v2/health/ready").status_code == 200
        metadata = client.get("/v2/models/ocr-model").json()
        assert metadata["parameters"]["languages"] == []
    with grpc_stub(alone) as stub:
        status, trailing, _ = grpc_refusal(stub.ModelInfer, grpc_request(GOOD))
    assert (status, trailing["ocr-code"]) == ("UNAVAILABLE", "predictor_unreachable")


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Servers that give a page less time than it needs, and one request at a time."""
    logs = tmp_path_factory.mktemp("hasty")
    predictor = {"OCR_PAGE_SECONDS": "0.25", "OCR_WORKERS": "1", "OCR_MAX_QUEUE": "0"}
    with start_service(logs=logs, transformer={"OCR_DECODE_WORKERS": "1"}, predictor=predictor) as running:
        yield running


def dense_page() -> bytes:
    """A page that takes Tesseract seconds."""
    return encode(draw_page(("the quick brown fox jumps over the lazy dog " * 3,) * 70, size=24, width=2400))


@pytest.mark.parametrize("server_name", ["transformer", pytest.param("predictor", marks=pytest.mark.long)])
def test_a_page_over_its_time(hasty: Service, server_name: str) -> None:
    server: Server = getattr(hasty, server_name)
    page = dense_page()
    with one_connection(server) as client:
        refusal = client.post(INFER, json=v2_body(page))
        assert_refused(refusal, 504, "timed_out")
        good = client.post(INFER, json=v2_body(GOOD))
        assert text_of(good).strip() == LINE
        assert connection_of(good) == connection_of(refusal)
    with grpc_stub(server) as stub:
        status, trailing, _ = grpc_refusal(stub.ModelInfer, grpc_request(page))
        assert (status, trailing["ocr-code"]) == ("DEADLINE_EXCEEDED", "timed_out")
        assert grpc_text(stub.ModelInfer(grpc_request(GOOD), timeout=60)).strip() == LINE
