"""Documents of the kinds that come out of scanners, office programs and old drivers, drawn here with the same text."""

from __future__ import annotations

import io
import math
import zlib
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import numpy as np
import pikepdf
from pikepdf import Array, Dictionary, Name, Object, ObjectStreamMode, Page, Pdf, String

from tests.transformer.formats.pdf.documents.images import (
    explicit_mask,
    fax,
    image_object,
    jbig2_image,
    jpeg,
    palette,
    picture,
    separation,
    soft_mask,
    stencil,
)

WIDTH, HEIGHT = 500.0, 250.0
"""Points of the page on which the drawn text has 144 dpi."""
_ON_PAGE: Final = b"q 500 0 0 250 0 0 cm /Im0 Do Q"


class Placement(NamedTuple):
    """A content stream and the size of its page."""

    content: bytes
    box: tuple[float, ...] = (0, 0, WIDTH, HEIGHT)


_WHOLE_PAGE: Final = Placement(_ON_PAGE)


def add_page(pdf: Pdf, image: Object | None = None, placed: Placement = _WHOLE_PAGE, **entries: Any) -> Object:
    resources = Dictionary(XObject=Dictionary(Im0=image)) if image is not None else Dictionary()
    page = Dictionary(
        Type=Name.Page,
        MediaBox=Array(list(placed.box)),
        Contents=pdf.make_stream(placed.content),
        Resources=resources,
        **entries,
    )
    pdf.pages.append(Page(page))
    return pdf.pages[-1].obj


def saved(pdf: Pdf, **options: Any) -> bytes:
    """The file, the same each time."""
    out = io.BytesIO()
    pdf.save(out, static_id="encryption" not in options, fix_metadata_version=False, **options)
    return out.getvalue()


def _with(change: Callable[[Pdf, Object], object], **options: Any) -> Callable[[], bytes]:
    def make() -> bytes:
        pdf = Pdf.new()
        change(pdf, add_page(pdf, jpeg(pdf)))
        return saved(pdf, **options)

    return make


def _placed(content: bytes, box: tuple[float, ...] = (0, 0, WIDTH, HEIGHT), **entries: Any) -> Callable[[], bytes]:
    def make() -> bytes:
        pdf = Pdf.new()
        add_page(pdf, jpeg(pdf), Placement(content, box), **entries)
        return saved(pdf)

    return make


def _encoded(image: Callable[[Pdf], Object]) -> Callable[[], bytes]:
    def make() -> bytes:
        pdf = Pdf.new()
        add_page(pdf, image(pdf))
        return saved(pdf)

    return make


def _placed_cm(matrix: tuple[float, ...]) -> bytes:
    return b"q " + " ".join(f"{value:.4f}" for value in matrix).encode() + b" cm /Im0 Do Q"


def _skew(degrees: float) -> bytes:
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return _placed_cm((WIDTH * c, WIDTH * s, -HEIGHT * s, HEIGHT * c, 30, 10))


def _layered_scan() -> bytes:
    """Mixed raster content: a background at low resolution under a stencil of the text."""
    pdf = Pdf.new()
    page = add_page(pdf, None, Placement(b"q 500 0 0 250 0 0 cm /Bg Do Q 0 0 0.4 rg q 500 0 0 250 0 0 cm /Fg Do Q"))
    background = image_object(pdf, bytes([250]) * 125 * 63, Width=125, Height=63)
    page.Resources.XObject = Dictionary(Bg=background, Fg=stencil(pdf))
    return saved(pdf)


def _strips() -> bytes:
    """A scan in fifty strips, as some scanners write it."""
    pdf = Pdf.new()
    page = add_page(pdf)
    page.Resources.XObject = Dictionary()
    pixels, content = np.asarray(picture()), []
    for number in range(50):
        rows = np.ascontiguousarray(pixels[10 * number : 10 * number + 10])
        page.Resources.XObject[f"/S{number}"] = image_object(
            pdf, zlib.compress(rows.tobytes()), Height=10, Filter=Name.FlateDecode
        )
        content.append(f"q 500 0 0 5 0 {245 - 5 * number} cm /S{number} Do Q")
    page.Contents = pdf.make_stream("\n".join(content).encode())
    return saved(pdf)


def _inline() -> bytes:
    """A scan that stands in the content stream itself."""
    pdf = Pdf.new()
    data = zlib.compress(picture().tobytes())
    content = b"q 500 0 0 250 0 0 cm BI /W 1000 /H 500 /BPC 8 /CS /G /F /Fl /L %d ID " % len(data) + data + b"\nEI Q"
    add_page(pdf, None, Placement(content))
    return saved(pdf)


def _in_form(depth: int = 1, invoke: bytes = b"q 500 0 0 250 0 0 cm") -> Callable[[], bytes]:
    def make() -> bytes:
        pdf = Pdf.new()
        found, name = jpeg(pdf), b"/Im0"
        for _ in range(depth):
            found = pdf.make_stream(
                b"q " + name + b" Do Q", Type=Name.XObject, Subtype=Name.Form, BBox=Array([0, 0, 1, 1]),
                Resources=Dictionary(XObject=Dictionary(Im0=found)),
            )  # fmt: skip
        add_page(pdf, found, Placement(invoke + b" /Im0 Do Q"))
        return saved(pdf)

    return make


def _indirect(pdf: Pdf, page: Object) -> None:
    """Numbers, names and arrays that are objects of their own, as some drivers write them."""
    indirect: Any = pdf.make_indirect
    page.MediaBox = indirect(Array([indirect(value) for value in (0, 0, 500, 250)]))
    page.Rotate = indirect(0)
    page.Resources.XObject = pdf.make_indirect(page.Resources.XObject)
    page.Resources = pdf.make_indirect(page.Resources)
    image = page.Resources.XObject.Im0
    image.Filter = pdf.make_indirect(Array([Name.DCTDecode]))
    image.Width = indirect(1000)
    page.Contents = pdf.make_indirect(Array([page.Contents]))


def _xfa(pdf: Pdf, _page: Object) -> None:
    form = pdf.make_stream(b'<xdp:xdp xmlns:xdp="http://ns.adobe.com/xdp/"><template/></xdp:xdp>')
    pdf.Root.AcroForm = Dictionary(Fields=Array([]), XFA=Array([String("template"), form]))
    pdf.Root.NeedsRendering = True


def _latin_key(pdf: Pdf, _page: Object) -> None:
    pdf.docinfo[Name.Title] = String("Report")
    pdf.docinfo[Name("/Soci#e9t#e9")] = String("Company")


def _metadata(pdf: Pdf, _page: Object) -> None:
    pdf.Root.Metadata = pdf.make_stream(b"<x:xmpmeta/> no packet", Type=Name.Metadata, Subtype=Name.XML)


def _no_type(_pdf: Pdf, page: Object) -> None:
    del page.Resources.XObject.Im0.Type
    del page.Type


def _overlay(pdf: Pdf, page: Object) -> None:
    """An operator that no reader knows, one without operands and an unbalanced restore after the scan."""
    page.Contents = pdf.make_stream(_ON_PAGE + b"\nQ Q\n/Unknown foo\nQ 1 0 0 RG\n%comment")


def _resolution(dpi: int) -> Callable[[], bytes]:
    """The text on a page so small that its scan has ``dpi``."""
    width, height = 1000 / dpi * 72, 500 / dpi * 72
    return _placed(_placed_cm((width, 0, 0, height, 0, 0)), (0, 0, width, height))


def _aspect() -> bytes:
    """A scan of 288 by 144 dpi on the page of its paper."""
    pdf = Pdf.new()
    wide = picture().resize((2000, 500))
    add_page(pdf, image_object(pdf, zlib.compress(wide.tobytes()), Width=2000, Filter=Name.FlateDecode))
    return saved(pdf)


def _pages() -> bytes:
    """Pages of other sizes, kinds and directions."""
    pdf = Pdf.new()
    for rotate, image in ((0, jpeg(pdf)), (90, fax(pdf)), (180, palette(pdf)), (270, jbig2_image(pdf))):
        add_page(pdf, image, Rotate=rotate)
    return saved(pdf)


def _baked(quarters: int) -> Callable[[], bytes]:
    """A page whose paper lay on its side in the scanner."""

    def make() -> bytes:
        pdf = Pdf.new()
        turned = picture().rotate(90 * quarters, expand=True)
        width, height = turned.width / 2, turned.height / 2
        data = zlib.compress(turned.tobytes())
        image = image_object(pdf, data, Width=turned.width, Height=turned.height, Filter=Name.FlateDecode)
        placed = Placement(_placed_cm((width, 0, 0, height, 0, 0)), (0, 0, width, height))
        add_page(pdf, image, placed)
        return saved(pdf)

    return make


SCANS: Final[Mapping[str, Callable[[], bytes]]] = MappingProxyType(
    {
        "aspect": _aspect,
        "fine resolution": _resolution(2400),
        "coarse resolution": _resolution(72),
        "cmyk jpeg": _encoded(lambda pdf: jpeg(pdf, "CMYK")),
        "rgb jpeg": _encoded(lambda pdf: jpeg(pdf, "RGB")),
        "group 4": _encoded(fax),
        "jbig2": _encoded(jbig2_image),
        "palette": _encoded(palette),
        "separation": _encoded(separation),
        "stencil": _encoded(stencil),
        "soft mask": _encoded(soft_mask),
        "explicit mask": _encoded(explicit_mask),
        "mixed raster": _layered_scan,
        "strips": _strips,
        "inline image": _inline,
        "form": _in_form(),
        "forms in forms": _in_form(5),
        "negative zero": _in_form(invoke=b"q 500 -0 --0 250 -.0 0. cm"),
        "mirrored and turned back": _placed(b"q -1 0 0 -1 500 250 cm q -500 0 0 -250 500 250 cm /Im0 Do Q Q"),
        "unbalanced state": _placed(b"q 2 0 0 2 0 0 cm q 250 0 0 125 0 0 cm /Im0 Do"),
        "skewed by its matrix": _placed(_skew(3), (0, 0, 560, 300)),
        "skewed and rotated": _placed(_skew(-2), (0, 0, 560, 300), Rotate=90),
        "low resolution": _placed(b"q 1200 0 0 600 0 0 cm /Im0 Do Q", (0, 0, 1200, 600)),
        "poster": _placed(b"q 12000 0 0 6000 0 0 cm /Im0 Do Q", (0, 0, 12000, 6000)),
        "poster in user units": _placed(b"q 500 0 0 250 0 0 cm /Im0 Do Q", UserUnit=20),
        "on its side": _baked(1),
        "upside down": _baked(2),
        "on its other side": _baked(3),
        "pages of all kinds": _pages,
        "indirect objects": _with(_indirect),
        "xfa": _with(_xfa),
        "latin key": _with(_latin_key),
        "old metadata": _with(_metadata),
        "no types": _with(_no_type),
        "overlay": _with(_overlay),
        "object streams": _with(_indirect, object_stream_mode=ObjectStreamMode.generate),
        "linearized": _with(_indirect, linearize=True),
        "rc4": _with(_latin_key, encryption=pikepdf.Encryption(owner="o", user="", R=3, aes=False, metadata=False)),
        "aes 128": _with(_latin_key, encryption=pikepdf.Encryption(owner="o", user="", R=4)),
        "aes 256": _with(_latin_key, encryption=pikepdf.Encryption(owner="o", user="", R=6)),
    }
)  # fmt: skip
"""Documents whose text has to be recognized."""
