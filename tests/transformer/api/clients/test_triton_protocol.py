"""The parts of Triton's V2 protocol around inference: versions, compression, statistics, configuration, parameters."""

from __future__ import annotations

import gzip
from pathlib import Path

import grpc
import httpx
import orjson
import pytest
from kserve.protocol.grpc import grpc_predict_v2_pb2 as pb

from kserve_ocr.serving.connection.content_encoding import decode, encode
from tests.support.drawn_pages import LINE, draw_line, draw_page, v2_body
from tests.support.drawn_pages import encode as encode_image
from tests.support.http_calls import GATEWAY, INFER, grpc_request, grpc_stub, grpc_text
from tools.local_stack import Service, start_transformer

MODEL = "/v2/models/ocr-model"
PNG = encode_image(draw_line())


def both(service: Service) -> tuple[str, str]:
    return service.url, service.predictor.url


@pytest.mark.parametrize("path", ["", "/ready", "/config", "/stats"])
def test_the_version_that_is_served(service: Service, path: str) -> None:
    for url in both(service):
        plain = httpx.get(f"{url}{MODEL}{path}", timeout=30)
        versioned = httpx.get(f"{url}{MODEL}/versions/1{path}", timeout=30)
        assert (plain.status_code, versioned.status_code) == (200, 200)
        if path in {"", "/config"}:
            assert versioned.json() == plain.json()


def test_inference_by_version(service: Service) -> None:
    response = httpx.post(f"{service.url}{MODEL}/versions/1/infer", json=v2_body(PNG), timeout=60)

    assert response.json()["outputs"][0]["data"][0].strip() == LINE
    assert httpx.get(service.url + MODEL, timeout=30).json()["versions"] == ["1"]


def test_versions_over_grpc(service: Service) -> None:
    with grpc_stub(service.transformer) as stub:
        request = grpc_request(PNG)
        request.model_version = "1"
        assert grpc_text(stub.ModelInfer(request, timeout=60)).strip() == LINE
        assert stub.ModelReady(pb.ModelReadyRequest(name="ocr-model", version="1"), timeout=30).ready
        metadata = stub.ModelMetadata(pb.ModelMetadataRequest(name="ocr-model"), timeout=30)
        assert list(metadata.versions) == ["1"]
        request.model_version = "2"
        for call, message in (
            (stub.ModelInfer, request),
            (stub.ModelReady, pb.ModelReadyRequest(name="ocr-model", version="2")),
            (stub.ModelMetadata, pb.ModelMetadataRequest(name="ocr-model", version="2")),
        ):
            with pytest.raises(grpc.RpcError) as caught:
                call(message, timeout=30)
            assert caught.value.code() is grpc.StatusCode.NOT_FOUND
            assert "version '2' is not served" in caught.value.details()


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "zstd"])
def test_compressed_requests(service: Service, encoding: str) -> None:
    headers = {"Content-Encoding": encoding, "Content-Type": "application/json"}
    v2 = httpx.post(
        service.url + INFER, content=encode(orjson.dumps(v2_body(PNG)), encoding), headers=headers, timeout=60
    )
    raw = httpx.post(
        service.url + GATEWAY,
        content=encode(PNG, encoding),
        headers={"Content-Encoding": encoding, "Content-Type": "image/png", "Accept": "text/plain"},
        timeout=60,
    )

    assert v2.json()["outputs"][0]["data"][0].strip() == LINE
    assert raw.text.strip() == LINE


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "zstd"])
def test_compressed_responses(service: Service, encoding: str) -> None:
    body = v2_body(encode_image(draw_page()), outputs=[{"name": "words"}])
    plain = httpx.post(service.url + INFER, json=body, headers={"Accept-Encoding": "identity"}, timeout=60)
    request = httpx.Request("POST", service.url + INFER, json=body, headers={"Accept-Encoding": encoding})
    with httpx.Client(timeout=60) as client:
        sent = client.send(request, stream=True)
        content = b"".join(sent.iter_raw())

    assert "content-encoding" not in plain.headers
    assert sent.headers["content-encoding"] == encoding
    assert sent.headers["vary"] == "Accept-Encoding"
    assert len(content) == int(sent.headers["content-length"]) < len(plain.content)

    assert orjson.loads(b"".join(decode(content, encoding)))["outputs"] == plain.json()["outputs"]


def test_small_responses_metadata_and_pdfs_are_not_compressed(service: Service) -> None:
    headers = {"Accept-Encoding": "gzip"}
    small = httpx.get(service.url + "/v1/models", headers=headers, timeout=30)
    metadata = httpx.get(service.url + MODEL, headers=headers, timeout=30)
    pdf = httpx.post(service.url + GATEWAY, content=PNG, headers={**headers, "Accept": "application/pdf"}, timeout=60)

    assert all("content-encoding" not in response.headers for response in (small, metadata, pdf))
    assert len(metadata.content) > 1024
    assert pdf.content.startswith(b"%PDF-")


@pytest.mark.parametrize(
    ("encoding", "content", "status", "code"),
    [
        ("br", b"x", 415, "unsupported_document"),
        ("gzip", b"not gzip", 400, "malformed_request"),
        ("gzip", gzip.compress(PNG)[:-30], 400, "malformed_request"),
    ],
)
def test_encodings_that_cannot_be_read(service: Service, encoding: str, content: bytes, status: int, code: str) -> None:
    response = httpx.post(service.url + GATEWAY, content=content, headers={"Content-Encoding": encoding}, timeout=60)

    assert (response.status_code, response.json()["code"]) == (status, code)


def test_a_small_body_that_decodes_to_a_huge_one(service: Service, logs: Path) -> None:
    bomb = gzip.compress(bytes(1 << 26), 9)
    twice = gzip.compress(gzip.compress(bytes(1 << 26), 9), 9)
    with start_transformer(service.predictor.port, logs=logs, settings={"OCR_MAX_BYTES": "1048576"}) as small:
        for content, encoding in ((bomb, "gzip"), (twice, "gzip, gzip")):
            response = httpx.post(
                small.url + GATEWAY, content=content, headers={"Content-Encoding": encoding}, timeout=60
            )
            assert (response.status_code, response.json()["code"]) == (413, "too_many_bytes")


def test_triton_s_own_parameters_change_nothing(service: Service) -> None:
    parameters = {"priority": 1, "timeout": 10_000_000, "sequence_id": 7, "sequence_start": True, "sequence_end": True}
    response = httpx.post(service.url + INFER, json=v2_body(PNG, parameters=parameters), timeout=60)
    with grpc_stub(service.transformer) as stub:
        over_grpc = stub.ModelInfer(grpc_request(PNG, parameters=parameters), timeout=60)

    assert response.json()["outputs"][0]["data"][0].strip() == LINE
    assert grpc_text(over_grpc).strip() == LINE


def test_tensors_in_shared_memory_are_rejected(service: Service) -> None:
    tensor = {"name": "input-0", "shape": [1], "datatype": "BYTES"}
    region = {"shared_memory_region": "page", "shared_memory_byte_size": 100}
    response = httpx.post(service.url + INFER, json={"inputs": [{**tensor, "parameters": region}]}, timeout=60)

    assert response.status_code == 400
    assert "shared memory, which is not supported" in response.json()["error"]


def test_statistics_count_requests(service: Service) -> None:
    def counted() -> tuple[int, int]:
        (stats,) = httpx.get(f"{service.url}{MODEL}/stats", timeout=30).json()["model_stats"]
        return stats["inference_stats"]["success"]["count"], stats["inference_stats"]["fail"]["count"]

    succeeded, failed = counted()
    httpx.post(service.url + INFER, json=v2_body(PNG), timeout=60)
    httpx.post(service.url + INFER, json=v2_body(b"no image"), timeout=60)

    assert counted() == (succeeded + 1, failed + 1)


def test_the_configuration_names_every_tensor(service: Service) -> None:
    for url in both(service):
        metadata = httpx.get(url + MODEL, timeout=30).json()
        config = httpx.get(f"{url}{MODEL}/config", timeout=30).json()
        assert [tensor["name"] for tensor in config["output"]] == [tensor["name"] for tensor in metadata["outputs"]]
        assert [tensor["dims"] for tensor in config["output"]] == [tensor["shape"] for tensor in metadata["outputs"]]
        assert config["max_batch_size"] == 0
