"""Requests that stand in the OpenAPI documents as examples; the tests send each of them."""

from __future__ import annotations

from typing import Any, Final

IMAGE: Final = (
    "iVBORw0KGgoAAAANSUhEUgAAAJkAAABIAQAAAADNRWqdAAAAgUlEQVR42mP8z4ABGpkYsIBRQfoK2qILXvhFoZl/HRj+C6ALfrnA8OsLuuDnHQw/30HZ"
    "LDBBFgUGJjZUlR85XjAwfPiPrv2jAgMLC6og/w+sTkIWRnb8nz/ogj9eMAgwogsqPGD49wNdkNPjQbsQuuM5DOIf8EDZjKNpflRwhAkCAHTKIHmsyDHX"
    "AAAAAElFTkSuQmCC"
)
"""A PNG of 153 x 72 pixels in base64; its text is "Hello"."""
V2_REQUEST: Final = {
    "inputs": [{"name": "input-0", "shape": [1], "datatype": "BYTES", "data": [IMAGE]}],
    "outputs": [{"name": "output-0"}, {"name": "confidence"}],
}
V1_REQUEST: Final = {"instances": [{"b64": IMAGE}]}


def example(value: Any) -> dict[str, Any]:
    """The ``examples`` of a media type: one, a line of text."""
    return {"line": {"summary": "An image with one line of text", "value": value}}
