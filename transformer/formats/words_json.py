"""The ``words`` output: pages → blocks → paragraphs → lines → words as JSON."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from kserve_ocr.protocol.layout import PageLayout, to_json
from transformer.formats.common import numbered


def words_json(pages: Sequence[PageLayout], *, numbers: Sequence[int] | None = None) -> bytes:
    """UTF-8 JSON: ``{"pages": [{"page": 1, "width": …, "height": …, "confidence": …, "blocks": […]}]}``.

    Boxes are ``[x0, y0, x1, y1]`` in pixels of the page, confidences fractions of 1. ``numbers`` are the 1-based
    page numbers.
    """
    return orjson.dumps({"pages": [{"page": number, **to_json(page)} for number, page in numbered(pages, numbers)]})
