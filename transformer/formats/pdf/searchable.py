"""The ``pdf`` output: the original PDF, or the original images as pages, with an invisible text layer."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import pikepdf
from msgspec import Struct
from pikepdf import Name, ObjectStreamMode, Pdf, StreamDecodeLevel

from kserve_ocr.protocol.errors import DamagedDocumentError, EncryptedDocumentError, SignedDocumentError
from kserve_ocr.protocol.layout import PageLayout
from transformer.formats.pdf.grafting import incremental
from transformer.formats.pdf.grafting.graft import PageLayer, graft, page_box, rotation
from transformer.formats.pdf.grafting.signatures import drop_signatures, is_signed
from transformer.formats.pdf.grafting.strip_text import strip_invisible_text
from transformer.formats.pdf.images.encoding import PageImage
from transformer.formats.pdf.images.page import add_image_page, redraw
from transformer.formats.pdf.optimization.repacking import repacked
from transformer.formats.pdf.optimization.smaller_images import shrink_images
from transformer.formats.pdf.tagging.elements import Element
from transformer.formats.pdf.tagging.tree import has_tags

PRODUCER: Final = "kserve-ocr"
_REPAIRED: Final = "the PDF was damaged and has been repaired: {}"
_ERRORS_LEFT: Final = "the PDF has errors, which are left as they are: {}"
_LOST: Final = ("damaged", "reconstruct", "recover", "endstream")
"""What qpdf reports of objects that other readers may not find: then an update cannot be appended."""
_DAMAGE: Final = (pikepdf.PdfError, RuntimeError, ValueError, TypeError, LookupError, AttributeError)
"""What pikepdf raises for objects of the wrong type, in addition to its own errors."""
_MAX_WARNING: Final = 200
_BUFFER: Final = re.compile(r"(?:WARNING: )?stream <[^>]*>[^:]*: ")


class SearchablePdf(Struct, frozen=True):
    """A finished PDF and what its recipient should know about it."""

    data: bytes
    warnings: tuple[str, ...] = ()


class ImagePage(Struct, frozen=True):
    """An image that becomes a page, with what was read on it."""

    image: PageImage
    layout: PageLayout
    """In pixels of the image as shown, that is after its orientation."""
    dpi: tuple[float, float] | None = None
    """Pixels per inch across and down, of the image as shown."""
    rotate: int = 0
    """Clockwise degrees by which the page is to be turned further to be upright."""
    skew: float = 0.0
    """Clockwise degrees by which the image is to be turned to be straight."""
    elements: tuple[Element, ...] = ()
    """Its structure, for tags."""


class PdfChanges(Struct, frozen=True):
    """What is done to a PDF besides adding its text layers."""

    lang: str = ""
    """Language tag for a document that states none."""
    only_pages: bool = False
    """Whether pages without a layer are left out."""
    strip_layers: bool = False
    """Whether invisible text of an earlier recognition is removed from the pages that have a layer here."""
    keep_signatures: bool = True
    """Whether a signed document is rejected; else its signatures are removed."""
    tagged: bool = False
    """Whether tags were asked for."""
    password: str = ""
    optimize: int = 0
    """Effort to make the file smaller: 0 none, 1 without loss, 2 and 3 with more and more loss in images."""
    image_pixels: int = 0
    """The most pixels of an image that is encoded again."""


NO_CHANGES: Final = PdfChanges()


def from_pdf(
    data: bytes,
    layers: Sequence[PageLayer],
    changes: PdfChanges = NO_CHANGES,
    *,
    pictures: Iterable[tuple[int, PageImage]] = (),
) -> SearchablePdf:
    """The PDF with the layers on its pages. Equal input gives equal bytes.

    ``pictures`` are page numbers with what is to be shown there instead of the page's own content.

    The original's bytes stay and the layers are appended to them. Only a document that is damaged or encrypted, or that
    loses something, is written again, its streams unchanged and its encryption kept.

    Raises DamagedDocumentError, EncryptedDocumentError or SignedDocumentError.
    """
    with opened(data, password=changes.password) as pdf:
        rewrite = _drop(pdf, layers, changes)
        for number, picture in pictures:
            page = pdf.pages[number - 1].obj
            redraw(pdf, page, picture, box=page_box(page), rotate=rotation(page))
            rewrite = True
        tags = _tag_warnings(pdf, layers, changes)
        changed = graft(pdf, layers)
        if (changed or rewrite) and changes.lang and "/Lang" not in pdf.Root:
            pdf.Root.Lang = pikepdf.String(changes.lang)
            changed.append(pdf.Root)
        if changes.only_pages and len(layers) < len(pdf.pages):
            _keep_pages(pdf, [layer.number for layer in layers])
            rewrite = True
        found = tuple(str(warning) for warning in pdf.get_warnings())
        active = _active_content(pdf)
        lost = any(word in warning for warning in found for word in _LOST)
        if not changed and not rewrite and not lost:
            finished, message = data, _ERRORS_LEFT
        elif rewrite or lost or pdf.is_encrypted or not incremental.can_append(data):
            finished, message = _saved(pdf), _REPAIRED
        else:
            finished, message = incremental.append(data, pdf, changed), _ERRORS_LEFT
        if changes.optimize:
            finished = min(finished, _optimized(pdf, changes.optimize, max_pixels=changes.image_pixels), key=len)
        return SearchablePdf(finished, _damage(found, message) + active + tags)


def _tag_warnings(pdf: Pdf, layers: Sequence[PageLayer], changes: PdfChanges) -> tuple[str, ...]:
    """What of the pages gets no tags although they were asked for."""
    if not changes.tagged:
        return ()
    if has_tags(pdf):
        return ("the PDF has tags of its own, which are left as they are",)
    tagged = sum(bool(layer.elements) for layer in layers)
    if tagged == len(pdf.pages) or (changes.only_pages and tagged == len(layers)):
        return ()
    return ("pages that have text of their own, and pages that were not read, get no tags",)


def _optimized(pdf: Pdf, level: int, *, max_pixels: int) -> bytes:
    shrink_images(pdf, level=level, max_pixels=max_pixels)
    return repacked(pdf)


def _drop(pdf: Pdf, layers: Sequence[PageLayer], changes: PdfChanges) -> bool:
    """Remove what is to be removed; returns whether that was anything."""
    dropped = False
    if is_signed(pdf):
        if changes.keep_signatures:
            raise SignedDocumentError(
                "the PDF is signed and any change makes its signatures invalid; send signed=drop to remove them, "
                "or ask for other outputs than pdf"
            )
        drop_signatures(pdf)
        dropped = True
    if changes.strip_layers:
        for layer in layers:
            dropped |= strip_invisible_text(pdf, pdf.pages[layer.number - 1].obj)
    return dropped


def _keep_pages(pdf: Pdf, numbers: Sequence[int]) -> None:
    """Leave only these pages, in this order; what pointed to the others points to empty objects."""
    pages = [page.obj for page in pdf.pages]
    kept = [pages[number - 1] for number in numbers]
    del pdf.pages[:]
    for page in kept:
        pdf.pages.append(pikepdf.Page(page))
    for page in (page for number, page in enumerate(pages, start=1) if number not in set(numbers)):
        for key in list(page.keys()):
            del page[key]


def _active_content(pdf: Pdf) -> tuple[str, ...]:
    """What a recipient should know of scripts and programs, which are left as they are."""
    actions = [pdf.Root.get("/OpenAction"), pdf.Root.get("/AA")]
    names = pdf.Root.get("/Names")
    scripts = isinstance(names, pikepdf.Dictionary) and "/JavaScript" in names
    kinds = {str(action.get("/S")) for action in actions if isinstance(action, pikepdf.Dictionary)}
    found = []
    if scripts or "/JavaScript" in kinds:
        found.append("the PDF contains JavaScript, which is left as it is")
    if "/Launch" in kinds:
        found.append("the PDF starts a program when it is opened, which is left as it is")
    return tuple(found)


def from_images(
    pages: Iterable[ImagePage], *, lang: str = "", optimize: int = 0, image_pixels: int = 0
) -> SearchablePdf:
    """A new PDF with a page for each image. Equal input gives equal bytes.

    ``optimize`` and ``image_pixels`` are those of :class:`PdfChanges`.
    """
    pdf = Pdf.new()
    layers = []
    for number, page in enumerate(pages, start=1):
        add_image_page(pdf, page.image, dpi=page.dpi)
        layers.append(PageLayer(number, page.layout, page.rotate, page.skew, page.elements))
    graft(pdf, layers)
    if lang:
        pdf.Root.Lang = pikepdf.String(lang)
    pdf.docinfo[Name.Producer] = pikepdf.String(PRODUCER)
    made = _saved(pdf, object_streams=ObjectStreamMode.generate)
    if optimize:
        made = min(made, _optimized(pdf, optimize, max_pixels=image_pixels), key=len)
    return SearchablePdf(made)


@contextmanager
def opened(data: bytes, *, password: str = "") -> Iterator[Pdf]:
    """The PDF as qpdf reads it, repaired where that is possible.

    Errors inside the block that come of objects which are not what they should be mean that the file is damaged beyond
    repair.
    """
    try:
        with warnings.catch_warnings(action="ignore"), _parsed(data, password) as pdf:
            yield pdf
    except pikepdf.PasswordError:
        raise EncryptedDocumentError(
            "the PDF is encrypted and the password does not open it; send the right one as password="
            if password
            else "the PDF is encrypted and opens only with a password; send it as password= or save it without one"
        ) from None
    except _DAMAGE as error:
        raise DamagedDocumentError(
            f"the PDF is damaged beyond repair ({_brief(error)}); save or export it again"
        ) from error


def _parsed(data: bytes, password: str) -> Pdf:
    """qpdf's document, also of a file whose cross-reference table leads to the wrong objects."""
    # Inherited attributes are left in the page tree: moving them to the pages would change both.
    options: dict[str, Any] = {"password": password, "suppress_warnings": True, "inherit_page_attributes": False}
    try:
        return pikepdf.open(io.BytesIO(data), **options)
    except pikepdf.PasswordError:
        raise
    except pikepdf.PdfError:
        # Without the offset of the table, qpdf looks for the objects themselves.
        return pikepdf.open(io.BytesIO(data.replace(b"startxref", b"startxxxx")), **options)


def _damage(found: Sequence[str], message: str) -> tuple[str, ...]:
    """The message with the first of qpdf's warnings; none without any."""
    return (message.format(_brief(found[0])),) if found else ()


def _brief(reason: object) -> str:
    """The reason in one line, without the name of the buffer that qpdf puts in front."""
    text = " ".join(str(reason).split())
    return _BUFFER.sub("", text)[:_MAX_WARNING] or type(reason).__name__


def _saved(pdf: Pdf, *, object_streams: ObjectStreamMode = ObjectStreamMode.preserve) -> bytes:
    """The PDF written again, every stream as it is stored."""
    out = io.BytesIO()
    options: dict[str, Any] = {"object_stream_mode": object_streams, "fix_metadata_version": False}
    pdf.trailer["/Size"] = len(pdf.objects)  # qpdf writes the right number, but only in place of another one
    if pdf.is_encrypted:  # qpdf then refuses an identifier by content, and to keep more than Flate as it is
        pdf.save(out, encryption=True, **options)
    else:
        level = StreamDecodeLevel.none
        pdf.save(out, compress_streams=False, stream_decode_level=level, deterministic_id=True, **options)
    return out.getvalue()
