"""One JSON object a line, with ids and without content, from every logger of the process."""

from __future__ import annotations

import json
import logging
import logging.config
import subprocess
import sys
from typing import Any

import httpx
import numpy as np
import pytest

from kserve_ocr.observability import tracing
from kserve_ocr.observability.logging import JsonFormatter
from kserve_ocr.protocol.errors import DamagedDocumentError
from tests.support.drawn_pages import draw_line, encode, v2_body
from tools.local_stack import Service

TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def line(message: str = "read", *, error: BaseException | None = None, **extras: object) -> dict[str, Any]:
    """What the formatter makes of one record."""
    info = (type(error), error, error.__traceback__) if error else None
    logger = logging.Logger("ocr")
    record = logger.makeRecord("ocr", logging.INFO, "x.py", 1, message, (), info, extra=extras)
    text = JsonFormatter().format(record)
    assert "\n" not in text
    found: dict[str, Any] = json.loads(text)
    return found


def test_fields() -> None:
    found = line(pages=3, seconds={"decode": 0.5}, steps=["scale"])
    assert found.pop("time").endswith("+00:00")
    assert found == {
        "level": "info",
        "logger": "ocr",
        "message": "read",
        "pages": 3,
        "seconds": {"decode": 0.5},
        "steps": ["scale"],
    }


def test_ids_of_the_request_that_is_worked_on() -> None:
    with tracing.serve("infer", traceparent=TRACEPARENT, request_id="r-1"):
        found = line()
    assert found["request_id"] == "r-1"
    assert found["trace_id"] == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert "trace_id" not in line()


@pytest.mark.parametrize(
    "content",
    [b"secret" * 10, bytearray(b"secret"), memoryview(b"secret"), np.zeros((2, 2), np.uint8), object(), {b"secret"}],
)
def test_content_is_written_as_its_type(content: object) -> None:
    assert line(document=content)["document"] == type(content).__name__
    assert line(nested={"document": [content]})["nested"] == {"document": [type(content).__name__]}


def test_long_text_is_cut() -> None:
    found = line("x" * 10_000, text="y" * 10_000, many=list(range(10_000)))
    assert len(found["message"]) < 400
    assert len(found["text"]) < 400
    assert found["many"] == "list"


def test_our_own_errors_are_written_with_their_sentence_and_cause() -> None:
    try:
        try:
            raise KeyError("secret of the document")
        except KeyError as cause:
            raise DamagedDocumentError("the file ends too early") from cause
    except DamagedDocumentError as error:
        found = line(error=error)["error"]
    assert found["type"] == "DamagedDocumentError"
    assert found["text"] == "the file ends too early"
    assert found["stack"][0].endswith("test_our_own_errors_are_written_with_their_sentence_and_cause")
    assert found["cause"]["type"] == "KeyError"
    assert "secret" not in json.dumps(found)


def test_texts_of_foreign_errors_may_hold_content_and_are_left_out() -> None:
    with pytest.raises(ValueError, match="secret") as caught:
        int("secret")
    assert "secret" not in json.dumps(line(error=caught.value))


SERVER = """
import logging, sys
from kserve_ocr.observability import logging as logs
logs.configure("info")
sys.argv = ["server", "--model_name=ocr-model"]
from kserve import ModelServer
ModelServer(enable_grpc=False)
for name in ("ocr", "kserve", "uvicorn.error", "some.library"):
    logging.getLogger(name).warning("from %s", name)
for name in ("uvicorn.access", "kserve.trace", "httpx"):
    logging.getLogger(name).info("from %s", name)
logging.getLogger("ocr").debug("too small")
"""


def test_every_logger_of_a_server_writes_each_line_once_as_json() -> None:
    done = subprocess.run([sys.executable, "-c", SERVER], capture_output=True, text=True, check=True)
    assert done.stdout == ""
    found = [json.loads(written)["message"] for written in done.stderr.splitlines()]
    said = [message for message in found if message.startswith("from ")]
    assert said == ["from ocr", "from kserve", "from uvicorn.error", "from some.library"]


def test_level() -> None:
    code = (
        "import logging\nfrom kserve_ocr.observability.logging import configure\n"
        "configure('error')\nlogging.getLogger('ocr').warning('no')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == ""


def test_servers_write_json_and_nothing_of_a_document(service: Service) -> None:
    line = encode(draw_line("Confidential hippopotamus"))
    body = v2_body(line, outputs=[{"name": "words"}])
    answer = httpx.post(f"{service.url}/v2/models/ocr-model/infer", json=body, timeout=60)
    assert "hippopotamus" in answer.text
    base64 = body["inputs"][0]["data"][0]
    broken = httpx.post(f"{service.url}/v2/models/ocr-model/infer", json={"inputs": [{"data": [base64]}]}, timeout=60)
    assert broken.status_code == 400
    for server in (service.transformer, service.predictor):
        text = server.log_text()
        assert "hippopotamus" not in text
        assert base64[:200] not in text
        for written in text.splitlines():
            assert {"time", "level", "logger", "message"} <= set(json.loads(written))
