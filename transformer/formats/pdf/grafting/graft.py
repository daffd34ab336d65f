"""Text layers for pages of an existing PDF: one content stream a page and one font a document, nothing else changed."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace
from pikepdf import Array, Dictionary, Name, Object, Pdf, Stream

from kserve_ocr.protocol.layout import PageLayout
from transformer.formats.pdf.grafting.font_objects import write_font
from transformer.formats.pdf.grafting.straightening import LEAST_DEGREES, around_content
from transformer.formats.pdf.tagging.elements import Element, leaves_of
from transformer.formats.pdf.tagging.tree import ARTIFACT, StructureTree, has_tags
from transformer.formats.pdf.text_layer.compression import compress
from transformer.formats.pdf.text_layer.content import Marks, TextLayer, text_layer
from transformer.formats.pdf.text_layer.glyphless_font import GlyphlessFont
from transformer.formats.pdf.text_layer.page_geometry import Box, view_to_page, visible_box

_MAX_DEPTH: Final = 64
"""Of a page tree; a file with a deeper one has a loop."""
_POINTS_PER_UNIT: Final = 0.5
"""Of a text layer."""


class PageLayer(Struct, frozen=True):
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


class _Written(Struct, frozen=True):
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
    text = (word.text for layer in layers for word in layer.layout.iter_words())
    font = GlyphlessFont(prefix=_free_prefix(pages), text=text)
    changed: list[Object] = []
    written: list[_Written] = []
    tree = StructureTree(pdf) if any(layer.elements for layer in layers) and not has_tags(pdf) else None
    for page, layer in zip(pages, layers, strict=True):
        operators = _operators(page, layer, font, tagged=tree is not None)
        if operators:
            data = compress(operators.data)
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
    shared: Object | None = None
    if len(written) > 1:
        shared = pdf.make_indirect(Dictionary({f"/{name}": face for name, face in faces.items()}))
        added.append(shared)
    for addition in written:
        _attach(addition, faces, shared)
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


def _attach(addition: _Written, faces: Mapping[str, Object], shared: Object | None) -> None:
    """Show the layer before the page's own content, where the graphics state is still the initial one.

    ``shared`` is a dictionary of all ``faces``, for pages that have no fonts of their own.
    """
    page = addition.page
    contents = page.get("/Contents")
    own = [item for item in (contents if isinstance(contents, Array) else [contents]) if isinstance(item, Stream)]
    before, after = addition.around or (None, None)
    opens, closes = addition.artifact or (None, None)
    parts = (before, addition.content, opens, *own, closes, after)
    shown = [stream for stream in parts if stream is not None]
    page.Contents = Array(shown) if len(shown) > 1 else shown[0]
    resources = _entries(inherited(page, "/Resources"))
    own_fonts = _entries(resources.get("/Font"))
    used = {f"/{name}": faces[name] for name in sorted(addition.faces)}
    fonts = Dictionary(own_fonts | used) if own_fonts or shared is None else shared
    page.Resources = Dictionary(resources | {"/Font": fonts})


def _entries(value: Object | None) -> dict[str, Object]:
    """The entries of a dictionary, for one that does not change the original: pages may share it."""
    return dict(value.items()) if isinstance(value, Dictionary) else {}
