"""What the servers describe: every option, status and type, from the one declaration of each parameter."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import jsonschema
import pytest

from kserve_ocr.protocol.errors import OcrError
from kserve_ocr.protocol.parameters import ENGINE_PARAMETERS, Parameter, schemas
from tests.support.drawn_pages import b64, v2_body
from tests.support.http_calls import (
    GATEWAY,
    GOOD,
    INFER,
    TIMEOUT,
    assert_refused,
    grpc_refusal,
    grpc_request,
    grpc_stub,
    upload,
)
from tools.local_stack import Service
from transformer.parameters import DOCUMENT_PARAMETERS
from transformer.pipeline.ocr_request import OUTPUTS


@pytest.fixture(scope="module")
def described(service: Service) -> dict[str, Any]:
    """What OpenAPI says about the gateway, with its components where they are used."""
    document = httpx.get(service.url + "/openapi.json").json()
    found: dict[str, Any] = resolved(document["paths"][GATEWAY]["post"], document["components"])
    return found


def resolved(value: Any, components: dict[str, Any]) -> Any:
    if isinstance(value, list):
        return [resolved(part, components) for part in value]
    if isinstance(value, dict):
        if "$ref" in value:
            _, _, kind, name = value["$ref"].split("/")
            return resolved(components[kind][name], components)
        return {key: resolved(part, components) for key, part in value.items()}
    return value


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


@pytest.fixture(params=["transformer", "predictor"])
def document(service: Service, request: pytest.FixtureRequest) -> dict[str, Any]:
    server = getattr(service, request.param)
    found: dict[str, Any] = httpx.get(server.url + "/openapi.json", timeout=30).json()
    return found


def test_types_have_names_and_all_are_used(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    used = set(re.findall(r"#/components/schemas/(\w+)", str(document)))

    assert used == set(schemas)
    assert {"Error", "InferRequest", "InferResponse", "ModelMetadata", "PredictRequest"} <= used
    assert str(document["paths"]).count("'title': 'Error'") == 0


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(path, method, found) for path, item in document["paths"].items() for method, found in item.items()]


def test_every_parameter_of_a_path_is_described(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    for path, method, operation in operations(document):
        described = {found["name"] for found in operation.get("parameters", ()) if found["in"] == "path"}
        assert described == set(re.findall(r"{(\w+)}", path)), (method, path)
        assert all(found["required"] for found in operation.get("parameters", ()) if found["in"] == "path")


def test_every_response_has_its_headers(document: dict[str, Any]) -> None:
    common = document["components"]["headers"]
    assert set(common) == {"X-Request-Id", "Server-Timing"}
    for _, _, operation in operations(document):
        for status, response in operation["responses"].items():
            own = {"401": {"WWW-Authenticate"}, "405": {"Allow"}, "429": {"Retry-After"}, "503": {"Retry-After"}}
            assert set(response["headers"]) >= {*common, *own.get(status, ())}


def test_links_lead_to_operations(document: dict[str, Any]) -> None:
    """With them the stateful tests call the model that is served, and not only names that they make up."""
    described = {operation["operationId"]: operation for _, _, operation in operations(document)}
    links = [
        link
        for operation in described.values()
        for response in operation["responses"].values()
        for link in response.get("links", {}).values()
    ]

    assert {link["operationId"] for link in links} >= {"infer", "infer_of_version", "predict", "model_metadata"}
    for link in links:
        taken = {parameter["name"] for parameter in described[link["operationId"]]["parameters"]}
        assert {name.removeprefix("query.") for name in link["parameters"]} <= taken


def test_every_example_is_read(service: Service, document: dict[str, Any]) -> None:
    server = service.transformer if GATEWAY in document["paths"] else service.predictor
    examples = [
        (method, path, media_type, example["value"])
        for path, method, operation in operations(document)
        for media_type, content in operation.get("requestBody", {}).get("content", {}).items()
        for example in content.get("examples", {}).values()
    ]

    assert len(examples) >= 3
    for method, path, media_type, value in examples:
        address = server.url + path.format(model_name="ocr-model", model_version="1")
        answer = httpx.request(method, address, json=value, headers={"Content-Type": media_type}, timeout=TIMEOUT)
        assert answer.status_code == 200, answer.text
        assert "Hello" in answer.text


def test_operations_are_told_apart_and_have_a_response(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, _, operation in operations(document)]

    assert len(names) == len(set(names))
    assert all("200" in operation["responses"] for _, _, operation in operations(document))


def test_every_schema_is_a_json_schema(document: dict[str, Any]) -> None:
    def schemas_in(value: Any) -> Iterator[dict[str, Any]]:
        if isinstance(value, dict):
            if isinstance(value.get("schema"), dict):
                yield value["schema"]
            for child in value.values():
                yield from schemas_in(child)
        elif isinstance(value, list):
            for child in value:
                yield from schemas_in(child)

    found = [*schemas_in(document["paths"]), *document["components"]["schemas"].values()]
    assert len(found) > 20
    for schema in found:
        jsonschema.Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("GET", GATEWAY, {"POST", "PUT"}),
        ("DELETE", GATEWAY, {"POST", "PUT"}),
        ("GET", "/v2/models/ocr-model/infer", {"POST"}),
        ("POST", "/v2/models/ocr-model", {"GET", "HEAD"}),
    ],
)
def test_another_method_is_told_which_are_allowed(service: Service, method: str, path: str, allow: set[str]) -> None:
    response = httpx.request(method, service.url + path, timeout=30)

    assert (response.status_code, response.json()["code"]) == (405, "method_not_allowed")
    assert set(response.headers["allow"].replace(" ", "").split(",")) <= allow
    assert response.headers["allow"]


def test_the_model_describes_its_parameters(service: Service) -> None:
    described = httpx.get(f"{service.url}/v2/models/ocr-model", timeout=TIMEOUT).json()["parameters"]

    assert described["parameters"] == schemas(DOCUMENT_PARAMETERS)


@pytest.mark.parametrize("parameter", DOCUMENT_PARAMETERS, ids=lambda parameter: parameter.name)
def test_a_wrong_value_is_refused_alike_wherever_it_comes(service: Service, parameter: Parameter[Any]) -> None:
    """No parameter takes ``true`` but those that are true or false."""
    wrong = {parameter.name: -1 if parameter.schema()["type"] == "boolean" else True}
    answers = [
        httpx.post(service.url + INFER, json=v2_body(GOOD, parameters=wrong), timeout=TIMEOUT),
        httpx.post(service.url + GATEWAY, json={"image": b64(GOOD), **wrong}, timeout=TIMEOUT),
    ]
    servers = [service.transformer]
    if parameter in ENGINE_PARAMETERS:
        answers.append(httpx.post(service.predictor.url + INFER, json=v2_body(GOOD, parameters=wrong), timeout=TIMEOUT))
        servers.append(service.predictor)
    messages = {assert_refused(answer, 400, "invalid_parameter") for answer in answers}
    for server in servers:
        with grpc_stub(server) as stub:
            status, _, message = grpc_refusal(stub.ModelInfer, grpc_request(GOOD, parameters=wrong))
        assert status == "INVALID_ARGUMENT"
        messages.add(message)

    assert len(messages) == 1
    assert messages.pop().startswith(f"{parameter.name} must ")
