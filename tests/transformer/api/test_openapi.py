from __future__ import annotations

from typing import Any

import httpx
import jsonschema
import pytest

from kserve_ocr.protocol.errors import OcrError
from tests.support.http_calls import GATEWAY, GOOD, upload
from tools.local_stack import Service
from transformer.parameters import DOCUMENT_PARAMETERS
from transformer.pipeline.ocr_request import OUTPUTS


@pytest.fixture(scope="module")
def described(service: Service) -> dict[str, Any]:
    """What OpenAPI says about the gateway."""
    found: dict[str, Any] = httpx.get(service.url + "/openapi.json").json()["paths"][GATEWAY]["post"]
    return found


def test_every_option_is_described_wherever_it_may_stand(described: dict[str, Any]) -> None:
    content = described["requestBody"]["content"]
    options = {*(parameter.name for parameter in DOCUMENT_PARAMETERS), "outputs"}

    assert {parameter["name"] for parameter in described["parameters"]} == options
    assert all(parameter["in"] == "query" for parameter in described["parameters"])
    assert set(content["multipart/form-data"]["schema"]["properties"]) == {*options, "image_file"}
    assert set(content["application/json"]["schema"]["properties"]) == {*options, "image"}
    assert {"image/*", "application/pdf", "application/octet-stream"} <= set(content)


def test_every_output_is_named(described: dict[str, Any]) -> None:
    (outputs,) = [parameter["schema"] for parameter in described["parameters"] if parameter["name"] == "outputs"]

    assert all(name in outputs["description"] for name in OUTPUTS)


def test_every_status_is_described(described: dict[str, Any]) -> None:
    errors = {str(kind.status): kind.code for kind in OcrError.__subclasses__() if kind.status not in {404, 405, 499}}

    assert set(errors) | {"200"} == set(described["responses"])
    for status, code in errors.items():
        assert code in described["responses"][status]["description"]


@pytest.mark.parametrize("accept", ["application/json", "text/plain", "text/html", "application/pdf"])
def test_answers_are_as_described(service: Service, described: dict[str, Any], accept: str) -> None:
    answer = upload(service.transformer, GOOD, headers={"Accept": accept}, outputs="text,confidence,pages")

    content = described["responses"]["200"]["content"]
    kind = answer.headers["content-type"].partition(";")[0]
    assert kind == accept
    value = answer.json() if kind == "application/json" else answer.text
    jsonschema.validate(value, content[kind]["schema"])


def test_errors_are_as_described(service: Service, described: dict[str, Any]) -> None:
    answer = upload(service.transformer, b"Dear Sir or Madam")

    schema = described["responses"][str(answer.status_code)]["content"]["application/json"]["schema"]
    jsonschema.validate(answer.json(), schema)
