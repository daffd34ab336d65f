"""How a document is to be read: the options of a request, declared once for both clients and the command line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal, TypedDict

AutoOrNone = Literal["auto", "none"]
Orient = Literal["auto", "none", "page"]
Order = Literal["auto", "rows", "columns", "engine"]
Existing = Literal["skip", "redo", "force", "strip"]
NoneOrPage = Literal["none", "page"]
Keep = Literal["selected", "all"]
Signed = Literal["reject", "drop"]
PdfA = Literal["1b", "2b", "3b"]
Spaces = Literal["single", "keep"]
Hyphens = Literal["keep", "join"]

OUTPUT_SUFFIXES: Final = {
    "text": ".txt",
    "markdown": ".md",
    "csv": ".csv",
    "words": ".json",
    "pdf": ".pdf",
    "hocr": ".hocr",
    "alto": ".xml",
    "tsv": ".tsv",
}
"""Outputs that can be written to a file, with the suffix of that file."""


class ReadOptions(TypedDict, total=False):
    """Options of one reading; what is left out is up to the service."""

    lang: str | Sequence[str]
    """Languages by code or name: ``"eng"``, ``"English"``, ``"eng+deu"`` or ``["en", "de"]``."""
    psm: int
    """Tesseract's page segmentation mode, 0 to 13."""
    oem: int
    """Tesseract's engine mode, 0 to 3."""
    dpi: int
    """Resolution of the page, 70 to 2400 pixels per inch."""
    pages: str
    """Pages to read, for example ``"1-3,7"``."""
    preprocess: AutoOrNone
    """Preparation of pages before recognition."""
    orient: Orient
    """Correction of pages that are turned by 90°, 180° or 270°."""
    order: Order
    """Reading order."""
    existing: Existing
    """What is done with text that a PDF already has."""
    keep: Keep
    """Pages of a searchable PDF: those of ``pages``, or all."""
    signed: Signed
    """A signed PDF that has to be changed: an error, or its signatures are dropped."""
    deskew: NoneOrPage
    """Skewed scans in a searchable PDF: as they are, or turned straight."""
    clean: NoneOrPage
    """Scans in a searchable PDF: as they are, or redrawn as they were prepared."""
    tagged: Literal["false", "true"]
    """Tags for the text that a searchable PDF gets."""
    optimize: int
    """How far a searchable PDF is made smaller, 0 to 3."""
    pdfa: PdfA
    """Part and level of PDF/A of a searchable PDF."""
    password: str
    """Password of an encrypted PDF."""
    skip_steps: str | Sequence[str]
    """Steps of preprocessing to leave out: ``"invert,deskew"`` or ``["invert", "deskew"]``."""
    regions: str
    """Parts of each page to read instead of it: ``"0,0,50%,20%;100,40,300,80"``."""
    whitelist: str
    """The only characters that may be recognized."""
    blacklist: str
    """Characters that may not be recognized."""
    words: str | Sequence[str]
    """Names and terms that are preferred where the image leaves a choice."""
    patterns: str | Sequence[str]
    r"""Forms of words that are preferred, such as ``RE-\d\d\d\d``."""
    min_confidence: float
    """Words of a lower confidence, 0 to 1, are left out."""
    spaces: Spaces
    """``keep`` gives text by rows of the page, words at their distances."""
    hyphens: Hyphens
    """``join`` makes words whole that a line's end divides."""


_JOINTS: Final = {"lang": "+", "skip_steps": ",", "words": ",", "patterns": " "}
"""Options that may be several, with what joins them."""


def _given(options: ReadOptions) -> list[tuple[str, Any]]:
    """The options that have a value."""
    return [(name, value) for name, value in options.items() if value is not None and value != ""]


def query(options: ReadOptions, *, outputs: Sequence[str]) -> dict[str, str]:
    """The query parameters of a reading that returns ``outputs``."""
    parameters = {
        name: value if isinstance(value, str) else _JOINTS[name].join(value) if name in _JOINTS else str(value)
        for name, value in _given(options)
    }
    return {**parameters, "outputs": ",".join(outputs)}
