"""Job and result of a decode worker; importing this imports no decoder.

The classes have no slots: pickling a frozen class with slots is slow.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from kserve_ocr.protocol.layout import PageLayout
from transformer.decoding.limits import Limits
from transformer.decoding.options import DecodeOptions, Existing
from transformer.decoding.page_range import PageRange
from transformer.decoding.sniff import FileType
from transformer.geometry import Geometry
from transformer.structure.content.page_structure import PageStructure
from transformer.structure.separators import Separators

_LARGER = 4
"""How much larger than its original a preprocessed page may be: preparation enlarges small pages."""


class DecodeJob(Struct, frozen=True):
    """One page of a document; without a number, the first of those selected.

    Pages after it are decoded with it as long as they have nothing but text of their own, which takes a millisecond.
    """

    document: int
    """A number that no other document of this pool has."""
    source: bytes | None
    """The document's bytes if they are few; otherwise None, and they are in the file that comes with the job."""
    kind: FileType
    number: int | None
    following: tuple[int, ...]
    """Numbers of the pages after it, with a number."""
    most_pages: int
    """To be decoded in this job."""
    selection: PageRange
    options: DecodeOptions
    limits: Limits

    @property
    def location(self) -> str:
        """What it decodes, as messages name it."""
        if self.number is None:
            return "the document"
        return f"pages {self.number} to {self.following[-1]}" if self.following else f"page {self.number}"


class DocumentPage(Struct, frozen=True):
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
    numbers: NDArray[np.float64]
    """``(n, 8)``: edges of numbers that stand alone near the upper or lower edge of the page, of their digits and with
    dashes beside them, in pixels of ``pixels``; none without preparation."""
    separators: Separators
    """Ruled lines, in pixels of ``pixels``; none if they were not asked for."""
    dpi: int | None
    """Resolution of ``pixels``; None if unknown."""
    original_dpi: tuple[int, int] | None
    """Resolution of the original page across and down; None if unknown."""
    embedded: PageLayout | None
    """Text that the original page has of its own, in its pixels; ``pixels`` then shows the rest, and is empty if there
    is none, unless the page is read from pixels."""
    label: str
    """What viewers of a PDF show as the page's number; empty if it names none."""
    decode_seconds: float
    preprocess_seconds: float
    single_page: bool
    """Whether no other page of its document is selected."""
    blank: bool = False
    """Whether nothing on the page may be a letter."""
    warning: str = ""
    """What of its document is not read; empty if there is nothing."""

    def is_possible(self, job: DecodeJob) -> bool:
        """Whether its sizes are within what the job allows."""
        return (
            self.pixels.ndim == 2
            and self.letters.ndim == 2
            and self.numbers.ndim == 2
            and self.pixels.size <= _LARGER * job.limits.page_pixels
            and 0 < self.width * self.height <= job.limits.page_pixels
        )


class DecodeResult(Struct, frozen=True):
    """The result of a job."""

    pages: tuple[DocumentPage, ...]
    """One or more; all but the last have no pixels."""
    numbers: tuple[int, ...]
    """All pages selected, in reading order; empty for a job that named its page."""

    def is_possible(self, job: DecodeJob) -> bool:
        """Whether a worker that is what it should be could have sent this: the server allots memory by it."""
        return (
            1 <= len(self.pages) <= job.most_pages
            and all(page.is_possible(job) for page in self.pages)
            and not any(page.pixels.size for page in self.pages[:-1])
            and len(self.numbers) <= job.limits.pages
            and (job.number is not None or bool(self.numbers))
        )


class PageText(Struct, frozen=True):
    """What goes onto one page of a searchable PDF."""

    number: int
    layout: PageLayout
    """In pixels of the original page; without blocks to leave the page as it is."""
    rotate: int
    """Clockwise degrees by which the page is to be turned to be upright."""
    skew: float = 0.0
    """Clockwise degrees by which its content is to be turned to be straight."""
    clean: bool = False
    """Whether it is redrawn as it was prepared."""
    structure: PageStructure | None = None
    """That of its layout, for tags; None to leave it untagged."""


@dataclass(frozen=True)
class PdfOptions:
    """How a searchable PDF is made."""

    lang: str = ""
    """Language tag for a document that states none."""
    dpi: int | None = None
    """Resolution of images, whatever their file says."""
    only_pages: bool = False
    """Whether pages of a PDF that are not among those read are left out."""
    existing: Existing = "skip"
    keep_signatures: bool = True
    """Whether a signed PDF is rejected: any change makes its signatures invalid."""
    tagged: bool = False
    """Whether the text that it gets is tagged."""
    skip_steps: frozenset[str] = frozenset()
    """Names of preprocessing steps that pages are redrawn without."""
    optimize: int = 0
    """How far the file is made smaller, 0 to 3."""
    pdfa: str = ""
    """Part and level of PDF/A, such as ``2b``; empty for none."""
    password: str = field(default="", repr=False)


class PdfJob(Struct, frozen=True):
    """A searchable PDF of a document whose pages have been read."""

    source: bytes | None
    """As of :class:`DecodeJob`."""
    kind: FileType
    pages: tuple[PageText, ...]
    options: PdfOptions
    page_pixels: int
    """The most pixels that a page may have."""


class FinishedPdf(Struct, frozen=True):
    """The result of a :class:`PdfJob`."""

    data: NDArray[np.uint8]
    """The bytes of the file, as an array because arrays are not copied between processes."""
    warnings: tuple[str, ...]


class DecodeReply(Struct, frozen=True):
    """What a decode worker sends: the result of its job, which is of either kind."""

    decoded: DecodeResult | None = None
    pdf: FinishedPdf | None = None
