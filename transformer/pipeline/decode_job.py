"""Job and result of a decode worker; importing this imports no decoder.

The classes have no slots: pickling a frozen class with slots is slow.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from transformer.decoding.limits import Limits
from transformer.decoding.options import DecodeOptions
from transformer.decoding.page_range import PageRange
from transformer.decoding.sniff import FileType
from transformer.formats.pdf.page_image import PageImage
from transformer.geometry import Geometry
from transformer.structure.separators import Separators


@dataclass(frozen=True)
class DecodeJob:
    """One page of a document; without a number, the first of those selected."""

    document: int
    """A number that no other document of this pool has."""
    source: str | bytes
    """The document's bytes if they are few, otherwise the path of a file that exists while the job runs."""
    kind: FileType
    number: int | None
    selection: PageRange
    options: DecodeOptions
    limits: Limits


@dataclass(frozen=True)
class DocumentPage:
    """A page ready to be read."""

    number: int
    """Page number in its document, from 1."""
    pixels: NDArray[np.uint8]
    """uint8 ``(h, w)``, C-contiguous grey, possibly read-only."""
    geometry: Geometry
    """From the original page to ``pixels``."""
    width: int
    """Of the original page, as a viewer displays it."""
    height: int
    steps: tuple[str, ...]
    """Preprocessing steps that changed the page."""
    orientation_uncertain: bool
    """Whether the page may be rotated and its pixels could not decide."""
    letters: NDArray[np.float64]
    """``(n, 4)``: edges of the components that look like letters, in pixels of ``pixels``; none without preparation."""
    separators: Separators
    """Ruled lines, in pixels of ``pixels``; none if they were not asked for."""
    dpi: int | None
    """Resolution of ``pixels``; None if unknown."""
    original_dpi: int | None
    """Resolution of the original page; None if unknown."""
    original: PageImage | None
    """The original page, if it was asked for."""
    decode_seconds: float
    preprocess_seconds: float
    single_page: bool
    """Whether no other page of its document is selected."""


@dataclass(frozen=True)
class DecodeResult:
    """The result of a job."""

    page: DocumentPage
    numbers: tuple[int, ...]
    """All pages selected, in reading order; empty for a job that named its page."""
