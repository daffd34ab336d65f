"""Parameters of a document: what the transformer takes in addition to the engine's."""

from __future__ import annotations

from typing import Any, Final

from kserve_ocr.protocol import names
from kserve_ocr.protocol.parameters import ENGINE_PARAMETERS, Choice, Parameter, Text
from transformer.decoding.options import EXISTING_CHOICES
from transformer.structure.order.page_order import ORDERS

_AUTO_OR_NONE = ("auto", "none")

PREPROCESS: Final = Choice(
    name=names.PREPROCESS, description="Preparation of pages before recognition.", choices=_AUTO_OR_NONE
)
ORIENT: Final = Choice(
    name=names.ORIENT, description="Correction of pages turned by 90°, 180° or 270°.", choices=_AUTO_OR_NONE
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
    FILENAME,
    PAGES,
    KEEP,
    EXISTING,
    SIGNED,
    PASSWORD,
)
"""Every parameter of a document, in the order in which they are shown."""
