"""From a V2 request to pages to recognize, and from results to a V2 response."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import orjson
from kserve import InferRequest, InferResponse
from msgspec import Struct
from msgspec.structs import replace

from kserve_ocr.protocol import layout, names, request_parameters, types, v2_request
from kserve_ocr.protocol.errors import MalformedRequestError, TooManyPagesError, TooManyPixelsError
from kserve_ocr.protocol.layout import RecognitionResult
from kserve_ocr.protocol.parameters import (
    ENGINE_PARAMETERS,
    Choice,
    Integer,
    RecognitionOptions,
    check_known,
    given,
    recognition_options,
)
from kserve_ocr.protocol.v2_response import Tensor, response

_BUDGET = Integer(name=names.BUDGET_MS, description="Milliseconds that are left for the page.", low=1, high=86_400_000)
_DARK: Final = "dark"
_INK = Choice(
    name=names.INK,
    description="`dark` if all text of the page is darker than its ground, so that no line has to be tried inverted.",
    choices=("any", _DARK),
)
_PARAMETERS: Final = (*ENGINE_PARAMETERS, _BUDGET, _INK)
OUTPUTS: Final = {
    names.TEXT: "BYTES",
    names.TEXT_ALIAS: "BYTES",
    names.CONFIDENCE: "FP32",
    names.WORDS: "BYTES",
}


class PageRequest(Struct, frozen=True):
    """One page to recognize: gray pixels, or the bytes of an image file; ``seconds`` is its time budget or None."""

    image: types.Page | types.Buffer
    options: RecognitionOptions
    seconds: float | None
    location: str
    """Which of the request's pages this is, for errors."""


class PredictRequest(Struct, frozen=True):
    """What one request asks for."""

    inference: InferRequest
    pages: tuple[PageRequest, ...]
    outputs: tuple[str, ...]

    @property
    def wants_layout(self) -> bool:
        return names.WORDS in self.outputs


def parse(inference: InferRequest, *, defaults: RecognitionOptions, max_pixels: int, max_pages: int) -> PredictRequest:
    """The pages and outputs of a request, which then has no tensors any more. Raises an OcrError with a 4xx status."""
    v2_request.check_number_of_inputs(inference)
    outputs = v2_request.requested_outputs(inference, OUTPUTS, default=names.TEXT)
    pages: list[PageRequest] = []
    for tensor in inference.inputs:
        parameters = request_parameters.parameters(inference, tensor)
        check_known(parameters, _PARAMETERS)
        dark_ink = given(parameters, _INK, "any") == _DARK
        options = replace(recognition_options(parameters, defaults=defaults), dark_ink=dark_ink)
        budget = given(parameters, _BUDGET, None)
        seconds = None if budget is None else budget / 1000
        for image in _images(tensor, max_pixels=max_pixels, limit=max_pages, taken=len(pages)):
            pages.append(PageRequest(image, options, seconds, f"page {len(pages) + 1}"))
    if not pages:
        raise MalformedRequestError("the request has no pages; send at least one UINT8 page or element of BYTES")
    inference.inputs.clear()  # base64 is of no use any more
    return PredictRequest(inference, tuple(pages), outputs)


def _images(tensor: Any, *, max_pixels: int, limit: int, taken: int) -> Sequence[types.Page | types.Buffer]:
    if tensor.datatype == "BYTES":
        return v2_request.elements(tensor, limit=limit, taken=taken)
    if tensor.datatype != "UINT8":
        raise MalformedRequestError(
            f"input '{tensor.name}' is {tensor.datatype}; send UINT8 [height, width] pages or BYTES image files"
        )
    if taken >= limit:
        raise TooManyPagesError(f"the request has more than {limit} pages; send the rest in another one")
    page = v2_request.page(tensor)
    if page.size == 0:
        raise MalformedRequestError(f"input '{tensor.name}' is a page without pixels")
    if page.size > max_pixels:
        raise TooManyPixelsError(f"the page has {page.size} pixels, over the limit of {max_pixels}; scale it down")
    return [page]


def encode_response(request: PredictRequest, results: Sequence[RecognitionResult]) -> InferResponse:
    """The V2 response with one element per page for each requested output."""
    values: dict[str, list[Any]] = {}
    for name in request.outputs:
        if name in {names.TEXT, names.TEXT_ALIAS}:
            values[name] = [result.text for result in results]
        elif name == names.CONFIDENCE:
            values[name] = [result.confidence for result in results]
        else:
            values[name] = [_words(result) for result in results]
    return response(request.inference, {name: Tensor(OUTPUTS[name], data) for name, data in values.items()})


def _words(result: RecognitionResult) -> str:
    assert result.layout is not None
    return orjson.dumps({"pages": [{"page": 1, **layout.to_json(result.layout)}]}).decode()
