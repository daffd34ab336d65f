"""How a document is to be read: the options of a request, declared once for both clients and the command line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, TypedDict

AutoOrNone = Literal["auto", "none"]
Order = Literal["auto", "rows", "columns", "engine"]
Existing = Literal["skip", "redo", "force", "strip"]

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
    orient: AutoOrNone
    """Correction of pages that are turned by 90°, 180° or 270°."""
    order: Order
    """Reading order."""
    existing: Existing
    """What is done with text that a PDF already has."""
    password: str
    """Password of an encrypted PDF."""


def query(options: ReadOptions, *, outputs: Sequence[str]) -> dict[str, str]:
    """The query parameters of a reading that returns ``outputs``."""
    parameters = {name: str(value) for name, value in options.items() if name != "lang" and value is not None}
    lang = options.get("lang")
    if lang:
        parameters["lang"] = lang if isinstance(lang, str) else "+".join(lang)
    return {**parameters, "outputs": ",".join(outputs)}
