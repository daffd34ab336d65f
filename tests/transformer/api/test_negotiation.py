"""Media types and outputs of responses."""

from __future__ import annotations

import pytest

from kserve_ocr.protocol.errors import NotAcceptableError
from transformer.api.negotiation import OUTPUT_OF, Form, form_of, negotiate
from transformer.pipeline.ocr_request import OUTPUTS


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("", "application/json"),
        ("*/*", "application/json"),
        ("image/gif, image/jpeg, *; q=.2, */*; q=.2", "application/json"),
        ("application/json", "application/json"),
        ("text/plain", "text/plain"),
        ("TEXT/Plain; charset=utf-8", "text/plain"),
        ("text/html", "text/html"),
        ("application/pdf", "application/pdf"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "text/html"),
        ("text/plain;q=0.1, application/pdf;q=0.2", "application/pdf"),
        ("text/plain;q=0.5,text/html;q=0.5", "text/plain"),
        ("image/png, */*;q=0.1", "application/json"),
        ("text/plain;q=high, text/html", "text/html"),
        ("text/*", "text/plain"),
        ("application/x-ndjson", "application/x-ndjson"),
        ("text/markdown, text/plain;q=0.5", "text/markdown"),
    ],
)
def test_what_is_accepted(accept: str, media_type: str) -> None:
    assert negotiate(accept) == media_type


@pytest.mark.parametrize("accept", ["image/png", "audio/*", "text/plain;q=0", "nonsense"])
def test_what_cannot_be_given(accept: str) -> None:
    with pytest.raises(NotAcceptableError, match="text/plain"):
        negotiate(accept)


def test_every_media_type_is_an_output() -> None:
    assert set(OUTPUT_OF.values()) <= set(OUTPUTS)


@pytest.mark.parametrize(
    ("accept", "outputs", "form"),
    [
        ("", None, Form("application/json")),
        ("", "text,words", Form("application/json", ("text", "words"))),
        ("application/pdf", "text", Form("application/pdf", ("pdf",))),
        ("application/zip", None, Form("application/zip", ("text",))),
        ("application/zip", "text,pdf", Form("application/zip", ("text", "pdf"))),
        ("", ["pdf", "zip"], Form("application/zip", ("pdf",))),
        ("application/x-ndjson", "words", Form("application/x-ndjson", ("words",))),
    ],
)
def test_forms(accept: str, outputs: object, form: Form) -> None:
    assert form_of(accept, outputs) == form
