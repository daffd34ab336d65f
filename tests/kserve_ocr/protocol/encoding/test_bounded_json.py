"""Large JSON bodies are cut into pieces, and mean the same."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from kserve_ocr.protocol.encoding import bounded_json
from kserve_ocr.protocol.encoding.json_pieces import PIECE, cut_strings
from kserve_ocr.protocol.errors import MalformedRequestError, TooManyBytesError

LONG = "QUJD" * (PIECE // 4 + 1)
NUMBERS = list(range(PIECE))


@pytest.mark.parametrize(
    "value",
    [
        LONG,
        {"image": LONG},
        {"instances": [{"b64": LONG}, {"b64": "QUJD"}, LONG]},
        {"inputs": [{"name": "input-0", "data": [LONG, "A" + LONG]}], "id": 'a "quoted" \\ text'},
        {"inputs": [{"data": NUMBERS}, {"data": [LONG]}]},
        {"id": "é" + LONG, "image": LONG},
        {"id": LONG + '"' + LONG, "path": "C:\\", "image": LONG},
        {"id": "\\" * 5000 + '"', "image": LONG},
    ],
)
def test_a_large_body_is_what_one_call_would_parse(value: Any) -> None:
    body = orjson.dumps(value)
    assert bounded_json.parse(body) == value
    assert bounded_json.parse(b"\xef\xbb\xbf" + body) == value
    assert bounded_json.parse(memoryview(b"{}" + body)[2:]) == value


def test_a_long_string_is_not_given_to_the_parser() -> None:
    rest, strings = cut_strings(orjson.dumps({"image": LONG}), "mark")
    assert rest == b'{"image":"mark0"}'
    assert strings == {"mark0": LONG}


@pytest.mark.parametrize(
    "body",
    [
        b'"' + LONG.encode(),
        b'{"image": "' + LONG.encode() + b'\n"}',
        b'{"' + LONG.encode() + b'": 1}',
        b'{"image": ' + LONG.encode() + b"}",
        b'{"inputs": "' + LONG.encode() + b'", "x": }',
        b'{"other": [{"data": [1' + b", 1" * PIECE + b"]}]}",
        b'{"inputs": [{"data": [1' + b",, 1" * PIECE + b"]}]}",
    ],
)
def test_large_bodies_that_are_wrong(body: bytes) -> None:
    with pytest.raises(MalformedRequestError):
        bounded_json.parse(body)


@pytest.mark.parametrize("piece", [b'"",', b'\\"', b'{"":', b"[],", b"1,"])
def test_values_without_end(piece: bytes) -> None:
    with pytest.raises(TooManyBytesError):
        bounded_json.parse(b'["' + piece * 5_000_000)
