"""RequestBodyLimiter of gateway requests, in every form that clients send."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest

from kserve_ocr.protocol.errors import InvalidParameterError, MalformedRequestError
from tests.support.drawn_pages import b64, draw_line, encode
from transformer.api.upload import FILE_FIELDS, Upload, options_of, parse

FORM = "multipart/form-data; boundary=fence"
PLAIN_FORM = "application/x-www-form-urlencoded"
PNG = encode(draw_line())


def form(*parts: tuple[str, bytes]) -> bytes:
    encoded = [f"--fence\r\nContent-Disposition: form-data; {head}\r\n\r\n".encode() + data for head, data in parts]
    return b"\r\n".join([*encoded, b"--fence--\r\n"])


def documents(upload: Upload) -> list[bytes]:
    return [bytes(document) for document in upload.documents]


@pytest.mark.parametrize("name", [*FILE_FIELDS, "image_file[]", "file[]", "scan"])
def test_names_of_file_fields(name: str) -> None:
    upload = parse(form((f'name="{name}"; filename="a.png"', b"abc"), ('name="psm"', b"6")), FORM)

    assert upload == Upload([memoryview(b"abc")], {"psm": "6"}, ["a.png"])


@pytest.mark.parametrize("name", FILE_FIELDS)
def test_a_file_field_without_a_file_name(name: str) -> None:
    assert documents(parse(form((f'name="{name}"', b"abc")), FORM)) == [b"abc"]


def test_files_of_one_unknown_field_keep_their_order() -> None:
    body = form(('name="scan"; filename="a"', b"1"), ('name="lang"', b"en"), ('name="scan"; filename="b"', b"2"))

    assert parse(body, FORM) == Upload([memoryview(b"1"), memoryview(b"2")], {"lang": "en"}, ["a", "b"])


def test_files_of_several_unknown_fields_are_rejected() -> None:
    body = form(('name="page"; filename="a"', b"1"), ('name="cover"; filename="b"', b"2"))

    with pytest.raises(MalformedRequestError, match="unknown file field 'cover'; send all files as image_file"):
        parse(body, FORM)


@pytest.mark.parametrize(
    "body",
    [form(('name="psm"', b"6")), form(('name="image_file"; filename=""', b""), ('name="psm"', b"6"))],
    ids=["only options", "what a browser sends for no file"],
)
def test_a_form_without_a_file(body: bytes) -> None:
    with pytest.raises(MalformedRequestError, match="the form has no file; send one or more as image_file"):
        parse(body, FORM)


def test_text_before_and_after_the_parts() -> None:
    body = b"This is a message with several parts.\r\n" + form(('name="file"; filename="a"', b"abc")) + b"the end"

    assert documents(parse(body, FORM)) == [b"abc"]


@pytest.mark.parametrize("before", [b"", b"A message.\n"], ids=["none", "preamble"])
@pytest.mark.parametrize("content", [b"abc", b"", b"a\r\n\r\nb\n"], ids=["text", "empty", "with line ends"])
def test_lines_that_end_with_a_line_feed_alone(before: bytes, content: bytes) -> None:
    lines = form(('name="file"; filename="a"', b"<"), ('name="psm"', b"6")).replace(b"\r\n", b"\n")

    assert parse(before + lines.replace(b"<", content), FORM) == Upload([memoryview(content)], {"psm": "6"}, ["a"])


@pytest.mark.parametrize(
    "body",
    [
        b"--fence",
        b"--fence\n",
        b"--fence\nname: file\nabc\n--fence--",
        b"--fence\n\nabc\r\n",
        b"--fencex\n\n\n--fence--",
    ],
)
def test_lines_that_end_with_a_line_feed_in_a_damaged_form(body: bytes) -> None:
    with pytest.raises(MalformedRequestError, match="multipart body"):
        parse(body, FORM)


@pytest.mark.parametrize("prefix", [b"", b"data:image/png;base64,"])
def test_base64_in_a_field_that_is_no_file(prefix: bytes) -> None:
    """As ``canvas.toDataURL`` and ``FormData.append`` send it; a file is never decoded."""
    png = b"\x89PNG\r\n\x1a\n and so on"
    text = prefix + base64.b64encode(png)

    assert documents(parse(form(('name="image"', text), ('name="psm"', b"6")), FORM)) == [png]
    assert documents(parse(form(('name="image"; filename="a.txt"', text)), FORM)) == [text]


def test_damaged_base64_in_a_field_is_refused() -> None:
    with pytest.raises(MalformedRequestError, match="base64"):
        parse(form(('name="image"', b"data:image/png;base64,\xff\xfe")), FORM)


def test_other_multipart_types() -> None:
    body = form(('name="file"; filename="a"', b"abc"))

    assert documents(parse(body, FORM.replace("form-data", "mixed"))) == [b"abc"]


@pytest.mark.parametrize("content_type", ["", "text/plain;charset=UTF-8", "application/octet-stream"])
def test_json_that_is_not_called_so(content_type: str) -> None:
    assert parse(b'\xef\xbb\xbf\n{"image": "eHl6"}', content_type).documents == [b"xyz"]


@pytest.mark.parametrize(("key", "route"), [("inputs", "ocr-model/infer"), ("instances", "ocr-model:predict")])
def test_requests_of_other_routes(key: str, route: str) -> None:
    with pytest.raises(MalformedRequestError, match=f"{route}; send it there"):
        parse(orjson.dumps({key: []}), "application/json")


@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"], ids=["plain", "byte-order mark"])
@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "text/json", "application/x+json"])
@pytest.mark.parametrize("key", FILE_FIELDS)
def test_json(start: bytes, content_type: str, key: str) -> None:
    upload = parse(start + orjson.dumps({key: "eHl6", "lang": ["en", "de"]}), content_type)

    assert upload == Upload([b"xyz"], {"lang": ["en", "de"]}, [""])


def test_json_of_curl_s_data_option() -> None:
    assert parse(b' {"image": {"b64": "eHl6"}}', PLAIN_FORM).documents == [b"xyz"]


@pytest.mark.parametrize("value", [None, 7, [], [7], {"url": "x"}])
def test_json_without_a_document(value: Any) -> None:
    with pytest.raises(MalformedRequestError, match="base64"):
        parse(orjson.dumps({"image": value}), "application/json")


def test_json_with_two_fields_of_documents() -> None:
    with pytest.raises(MalformedRequestError, match="send"):
        parse(orjson.dumps({"image": "eHl6", "file": "eHl6"}), "application/json")


def test_a_file_sent_with_the_type_that_curl_gives_all_data() -> None:
    assert documents(parse(PNG, PLAIN_FORM)) == [PNG]


def test_a_plain_form_with_base64() -> None:
    upload = parse(urlencode({"image": b64(PNG), "lang": "eng+deu"}).encode(), PLAIN_FORM)

    assert documents(upload) == [PNG]
    assert upload.options == {"lang": "eng+deu"}


def test_a_plain_form_whose_base64_was_not_escaped() -> None:
    assert documents(parse(b"image=" + b64(PNG).encode(), PLAIN_FORM)) == [PNG]


@pytest.mark.parametrize("body", [b"lang=eng", b"just text", b"a=b&c=d"])
def test_a_plain_form_without_a_file(body: bytes) -> None:
    with pytest.raises(MalformedRequestError, match="the form has no file"):
        parse(body, PLAIN_FORM)


def test_bytes_that_are_neither_a_form_nor_a_document() -> None:
    with pytest.raises(MalformedRequestError, match="neither a form nor a document"):
        parse(b"\xff\xfe\x00", PLAIN_FORM)


def test_the_name_of_a_raw_body() -> None:
    assert parse(b"x", "image/png", filename="scan.png").filenames == ["scan.png"]


def test_languages_and_outputs_may_be_repeated() -> None:
    pairs = [("lang", "eng"), ("outputs", "text"), ("lang", "deu"), ("outputs", "pdf"), ("psm", "3"), ("psm", "3")]

    assert options_of(pairs) == {"lang": "eng,deu", "outputs": "text,pdf", "psm": "3"}


def test_another_name_of_a_parameter() -> None:
    assert options_of([("language", "eng"), ("lang", "deu")]) == {"lang": "eng,deu"}


def test_other_options_may_not_contradict_themselves() -> None:
    with pytest.raises(InvalidParameterError, match="'psm' is given twice, as '3' and '6'"):
        options_of([("psm", "3"), ("psm", "6")])
