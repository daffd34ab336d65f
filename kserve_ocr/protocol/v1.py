"""V1 inference bodies as V2 requests, and V2 responses as V1 bodies."""

from __future__ import annotations

from typing import Any

import orjson
from kserve import InferInput, InferRequest, InferResponse
from kserve.protocol.infer_type import RequestedOutput

from kserve_ocr.protocol import names, v2_request, v2_response
from kserve_ocr.protocol.encoding import bounded_json
from kserve_ocr.protocol.errors import MalformedRequestError


def v1_request(body: bytes, *, model_name: str) -> InferRequest:
    """The V2 form of a V1 body, ``{"instances": [{"b64": …}]}``.

    An instance may also be that in ``image`` or ``image_bytes``, or a plain base64 string.

    ``parameters`` and ``outputs`` may be given next to ``instances``, as in V2. Raises MalformedRequestError.
    """
    value = bounded_json.parse(body)
    instances = value.get("instances") if isinstance(value, dict) else None
    if not isinstance(instances, list) or not instances:
        raise MalformedRequestError('send {"instances": [{"b64": "<base64 of the file>"}]}')
    outputs = [] if value.get("outputs") is None else value["outputs"]
    if not isinstance(outputs, list):
        raise MalformedRequestError("'outputs' must be a list of names")
    data = [_instance(instance) for instance in instances]
    return InferRequest(
        model_name=model_name,
        infer_inputs=[InferInput(names.INPUT, [len(data)], "BYTES", data=data, parameters={})],
        parameters=v2_request.parameters_of(value),
        request_outputs=[_v1_output(output) for output in outputs] or None,
    )


def _instance(instance: Any) -> str:
    for key in ("image", "image_bytes", "b64"):
        if isinstance(instance, dict) and key in instance:
            instance = instance[key]
    if not isinstance(instance, str):
        raise MalformedRequestError('every instance must be {"b64": "<base64 of the file>"}')
    return instance


def _v1_output(output: Any) -> RequestedOutput:
    name = output.get("name") if isinstance(output, dict) else output
    if not isinstance(name, str):
        raise MalformedRequestError("every requested output needs a 'name'")
    return RequestedOutput(name)


def v1_response(response: InferResponse) -> bytes:
    """``{"predictions": […]}``: one value for each document, an object by output if several outputs were asked for."""
    encoded = {output.name: [v2_response.json_value(value) for value in output.data] for output in response.outputs}
    if len(encoded) == 1:
        (predictions,) = encoded.values()
    else:
        predictions = [dict(zip(encoded, row, strict=True)) for row in zip(*encoded.values(), strict=True)]
    return orjson.dumps({"predictions": predictions})
