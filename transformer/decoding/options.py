"""How one document is to be decoded and prepared."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DecodeOptions:
    """What a client may say about a document's pages before they are read."""

    preprocess: bool = True
    """False sends grey pixels as they are."""
    orient: bool = True
    """False leaves pages that lie on their side."""
    separators: bool = True
    """Whether to look for ruled lines, which the reading order needs."""
    selection: str | None = None
    """Pages such as ``1-3,7``; None for all of them."""
    dpi: int | None = None
    """Resolution of an image, 70-2400, whatever its file says. That of a PDF's page is always known."""
    keep_original: bool = False
    """Whether pages come with their original image, for a searchable PDF."""
