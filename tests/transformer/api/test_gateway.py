from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kserve import InferOutput, InferResponse

from kserve_ocr.protocol.errors import InvalidParameterError, MalformedRequestError, NotAcceptableError
from transformer.api import gateway
from transformer.api.negotiation import Form, form_of
from transformer.api.upload import Upload, parse

JSON_FORM = Form("application/json")
FORM = "multipart/form-data; boundary=fence"


def form(*parts: tuple[str, bytes]) -> bytes:
    """A body of parts with these dispositions."""
    encoded = b"".join(
        b"--fence\r\nContent-Disposition: form-data; " + head.encode() + b"\r\n\r\n" + data + b"\r\n"
        for head, data in parts
    )
    return encoded + b"--fence--\r\n"


@given(st.lists(st.binary(max_size=100), min_size=1, max_size=4))
def test_files_of_a_form_are_what_was_sent(files: list[bytes]) -> None:
    body = form(
        *(('name="image_file"; filename="a.png"', file) for file in files if b"fence" not in file),
        ('name="psm"', b" 6 "),
    )
    files = [file for file in files if b"fence" not in file]
    if files:
        upload = parse(body, FORM)
        assert [bytes(document) for document in upload.documents] == files
        assert upload.options == {"psm": "6"}


def test_a_file_without_a_name_is_still_a_file() -> None:
    assert [bytes(found) for found in parse(form(('name="image_file"', b"abc")), FORM).documents] == [b"abc"]


def test_files_are_not_copied() -> None:
    body = form(('name="image_file"; filename="a"', b"abc"))

    (document,) = parse(body, FORM).documents

    assert isinstance(document, memoryview)
    assert document.obj is body


@given(st.binary(max_size=300))
def test_no_bytes_whatever_break_the_form_parser(body: bytes) -> None:
    try:
        upload = parse(body, FORM)
    except MalformedRequestError:
        return
    assert upload.documents


@given(st.binary(max_size=100), st.text(max_size=40))
def test_no_content_type_whatever_breaks_the_parser(body: bytes, content_type: str) -> None:
    try:
        upload = parse(body, content_type)
    except MalformedRequestError:
        return
    assert upload.documents


@pytest.mark.parametrize("image", ["eHl6", ["eHl6"], "data:image/png;base64,eHl6"])
def test_json(image: Any) -> None:
    upload = parse(orjson.dumps({"image": image, "psm": 6, "outputs": ["text"]}), "application/json; charset=utf-8")

    assert upload == Upload([b"xyz"], {"psm": 6, "outputs": ["text"]}, [""])


@pytest.mark.parametrize(
    ("value", "outputs"),
    [
        (None, []),
        ("", []),
        ("text", ["text"]),
        (" text , words ,", ["text", "words"]),
        (["text", " pdf "], ["text", "pdf"]),
    ],
)
def test_outputs(value: Any, outputs: list[str]) -> None:
    options = {} if value is None else {"outputs": value}

    request = gateway.to_inference(Upload([b"x"], options), model_name="m", form=form_of("", value))

    assert [output.name for output in request.request_outputs or ()] == outputs


def test_what_is_accepted_goes_over_the_outputs_asked_for() -> None:
    request = gateway.to_inference(
        Upload([b"x"], {"outputs": "words"}), model_name="m", form=form_of("application/pdf", "words")
    )

    assert [output.name for output in request.request_outputs] == ["pdf"]


def test_empty_fields_of_a_browsers_form_are_left_out() -> None:
    upload = Upload([b"x", b"y"], {"psm": "", "lang": "eng"})

    request = gateway.to_inference(upload, model_name="m", form=JSON_FORM)

    assert request.parameters == {"lang": "eng"}
    assert request.inputs[0].shape == [2]


def test_an_unknown_option() -> None:
    with pytest.raises(InvalidParameterError, match="unknown option 'config'"):
        gateway.to_inference(Upload([b"x"], {"config": "x"}), model_name="m", form=JSON_FORM)


@pytest.mark.parametrize("accept", ["application/pdf", "text/html", "text/csv", "application/alto+xml"])
def test_one_answer_holds_one_document(accept: str) -> None:
    with pytest.raises(NotAcceptableError, match="one document"):
        gateway.to_inference(Upload([b"x", b"y"]), model_name="m", form=form_of(accept, None))


@pytest.mark.parametrize(
    ("accept", "data", "media", "body"),
    [
        ("text/plain", ["Straße\n", "two"], "text/plain; charset=utf-8", "Straße\n\ftwo".encode()),
        ("application/pdf", [b"%PDF"], "application/pdf", b"%PDF"),
        ("text/html", ["<html/>"], "text/html; charset=utf-8", b"<html/>"),
    ],
)
def test_the_answer_in_its_own_type(accept: str, data: list[Any], media: str, body: bytes) -> None:
    answer = InferResponse("1", "m", [InferOutput("any", [len(data)], "BYTES", data=data)])
    inference = gateway.to_inference(Upload([b"x"]), model_name="m", form=JSON_FORM)

    response = gateway.render(answer, inference, form_of(accept, None))

    assert response.headers["content-type"] == media
    assert response.body == body


def test_names_of_files_go_with_their_documents() -> None:
    upload = Upload([b"x", b"y"], {"lang": "eng"}, ["a.png", ""])

    request = gateway.to_inference(upload, model_name="m", form=JSON_FORM)

    assert [tensor.parameters for tensor in request.inputs] == [{"filename": "a.png"}, {}]
    assert [tensor.data for tensor in request.inputs] == [[b"x"], [b"y"]]
