"""Text layers for pages of an existing PDF: one content stream a page and one font a document, nothing else changed."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from pikepdf import Array, Dictionary, Name, Object, Pdf, Stream

from kserve_ocr.protocol.layout import PageLayout
from transformer.formats.pdf.grafting.straightening import LEAST_DEGREES, around_content
from transformer.formats.pdf.tagging.elements import Element, leaves_of
from transformer.formats.pdf.tagging.tree import ARTIFACT, StructureTree, has_tags
from transformer.formats.pdf.text_layer import glyphless_font
from transformer.formats.pdf.text_layer.content import Marks, TextLayer, text_layer
from transformer.formats.pdf.text_layer.glyphless_font import Face, GlyphlessFont
from transformer.formats.pdf.text_layer.page_geometry import Box, view_to_page, visible_box

_MAX_DEPTH: Final = 64
"""Of a page tree; a file with a deeper one has a loop."""
_POINTS_PER_UNIT: Final = 0.5
"""Of a text layer."""
_BASE_FONT: Final = Name(f"/{glyphless_font.NAME}")


@dataclass(frozen=True, slots=True)
class PageLayer:
    """What was read on one page."""

    number: int
    """1-based, as the document counts."""
    layout: PageLayout
    """In pixels of the page as viewers show it."""
    rotate: int = 0
    """Clockwise degrees by which the page is to be turned further to be upright."""
    skew: float = 0.0
    """Clockwise degrees by which the content is to be turned to be straight."""
    elements: tuple[Element, ...] = ()
    """Its structure, for tags; none to leave it untagged."""


@dataclass(frozen=True, slots=True)
class _Written:
    """What is added to the content of a page."""

    page: Object
    content: Object
    faces: frozenset[str]
    around: tuple[Object, Object] | None
    """Streams before and after all other content."""
    artifact: tuple[Object, Object] | None
    """Streams before and after the page's own content if its text is tagged."""


def graft(pdf: Pdf, layers: Iterable[PageLayer]) -> list[Object]:
    """Put the layers onto their pages, under what is there.

    Returns the objects that were changed or added, each an indirect one of ``pdf``.
    """
    layers = [layer if abs(layer.skew) >= LEAST_DEGREES else replace(layer, skew=0.0) for layer in layers]
    pages = [pdf.pages[layer.number - 1].obj for layer in layers]
    font = GlyphlessFont(prefix=_free_prefix(pages))
    changed: list[Object] = []
    written: list[_Written] = []
    tree = StructureTree(pdf) if any(layer.elements for layer in layers) and not has_tags(pdf) else None
    for page, layer in zip(pages, layers, strict=True):
        operators = _operators(page, layer, font, tagged=tree is not None)
        if operators:
            data = glyphless_font.compress(operators.data)
            stream: Object = pdf.make_stream(data, Filter=Name.FlateDecode)
            around = _around(pdf, page, layer)
            artifact = None
            if tree is not None and layer.elements:
                artifact = (pdf.make_stream(ARTIFACT[0]), pdf.make_stream(ARTIFACT[1]))
                tree.add(page, layer.elements, operators.marked)
            written.append(_Written(page, stream, operators.faces, around, artifact))
            changed += [stream, *(around or ()), *(artifact or ())]
        if layer.rotate % 360:
            page["/Rotate"] = (rotation(page) + layer.rotate) % 360
        if operators or layer.rotate % 360:
            changed.append(page)
    if not written:
        return changed
    faces, added = write_font(pdf, font)
    for addition in written:
        _attach(addition, {name: faces[name] for name in sorted(addition.faces)})
    return changed + added + (tree.finish() if tree is not None else [])


def _free_prefix(pages: Iterable[Object]) -> str:
    """The start of font names that none of the pages has."""
    taken = {name for page in pages for name in _entries(_entries(inherited(page, "/Resources")).get("/Font"))}
    return next(prefix for prefix in _prefixes() if not any(name.startswith(f"/{prefix}") for name in taken))


def _prefixes() -> Iterator[str]:
    yield "T"
    for number in itertools.count(1):
        yield f"T{number}_"


def inherited(page: Object, key: str) -> Object | None:
    """An attribute of a page, its own or of the nodes of the page tree above it."""
    node: Object | None = page
    for _ in range(_MAX_DEPTH):
        if not isinstance(node, Dictionary):
            return None
        value = node.get(key)
        if value is not None:
            return value
        node = node.get("/Parent")
    return None


def rotation(page: Object) -> int:
    """The clockwise degrees by which viewers turn a page: 0, 90, 180 or 270."""
    value: Any = inherited(page, "/Rotate")
    try:
        degrees = int(value) if value is not None else 0
    except (TypeError, ValueError):
        return 0
    return degrees % 360 if degrees % 90 == 0 else 0


def page_box(page: Object) -> Box:
    """The part of the page that viewers show, in its own coordinates."""
    return visible_box(_box(inherited(page, "/MediaBox")), _box(inherited(page, "/CropBox")))


def _box(value: Any) -> Box | None:
    try:
        left, bottom, right, top = (float(number) for number in value)
    except (TypeError, ValueError):
        return None
    return left, bottom, right, top


def _operators(page: Object, layer: PageLayer, font: GlyphlessFont, *, tagged: bool) -> TextLayer:
    """The layer's operators, in the page's coordinates."""
    size = (layer.layout.width, layer.layout.height)
    box, rotate = page_box(page), rotation(page)
    across = (box[3] - box[1]) if rotate % 180 else (box[2] - box[0])
    matrix = view_to_page(size, box, rotate)
    unit = _POINTS_PER_UNIT * size[0] / across
    marks = _marks(layer.elements) if tagged else None
    return text_layer(layer.layout, font, to_page=matrix, pixels_per_unit=unit, skew=layer.skew, marks=marks)


def _marks(elements: Sequence[Element]) -> Marks:
    """What of a page's words is marked for its structure."""
    leaves = list(leaves_of(elements))
    numbers = {
        (span.line, at): number
        for number, leaf in enumerate(leaves)
        for span in leaf.spans
        for at in range(span.start, span.end)
    }
    return Marks(tuple(leaf.tag for leaf in leaves), numbers)


def _around(pdf: Pdf, page: Object, layer: PageLayer) -> tuple[Object, Object] | None:
    """Streams that make the page straight; None if it is."""
    if not layer.skew:
        return None
    operators = around_content(page, page_box(page), layer.skew)
    return None if operators is None else (pdf.make_stream(operators[0]), pdf.make_stream(operators[1]))


def _attach(addition: _Written, faces: dict[str, Object]) -> None:
    """Show the layer before the page's own content, where the graphics state is still the initial one."""
    page = addition.page
    contents = page.get("/Contents")
    own = [item for item in (contents if isinstance(contents, Array) else [contents]) if isinstance(item, Stream)]
    before, after = addition.around or (None, None)
    opens, closes = addition.artifact or (None, None)
    parts = (before, addition.content, opens, *own, closes, after)
    shown = [stream for stream in parts if stream is not None]
    page.Contents = Array(shown) if len(shown) > 1 else shown[0]
    resources = _entries(inherited(page, "/Resources"))
    fonts = _entries(resources.get("/Font")) | {f"/{name}": face for name, face in faces.items()}
    page.Resources = Dictionary(resources | {"/Font": Dictionary(fonts)})


def _entries(value: Object | None) -> dict[str, Object]:
    """The entries of a dictionary, for one that does not change the original: pages may share it."""
    return dict(value.items()) if isinstance(value, Dictionary) else {}


def write_font(pdf: Pdf, font: GlyphlessFont) -> tuple[dict[str, Object], list[Object]]:
    """The font as objects of ``pdf``: its faces by resource name, and every object added."""
    program = glyphless_font.font_program()
    file = _compressed(pdf, program, Length1=len(program))
    to_unicode = _compressed(pdf, font.to_unicode())
    cid_to_gid = _compressed(pdf, font.cid_to_gid())
    widths = pdf.make_indirect(Array([part for code, advances in font.widths() for part in (code, Array(advances))]))
    system = pdf.make_indirect(Dictionary(Registry="Adobe", Ordering="Identity", Supplement=0))
    added: list[Object] = [file, to_unicode, cid_to_gid, widths, system]
    faces: dict[str, Object] = {}
    for name, face in font.faces.items():
        descriptor: Object = pdf.make_indirect(_descriptor(face, file))
        faces[name] = pdf.make_indirect(
            Dictionary(
                Type=Name.Font,
                Subtype=Name.Type0,
                BaseFont=_BASE_FONT,
                Encoding=Name("/Identity-H"),
                DescendantFonts=Array([_cid_font(descriptor, cid_to_gid, widths, system)]),
                ToUnicode=to_unicode,
            )
        )
        added += [descriptor, faces[name]]
    return faces, added


def _compressed(pdf: Pdf, data: bytes, **entries: int) -> Object:
    return pdf.make_stream(glyphless_font.compress(data), Filter=Name.FlateDecode, **entries)


def _descriptor(face: Face, file: Object) -> Dictionary:
    ascent, descent = glyphless_font.vertical_extent(face)
    return Dictionary(
        Type=Name.FontDescriptor,
        FontName=_BASE_FONT,
        Flags=glyphless_font.FLAGS,
        FontBBox=Array([0, descent, glyphless_font.UNITS_PER_EM, ascent]),
        Ascent=ascent,
        Descent=descent,
        ItalicAngle=0,
        StemV=80,
        FontFile2=file,
    )


def _cid_font(descriptor: Object, cid_to_gid: Object, widths: Object, system: Object) -> Dictionary:
    return Dictionary(
        Type=Name.Font,
        Subtype=Name.CIDFontType2,
        BaseFont=_BASE_FONT,
        CIDToGIDMap=cid_to_gid,
        CIDSystemInfo=system,
        DW=glyphless_font.DEFAULT_ADVANCE,
        W=widths,
        FontDescriptor=descriptor,
    )
