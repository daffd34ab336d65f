from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from kserve import InferInput, InferRequest
from kserve.protocol.infer_type import RequestedOutput

from kserve_ocr.protocol.errors import InvalidParameterError, MalformedRequestError, TooManyPixelsError
from kserve_ocr.protocol.layout import PageLayout, RecognitionResult
from kserve_ocr.protocol.parameters import RecognitionOptions
from predictor import predict_request
from predictor.predict_request import PredictRequest
from tests.support.drawn_pages import b64

LAYOUT = PageLayout(3, 2, ())


def pixels(height: int = 2, width: int = 3, **parameters: Any) -> InferInput:
    return InferInput("a", [height, width], "UINT8", data=[0] * (height * width), parameters=parameters)


def files(*data: bytes, **parameters: Any) -> InferInput:
    return InferInput("b", [len(data)], "BYTES", data=[b64(value) for value in data], parameters=parameters)


def parse(*inputs: InferInput, outputs: tuple[str, ...] = (), **parameters: Any) -> PredictRequest:
    asked = [RequestedOutput(name) for name in outputs] or None
    inference = InferRequest("m", list(inputs), parameters=parameters, request_outputs=asked, request_id="7")
    return predict_request.parse(inference, defaults=RecognitionOptions(lang="deu"), max_pixels=6, max_pages=3)


def test_pages_and_files_are_jobs_in_order() -> None:
    found = parse(pixels(budget_ms=1500, psm=7), files(b"x", b"y", lang="eng"), psm=6)

    first, second, third = found.pages
    assert isinstance(first.image, np.ndarray)
    assert first.image.shape == (2, 3)
    assert (first.options.psm, first.options.lang, first.seconds) == (7, "deu", 1.5)
    assert (second.image, third.image) == (b"x", b"y")
    assert (second.options.psm, second.options.lang, second.seconds) == (6, "eng", None)
    assert [job.location for job in found.pages] == ["page 1", "page 2", "page 3"]


def test_text_may_be_known_to_be_dark() -> None:
    found = parse(pixels(ink="dark"), pixels(ink="any"), pixels())

    assert [page.options.dark_ink for page in found.pages] == [True, False, False]


def test_the_layout_is_asked_for_with_the_words() -> None:
    assert not parse(pixels(), outputs=("text", "confidence")).wants_layout
    assert parse(pixels(), outputs=("words",)).wants_layout


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ([], MalformedRequestError),
        ([files()], MalformedRequestError),
        ([pixels(0, 3)], MalformedRequestError),
        ([pixels(2, 4)], TooManyPixelsError),
        ([InferInput("a", [1], "FP32", data=[1.0])], MalformedRequestError),
        ([pixels(preprocess="none")], InvalidParameterError),
        ([pixels(budget_ms=0)], InvalidParameterError),
        ([pixels(ink="light")], InvalidParameterError),
    ],
)
def test_what_is_refused(given: list[InferInput], error: type[Exception]) -> None:
    with pytest.raises(error):
        parse(*given)


@pytest.mark.parametrize("name", ["pdf", "pages", "poem"])
def test_outputs_that_are_the_transformers_are_refused(name: str) -> None:
    with pytest.raises(InvalidParameterError, match="choose from output-0, text, confidence, words"):
        parse(pixels(), outputs=(name,))


def test_the_answer_has_an_element_for_each_page() -> None:
    request = parse(pixels(), pixels(), outputs=("words", "confidence", "text"))

    answer = predict_request.encode_response(
        request, [RecognitionResult("one", 0.5, LAYOUT), RecognitionResult("two", 0.0, LAYOUT)]
    )

    assert answer.id == "7"
    values = {output.name: output.data for output in answer.outputs}
    assert list(values) == ["words", "confidence", "text"]
    assert values["confidence"] == [0.5, 0.0]
    assert values["text"] == ["one", "two"]
    assert [json.loads(value)["pages"][0]["width"] for value in values["words"]] == [3, 3]
    assert [output.shape for output in answer.outputs] == [[2]] * 3


def test_text_alone_is_the_answer_when_nothing_is_asked_for() -> None:
    answer = predict_request.encode_response(parse(pixels()), [RecognitionResult("one", 0.5, None)])

    assert [(output.name, output.data) for output in answer.outputs] == [("output-0", ["one"])]
