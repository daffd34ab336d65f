"""Regions of a page that a client names, and where they are on the preprocessed page."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from kserve_ocr.protocol.encoding import bounded_json
from kserve_ocr.protocol.errors import InvalidParameterError, MalformedRequestError
from kserve_ocr.protocol.layout import Block, Box, Line, PageLayout, Paragraph
from kserve_ocr.protocol.parameters import BLACKLIST, PSM, WHITELIST, RecognitionOptions, given
from transformer.geometry import Geometry

_MAX_REGIONS: Final = 100
_EDGE: Final = re.compile(r"\s*([0-9]{1,6}(?:\.[0-9]{1,6})?)\s*(%?)\s*\Z")
_OWN: Final = (PSM, WHITELIST, BLACKLIST)
"""Parameters that a region may have for itself."""
_FORM: Final = (
    "regions must be x0,y0,x1,y1 in pixels or per cent, joined by ';', such as 0,0,50%,20%; in JSON also a list of "
    'objects such as {"box": [0, 0, 300, 80], "psm": 7, "whitelist": "0123456789"}'
)


class Region(Struct, frozen=True):
    """A rectangle of the page with its own options."""

    edges: tuple[tuple[float, bool], ...]
    """Left, top, right and bottom; each a number of pixels, or per cent of the page if True."""
    options: tuple[tuple[str, Any], ...] = ()
    """Parameters of this region by name, as they were sent; they have been checked."""

    def engine_options(self, defaults: RecognitionOptions) -> RecognitionOptions:
        """How this region is recognized; what it does not say is as for the page."""
        values = dict(self.options)
        return replace(
            defaults,
            psm=given(values, PSM, defaults.psm),
            whitelist=given(values, WHITELIST, defaults.whitelist),
            blacklist=given(values, BLACKLIST, defaults.blacklist),
        )

    def on_page(self, geometry: Geometry) -> Box:
        """The rectangle around the region in pixels of the preprocessed page.

        Raises InvalidParameterError if the region is not on the original page.
        """
        width, height = geometry.original
        sides = (width, height, width, height)
        x0, y0, x1, y1 = (
            value * side / 100 if share else value for (value, share), side in zip(self.edges, sides, strict=True)
        )
        if x0 >= width or y0 >= height:
            raise InvalidParameterError(
                f"a region starts at {x0:.0f},{y0:.0f}, but the page has {width} by {height} pixels; "
                "give x0,y0,x1,y1 from the top left"
            )
        corners = geometry.forward([(x0, y0), (x1, y0), (x0, y1), (x1, y1)])
        size = np.array(geometry.preprocessed)
        left, top = np.clip(np.floor(corners.min(axis=0)), 0, size - 1).astype(int).tolist()
        right, bottom = np.clip(np.ceil(corners.max(axis=0)), (left + 1, top + 1), size).astype(int).tolist()
        return left, top, right, bottom


class RegionList(Struct, frozen=True, kw_only=True):
    """The parameter that names regions."""

    name: str
    description: str

    def read(self, value: Any) -> tuple[Region, ...]:
        """The regions in their order. Raises InvalidParameterError."""
        if isinstance(value, str):
            value = _json(value) if value.lstrip()[:1] in {"[", "{"} else value.strip(" ;").split(";")
        found = [value] if isinstance(value, Mapping) else value
        if not isinstance(found, list) or not 0 < len(found) <= _MAX_REGIONS:
            raise InvalidParameterError(f"{_FORM}; at most {_MAX_REGIONS}")
        return tuple(_region(part) for part in found)

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "examples": ["0,0,50%,20%"], "description": self.description}


def _json(text: str) -> Any:
    try:
        return bounded_json.parse(text.encode())
    except MalformedRequestError:
        raise InvalidParameterError(_FORM) from None


def _region(value: Any) -> Region:
    box = value.get("box", value.get("bbox")) if isinstance(value, Mapping) else value
    edges = [str(edge) for edge in box] if isinstance(box, list) else str(box).split(",")
    found = [_EDGE.match(edge) for edge in edges]
    numbers = tuple((float(match[1]), bool(match[2])) for match in found if match)
    if len(found) != 4 or len(numbers) != 4 or any(share and number > 100 for number, share in numbers):
        raise InvalidParameterError(_FORM)
    for low, high in ((0, 2), (1, 3)):
        if numbers[low][1] == numbers[high][1] and numbers[low][0] >= numbers[high][0]:
            raise InvalidParameterError(f"a region must have x0 below x1 and y0 below y1; {_FORM}")
    return Region(numbers, _options(value) if isinstance(value, Mapping) else ())


def _options(value: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    own = {parameter.name: parameter for parameter in _OWN}
    options = {name: option for name, option in value.items() if name not in {"box", "bbox"}}
    for name, option in options.items():
        if name not in own:
            raise InvalidParameterError(f"a region has no '{name[:40]}'; it has box, {', '.join(own)}")
        own[name].read(option)
    return tuple(options.items())


def shifted(layout: PageLayout, *, left: int, top: int, width: int, height: int) -> PageLayout:
    """The layout of a part of a page as that of the page, ``width`` by ``height`` pixels."""

    def box(part: Box) -> Box:
        x0, y0, x1, y1 = part
        return max(0, x0 + left), max(0, y0 + top), min(width, x1 + left), min(height, y1 + top)

    def line(part: Line) -> Line:
        x0, y0, x1, y1 = part.baseline
        words = tuple(replace(word, bbox=box(word.bbox)) for word in part.words)
        return replace(part, bbox=box(part.bbox), words=words, baseline=(x0 + left, y0 + top, x1 + left, y1 + top))

    def paragraph(part: Paragraph) -> Paragraph:
        return Paragraph(box(part.bbox), tuple(line(found) for found in part.lines))

    blocks = (Block(box(part.bbox), tuple(paragraph(found) for found in part.paragraphs)) for part in layout.blocks)
    return PageLayout(width, height, tuple(blocks))
