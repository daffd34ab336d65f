"""Why a document cannot become PDF/A without being drawn again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, Literal

from msgspec import Struct
from pikepdf import Array, Dictionary, Name, Object, Pdf, PdfError, Stream

from transformer.formats.pdf.archival.content_check import find_in_content
from transformer.formats.pdf.images.encoding import PageImage

Part = Literal[1, 2, 3]
"""Of ISO 19005; all at conformance level B."""
PARTS: Final[tuple[Part, ...]] = (1, 2, 3)

_FONT_FILES: Final = ("/FontFile", "/FontFile2", "/FontFile3")
_FORBIDDEN_ANNOTATIONS: Final = {"/3D", "/Sound", "/Screen", "/Movie"}
_BOXES: Final = ("/MediaBox", "/CropBox", "/BleedBox", "/TrimBox", "/ArtBox")
_CORNERS: Final = 4
_SHORTEST, _LONGEST = 3, 14_400
"""Of the sides of a box (ISO 19005-2, 6.1.13)."""
_CMYK: Final = Name.DeviceCMYK
_NEWER_BITS: Final = 16
_PROFILE_VERSION: Final = 2
"""Of ICC profiles in part 1."""


class Obstacle(Struct, frozen=True):
    """What keeps a document from PDF/A."""

    reason: str
    """For a sentence."""
    in_content: bool
    """Whether drawing the pages again would help."""


def find_obstacle(pdf: Pdf, part: Part) -> Obstacle | None:
    """What keeps the document from that part of PDF/A; None if nothing that is known does."""
    if reason := _of_catalog(pdf.Root, part):
        return Obstacle(reason, in_content=False)
    for found in every_dictionary(pdf):
        for check in _CHECKS:
            if reason := check(found, part):
                return Obstacle(reason, in_content=check in _CONTENT_CHECKS)
    reason = find_in_content(pdf)
    return Obstacle(reason, in_content=True) if reason else None


def every_dictionary(pdf: Pdf) -> Iterator[Object]:
    """Every dictionary and stream of the document, those inside others too."""
    for found in pdf.objects:
        left = [found]
        while left:
            value = left.pop()
            if isinstance(value, (Dictionary, Stream)):
                yield value
                inside: Iterable[Object] = dict(value.items()).values()
            else:
                inside = value if isinstance(value, Array) else ()
            left += [part for part in inside if isinstance(part, (Dictionary, Array)) and not part.is_indirect]


def _of_font(found: Object, _part: Part) -> str:
    if found.get("/Type") != Name.Font or found.get("/Subtype") in (Name.Type0, Name.Type3):
        return ""
    descriptor = found.get("/FontDescriptor")
    if isinstance(descriptor, Dictionary) and any(key in descriptor for key in _FONT_FILES):
        return ""
    return f"its font {str(found.get('/BaseFont', '/unnamed'))[1:]} is not embedded"


def _of_color(found: Object, _part: Part) -> str:
    spaces = found.get("/ColorSpace")
    if isinstance(spaces, Dictionary):
        named = list(spaces.as_dict().values())
        return "it has colors in CMYK without a profile" if any(_is_cmyk(space) for space in named) else ""
    return "it has an image in CMYK without a profile" if _is_cmyk(spaces) else ""


def _is_cmyk(space: Any) -> bool:
    if isinstance(space, Array) and len(space) > 1 and space[0] in (Name.Indexed, Name.Pattern):
        return _is_cmyk(space[1])
    alternate = isinstance(space, Array) and len(space) > 2 and space[0] in (Name.Separation, Name.DeviceN)
    return bool(space == _CMYK or (alternate and space[2] == _CMYK))


def _of_transparency(found: Object, part: Part) -> str:
    if part > 1:
        return ""
    soft_mask = found.get("/SMask")
    group = found.get("/Group")
    transparent = (
        (soft_mask is not None and soft_mask != Name("/None"))
        or (isinstance(group, Dictionary) and group.get("/S") == Name.Transparency)
        or any(found.get(key, 1) != 1 for key in ("/CA", "/ca") if found.get("/Type") != Name.Annot)
        or found.get("/BM", Name.Normal) not in (Name.Normal, Name.Compatible)
    )
    return "it has transparency, which part 1 does not allow; pdfa=2b does" if transparent else ""


def _of_stream(found: Object, part: Part) -> str:
    if not isinstance(found, Stream):
        return ""
    if "/F" in found:
        return "it keeps a part of itself in another file"
    if "/Crypt" in str(found.get("/Filter")):
        return "a part of it is encrypted"
    if part == 1 and found.get("/Filter") in (Name.JPXDecode, Array([Name.JPXDecode])):
        return "it has images in JPEG 2000, which part 1 does not allow; pdfa=2b does"
    if part == 1 and found.get("/BitsPerComponent") == _NEWER_BITS:
        return "it has images of 16 bits, which part 1 does not allow; pdfa=2b does"
    if part == 1 and "/N" in found and _is_newer_profile(found):
        return "it has a color profile of version 4, which part 1 does not allow; pdfa=2b does"
    return "it contains PostScript" if found.get("/Subtype") == Name.PS else ""


def _is_newer_profile(found: Object) -> bool:
    """Whether a stream is an ICC profile of a version that part 1 does not know (ICC.1, 7.2)."""
    try:
        head = found.read_bytes()[:40]
    except (PdfError, RuntimeError):
        return False
    return head[36:40] == b"acsp" and head[8] > _PROFILE_VERSION


def _of_page(found: Object, _part: Part) -> str:
    if found.get("/Type") not in (Name.Page, Name.Pages):
        return ""
    for key in _BOXES:
        if isinstance(box := found.get(key), Array) and len(box) == _CORNERS:
            left, bottom, right, top = (float(number) for number in box)
            if not all(_SHORTEST <= side <= _LONGEST for side in (abs(right - left), abs(top - bottom))):
                return "a page of it is smaller than 3 or larger than 14400 units"
    return ""


def _of_annotation(found: Object, part: Part) -> str:
    if "/Rect" not in found or "/Subtype" not in found:
        return ""
    kind = str(found.get("/Subtype"))
    if kind in _FORBIDDEN_ANNOTATIONS or (kind == "/FileAttachment" and part < 3):
        return f"it has an annotation of the type {kind[1:]}"
    shown = kind not in ("/Link", "/Popup") and any(found.Rect[side] != found.Rect[side + 2] for side in (0, 1))
    return f"a {kind[1:]} annotation has no appearance of its own" if shown and "/AP" not in found else ""


def is_archivable(image: PageImage, part: Part) -> bool:
    """Whether an image may be in that part of PDF/A as it is stored."""
    if image.profile is None:
        return image.channels < 4 and (part > 1 or (image.filter != "JPXDecode" and image.bits < _NEWER_BITS))
    return part > 1 or (image.profile[8] <= _PROFILE_VERSION and image.bits < _NEWER_BITS)


_CONTENT_CHECKS: Final[tuple[Callable[[Object, Part], str], ...]] = (_of_font, _of_color, _of_transparency, _of_stream)
_CHECKS: Final = (*_CONTENT_CHECKS, _of_annotation, _of_page)


def _of_catalog(root: Object, part: Part) -> str:
    names = root.get("/Names")
    if isinstance(names, Dictionary) and "/EmbeddedFiles" in names and part < 3:
        return "it has files attached; pdfa=3b allows them"
    form = root.get("/AcroForm")
    if isinstance(form, Dictionary) and "/XFA" in form:
        return "it has a form in XFA"
    if part == 1 and "/OCProperties" in root:
        return "it has layers, which part 1 does not allow; pdfa=2b does"
    return ""
