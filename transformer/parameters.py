"""Parameters of a document: what the transformer takes in addition to the engine's."""

from __future__ import annotations

from typing import Any, Final

from msgspec import Struct

from kserve_ocr.protocol import names
from kserve_ocr.protocol.errors import InvalidParameterError
from kserve_ocr.protocol.parameters import ENGINE_PARAMETERS, Choice, Integer, Parameter, Share, Text
from transformer.decoding.options import EXISTING_CHOICES, PDFA_CHOICES
from transformer.regions import RegionList
from transformer.structure.order.page_order import ORDERS

_AUTO_OR_NONE = ("auto", "none")


class Flag(Struct, frozen=True, kw_only=True):
    """Yes or no: a boolean, or its word, which clients in Python write with a capital."""

    name: str
    description: str

    def read(self, value: Any) -> bool:
        word = str(value).lower() if isinstance(value, bool | str) else ""
        if word not in ("true", "false"):
            raise InvalidParameterError(f"{self.name} must be true or false")
        return word == "true"

    def schema(self) -> dict[str, Any]:
        return {"type": "boolean", "description": self.description}


PREPROCESS: Final = Choice(
    name=names.PREPROCESS, description="Preparation of pages before recognition.", choices=_AUTO_OR_NONE
)
ORIENT: Final = Choice(
    name=names.ORIENT,
    description="Correction of pages turned by 90°, 180° or 270°; `page` is the same as `auto`: both show the pages of "
    "a searchable PDF upright.",
    choices=(*_AUTO_OR_NONE, "page"),
)
SKIP_STEPS: Final = Text(
    name=names.SKIP_STEPS,
    description="Steps of preprocessing to leave out, by name.",
    form="names of preprocessing steps joined by ',', such as invert,deskew",
    example="invert,deskew",
)
ORDER: Final = Choice(
    name=names.ORDER,
    description="Reading order: what fits the page, rows across, columns down, or as the engine found it.",
    choices=ORDERS,
)
GRANULARITY: Final = Choice(
    name=names.GRANULARITY,
    description="What an entry of the outputs `boxes`, `txts` and `scores` is; a line if not given.",
    choices=("line", "word"),
)
FILENAME: Final = Text(
    name=names.FILENAME,
    description="Name of the document that ALTO and hOCR carry; that of the uploaded file if not given.",
    form="a file name",
    example="scan.png",
)
REGIONS: Final = RegionList(
    name=names.REGIONS,
    description="Parts of each page to read, in this order, instead of the page: `x0,y0,x1,y1` in pixels of the page "
    "or per cent of it, joined by `;`. In JSON also a list of objects with `box` and, for that part, `psm`, "
    "`whitelist` and `blacklist`.",
)
SPACES: Final = Choice(
    name=names.SPACES,
    description="Spaces in the text: `single`, or `keep` distances between words and columns.",
    choices=("single", "keep"),
)
HYPHENS: Final = Choice(
    name=names.HYPHENS,
    description="Words that a line's end divides: `keep` them so in the text, or `join` them.",
    choices=("keep", "join"),
)
MIN_CONFIDENCE: Final = Share(
    name=names.MIN_CONFIDENCE, description="Words of a lower confidence are left out of every output."
)
PAGES: Final = Text(
    name=names.PAGE_SELECTION,
    description="Pages to read; all if not given.",
    form="a list of numbers and ranges such as 1-3,7",
    example="1-3,7",
)
EXISTING: Final = Choice(
    name=names.EXISTING,
    description="Text that a PDF has: `skip` leaves and uses it, `redo` replaces an invisible layer, `force` "
    "recognizes every page, `strip` removes invisible layers.",
    choices=EXISTING_CHOICES,
)
KEEP: Final = Choice(
    name=names.KEEP,
    description="Pages of the searchable PDF: those of `pages`, or all.",
    choices=("selected", "all"),
)
SIGNED: Final = Choice(
    name=names.SIGNED,
    description="A signed PDF that is to be changed: `reject` it, or `drop` its signatures.",
    choices=("reject", "drop"),
)
DESKEW: Final = Choice(
    name=names.DESKEW,
    description="Skewed scans in the searchable PDF: shown as they are, or the `page` turned straight.",
    choices=("none", "page"),
)
CLEAN: Final = Choice(
    name=names.CLEAN,
    description="Scans in the searchable PDF: shown as they are, or the `page` redrawn as it was prepared to be read.",
    choices=("none", "page"),
)
TAGGED: Final = Flag(
    name=names.TAGGED,
    description="Tags for what the searchable PDF gets as text: headings, paragraphs, lists and tables.",
)
OPTIMIZE: Final = Integer(
    name=names.OPTIMIZE,
    description="How far the searchable PDF is made smaller: 0 not at all, 1 without loss, 2 and 3 with images encoded "
    "again, at more and more loss.",
    low=0,
    high=3,
)
PDFA: Final = Choice(
    name=names.PDFA,
    description="Part of PDF/A, at level B, that the searchable PDF conforms to; 422 if it cannot.",
    choices=PDFA_CHOICES,
)
PASSWORD: Final = Text(
    name=names.PASSWORD,
    description="Opens an encrypted PDF, which keeps its encryption.",
    form="the password of the PDF",
    example="secret",
)
DOCUMENT_PARAMETERS: Final[tuple[Parameter[Any], ...]] = (
    *ENGINE_PARAMETERS,
    PREPROCESS,
    ORIENT,
    SKIP_STEPS,
    ORDER,
    GRANULARITY,
    REGIONS,
    SPACES,
    HYPHENS,
    MIN_CONFIDENCE,
    FILENAME,
    PAGES,
    KEEP,
    EXISTING,
    SIGNED,
    DESKEW,
    CLEAN,
    TAGGED,
    OPTIMIZE,
    PDFA,
    PASSWORD,
)
"""Every parameter of a document, in the order in which they are shown."""
