from __future__ import annotations

import pytest

from kserve_ocr.serving.connection.cross_site import is_allowed


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({}, True),  # curl
        ({"host": "ocr.example", "sec-fetch-site": "same-origin", "origin": "https://other.example"}, True),
        ({"host": "ocr.example", "sec-fetch-site": "none"}, True),
        ({"host": "ocr.example", "sec-fetch-site": "cross-site"}, False),
        ({"host": "ocr.example", "sec-fetch-site": "same-site", "origin": "https://www.example"}, False),
        ({"host": "ocr.example:8080", "origin": "http://ocr.example:8080"}, True),
        ({"host": "ocr.example:8080", "origin": "http://ocr.example"}, False),
        ({"host": "inner", "x-forwarded-host": "ocr.example", "origin": "http://ocr.example"}, True),
        ({"host": "ocr.example", "origin": "null"}, False),
        ({"host": "", "origin": "null"}, False),
        ({"origin": "https://app.example"}, False),
    ],
)
def test_pages_of_other_sites_are_refused(headers: dict[str, str], allowed: bool) -> None:
    assert is_allowed(headers, ()) is allowed
    assert is_allowed(headers, ["*"])


def test_an_origin_that_the_setting_names_is_allowed() -> None:
    headers = {"host": "ocr.example", "sec-fetch-site": "cross-site", "origin": "https://app.example"}
    assert is_allowed(headers, ["https://app.example"])
    assert not is_allowed(headers, ["https://app.example.org"])
