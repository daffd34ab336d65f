"""Triton's own gRPC client: streams, configuration and statistics."""

from __future__ import annotations

from pathlib import Path

from tests.support.drawn_pages import draw_line, encode, encode_frames
from tests.support.http_calls import run_client, save
from tools.local_stack import Service

TEXTS = ("The first page of it", "The second page", "The third of three")


def address(service: Service) -> str:
    return f"127.0.0.1:{service.transformer.grpc_port}"


def test_a_response_a_page_and_errors_that_do_not_end_the_stream(service: Service, tmp_path: Path) -> None:
    pages = str(save(tmp_path, "pages.tif", encode_frames([draw_line(text) for text in TEXTS])))
    wrong = str(save(tmp_path, "wrong.png", b"no image"))
    one = str(save(tmp_path, "one.png", encode(draw_line(TEXTS[0]))))
    requests = [
        {"file": pages, "outputs": []},
        {"file": wrong, "outputs": []},
        {"file": pages, "outputs": ["pdf"]},
        {"file": one, "outputs": ["output-0", "words"]},
    ]
    call = {"action": "stream", "address": address(service), "requests": requests, "answers": 6}

    (found,) = run_client("triton_stream", [call])

    assert [(answer["text"].strip(), answer["page"], answer["id"]) for answer in found[:3]] == [
        (TEXTS[0], "1", "0"),
        (TEXTS[1], "2", "0"),
        (TEXTS[2], "3", "0"),
    ]
    assert "neither an image nor a PDF" in found[3]["error"]
    assert "page by page" in found[4]["error"]
    assert found[5]["text"].strip() == TEXTS[0]


def test_configuration_and_statistics(service: Service, tmp_path: Path) -> None:
    file = str(save(tmp_path, "one.png", encode(draw_line())))

    (found,) = run_client("triton_stream", [{"action": "describe", "address": address(service), "file": file}])

    config = found["config"]
    assert (config["name"], config["platform"], config["backend"]) == ("ocr-model", "tesseract", "kserve-ocr")
    assert config["input"] == [{"name": "input-0", "data_type": "TYPE_STRING", "dims": ["-1"]}]
    types = {output["name"]: output["data_type"] for output in config["output"]}
    assert (types["output-0"], types["confidence"], types["pages"]) == ("TYPE_STRING", "TYPE_FP32", "TYPE_INT32")
    before, after = (found[name]["inference_stats"]["success"] for name in ("before", "after"))
    assert int(after["count"]) == int(before.get("count", 0)) + 1
    assert int(after["ns"]) > int(before.get("ns", 0))
    assert (found["after"]["name"], found["after"]["version"]) == ("ocr-model", "1")
