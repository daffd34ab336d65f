from __future__ import annotations

from typing import Any

import pytest
from kserve import InferInput, InferRequest
from kserve.protocol.infer_type import RequestedOutput

from kserve_ocr.protocol.errors import (
    InvalidParameterError,
    MalformedRequestError,
    TooManyBytesError,
    TooManyDocumentsError,
)
from tests.support.drawn_pages import b64
from transformer.pipeline import ocr_request
from transformer.pipeline.ocr_request import OcrRequest
from transformer.settings import TransformerSettings

SETTINGS = TransformerSettings(max_documents=3, max_document_bytes=2000, default_lang="deu", orient="none")


def parse(*inputs: InferInput, outputs: tuple[str, ...] = (), **parameters: Any) -> OcrRequest:
    asked = [RequestedOutput(name) for name in outputs] or None
    inference = InferRequest("m", list(inputs), parameters=parameters, request_outputs=asked)
    return ocr_request.parse(inference, SETTINGS)


def tensor(*documents: bytes, **parameters: Any) -> InferInput:
    data = [b64(document) for document in documents]
    return InferInput("a", [len(data)], "BYTES", data=data, parameters=parameters)


def test_what_is_not_said_is_as_the_service_is_set() -> None:
    (document,) = parse(tensor(b"x")).documents

    assert (document.reading.lang, document.preprocess, document.orient) == ("deu", True, False)
    assert document.selection is None
    assert parse(tensor(b"x")).outputs == ("output-0",)


def test_options_of_a_request_and_of_its_inputs() -> None:
    first, second = parse(
        tensor(b"x", pages="2"), tensor(b"y", psm=7), psm=6, preprocess="none", orient="auto"
    ).documents

    assert (first.reading.psm, first.selection, first.preprocess, first.orient) == (6, "2", False, True)
    assert (second.reading.psm, second.selection) == (7, None)


def test_a_page_may_be_named_by_a_number() -> None:
    assert parse(tensor(b"x"), pages=3).documents[0].selection == "3"


@pytest.mark.parametrize(
    ("outputs", "layout"),
    [(("text",), False), (("text", "pages", "confidence"), False), (("text", "tsv"), True), (("pdf",), True)],
)
def test_the_layout_is_asked_for_when_an_output_needs_it(outputs: tuple[str, ...], layout: bool) -> None:
    assert parse(tensor(b"x"), outputs=outputs).wants_layout is layout


def test_documents_of_all_inputs_are_counted() -> None:
    assert len(parse(tensor(b"x", b"y"), tensor(b"z")).documents) == 3
    with pytest.raises(TooManyDocumentsError, match="more than 3"):
        parse(tensor(b"x", b"y"), tensor(b"z", b"z"))


def test_a_document_over_the_limit_is_named() -> None:
    with pytest.raises(TooManyBytesError, match=r"^2001 bytes"):
        parse(tensor(bytes(2001)))
    with pytest.raises(TooManyBytesError, match=r"^document 2: 2001 bytes"):
        parse(tensor(b"x", bytes(2001)))


@pytest.mark.parametrize(
    ("given", "error"),
    [
        (tensor(), MalformedRequestError),
        (InferInput("a", [1], "FP32", data=[1.0]), MalformedRequestError),
        (tensor(b"x", engine="fast"), InvalidParameterError),
        (tensor(b"x", pages=[1]), InvalidParameterError),
        (tensor(b"x", preprocess=True), InvalidParameterError),
        (tensor(b"x", budget_ms=5), InvalidParameterError),
    ],
)
def test_what_is_refused(given: InferInput, error: type[Exception]) -> None:
    with pytest.raises(error):
        parse(given)


def test_an_unknown_output_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InvalidParameterError, match="'poem'; choose from output-0, text, confidence"):
        parse(tensor(b"x"), outputs=("text", "poem"))


def test_steps_of_preprocessing_are_left_out_by_name() -> None:
    (found,) = parse(tensor(b"x", skip_steps="invert, deskew")).documents
    assert found.skip_steps == {"invert", "deskew"}
    with pytest.raises(InvalidParameterError, match="no preprocessing step 'sharpen'"):
        parse(tensor(b"x", skip_steps="sharpen"))


def test_auto_is_no_language_beside_others() -> None:
    with pytest.raises(InvalidParameterError, match="alone"):
        parse(tensor(b"x", lang="auto+deu"))


@pytest.mark.parametrize(
    ("sent", "tagged"), [(True, True), ("true", True), ("True", True), (False, False), ("false", False)]
)
def test_tags_are_asked_for_by_a_boolean_or_its_word(sent: object, tagged: bool) -> None:
    request = parse(tensor(b"x", tagged=sent), outputs=("pdf",))
    assert request.documents[0].tagged is tagged
    assert request.wants_structure is tagged


@pytest.mark.parametrize("sent", [1, 0, "yes", "", [True]])
def test_other_values_are_no_boolean(sent: object) -> None:
    with pytest.raises(InvalidParameterError, match="tagged must be true or false"):
        parse(tensor(b"x", tagged=sent))
