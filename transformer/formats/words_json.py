"""The ``words`` output: pages → blocks → paragraphs → lines → words as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from kserve_ocr.protocol.layout import PageLayout, to_json
from transformer.formats.common import numbered


def words_json(
    pages: Sequence[PageLayout], *, numbers: Sequence[int] | None = None, details: Sequence[Mapping[str, Any]] = ()
) -> bytes:
    """UTF-8 JSON: ``{"pages": [{"page": 1, "width": …, "height": …, "confidence": …, "blocks": […]}]}``.

    Boxes are ``[x0, y0, x1, y1]`` in pixels of the page, confidences fractions of 1. ``numbers`` are the 1-based
    page numbers, and ``details`` has more keys for each page.
    """
    more = [*details, *({} for _ in pages[len(details) :])]
    return orjson.dumps(
        {
            "pages": [
                {"page": number, **extra, **to_json(page)}
                for (number, page), extra in zip(numbered(pages, numbers), more, strict=True)
            ]
        }
    )
