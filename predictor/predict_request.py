"""From a V2 request to pages to read, and from readings to a V2 response."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
from kserve import InferRequest, InferResponse

from kserve_ocr.protocol import layout, names, types, v2_request
from kserve_ocr.protocol.errors import InvalidParameterError, MalformedRequestError, TooManyPixelsError
from kserve_ocr.protocol.parameters import (
    ENGINE_PARAMETERS,
    Integer,
    RecognitionOptions,
    check_known,
    given,
    recognition_options,
)
from kserve_ocr.protocol.v2_response import Tensor, response
from predictor.engines.base import Reading

_BUDGET = Integer(name=names.BUDGET_MS, description="Milliseconds that are left for the page.", low=1, high=86_400_000)
_PARAMETERS: Final = (*ENGINE_PARAMETERS, _BUDGET)
OUTPUTS: Final = {
    names.TEXT: "BYTES",
    names.TEXT_ALIAS: "BYTES",
    names.CONFIDENCE: "FP32",
    names.WORDS: "BYTES",
}


@dataclass(frozen=True, slots=True)
class PageJob:
    """One page to read: grey pixels, or the bytes of an image file; ``seconds`` is its time budget or None."""

    image: types.Page | types.Buffer
    options: RecognitionOptions
    seconds: float | None
    place: str
    """Which input and element this is, for errors; empty if there is only one."""


@dataclass(frozen=True, slots=True)
class ReadRequest:
    inference: InferRequest
    jobs: tuple[PageJob, ...]
    outputs: tuple[str, ...]

    @property
    def wants_layout(self) -> bool:
        return names.WORDS in self.outputs


def parse(inference: InferRequest, *, defaults: RecognitionOptions, max_pixels: int) -> ReadRequest:
    """What the request asks for. Raises MalformedRequestError, InvalidParameterError or TooManyPixelsError."""
    jobs: list[PageJob] = []
    for tensor in inference.inputs:
        parameters = v2_request.parameters(inference, tensor)
        check_known(parameters, _PARAMETERS)
        options = recognition_options(parameters, defaults=defaults)
        budget = given(parameters, _BUDGET, None)
        seconds = None if budget is None else budget / 1000
        for image in _images(tensor, max_pixels=max_pixels):
            jobs.append(PageJob(image, options, seconds, f"page {len(jobs) + 1}"))
    if not jobs:
        raise MalformedRequestError("the request has no pages; send at least one UINT8 page or element of BYTES")
    outputs = tuple(output.name for output in inference.request_outputs or ()) or (names.TEXT,)
    for name in outputs:
        if name not in OUTPUTS:
            raise InvalidParameterError(f"there is no output '{name}' here; choose from {', '.join(OUTPUTS)}")
    return ReadRequest(inference, tuple(jobs), outputs)


def _images(tensor: Any, *, max_pixels: int) -> Sequence[types.Page | types.Buffer]:
    if tensor.datatype == "BYTES":
        return v2_request.elements(tensor)
    if tensor.datatype != "UINT8":
        raise MalformedRequestError(
            f"input '{tensor.name}' is {tensor.datatype}; send UINT8 [height, width] pages or BYTES image files"
        )
    page = v2_request.page(tensor)
    if page.size == 0:
        raise MalformedRequestError(f"input '{tensor.name}' is a page without pixels")
    if page.size > max_pixels:
        raise TooManyPixelsError(f"the page has {page.size} pixels, over the limit of {max_pixels}; scale it down")
    return [page]


def answer(request: ReadRequest, readings: Sequence[Reading]) -> InferResponse:
    """The V2 response with one element a page for each output that was asked for."""
    values: dict[str, list[Any]] = {}
    for name in request.outputs:
        if name in {names.TEXT, names.TEXT_ALIAS}:
            values[name] = [reading.text for reading in readings]
        elif name == names.CONFIDENCE:
            values[name] = [reading.confidence for reading in readings]
        else:
            values[name] = [_words(reading) for reading in readings]
    return response(request.inference, {name: Tensor(OUTPUTS[name], data) for name, data in values.items()})


def _words(reading: Reading) -> str:
    assert reading.layout is not None
    return orjson.dumps({"pages": [{"page": 1, **layout.to_json(reading.layout)}]}).decode()
