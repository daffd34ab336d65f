"""How one document is decoded and preprocessed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

Existing = Literal["skip", "redo", "force", "strip"]
"""What becomes of text that a PDF has: left and used; its invisible layers replaced; replaced by a picture of the page;
its invisible layers removed."""
EXISTING_CHOICES: Final[tuple[Existing, ...]] = ("skip", "redo", "force", "strip")

PDFA_CHOICES: Final = ("1b", "2b", "3b")
"""Parts of ISO 19005 with their level."""


@dataclass(frozen=True)
class DecodeOptions:
    """Options of a client for decoding and preprocessing."""

    preprocess: bool = True
    """False: gray pixels without preprocessing."""
    orient: bool = True
    """False: rotated pages stay rotated."""
    skip_steps: frozenset[str] = frozenset()
    """Names of preprocessing steps to leave out."""
    latin: bool = True
    """Whether the letters are Latin, whose shapes show which side is up."""
    separators: bool = True
    """Whether to look for ruled lines, which the reading order needs."""
    selection: str | None = None
    """Pages such as ``1-3,7``; None for all of them."""
    dpi: int | None = None
    """Resolution of an image, 70-2400, whatever its file says. That of a PDF's page is always known."""
    existing: Existing = "force"
    """``force`` reads every page from its pixels; else text that a page of a PDF has is taken, with ``redo`` only if it
    is visible."""
    from_pixels: bool = False
    """Whether the pixels show all of a page, the text included that it has of its own: regions are read from them."""
    embedded_words: bool = True
    """Whether the words of text that is taken are wanted; a searchable PDF needs only to know that there is text."""
    password: str = field(default="", repr=False)
    """Opens an encrypted PDF."""
