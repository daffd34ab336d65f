"""Documents that a program wrote and that have text or drawings of their own, or nothing at all."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from pikepdf import Array, Dictionary, Encryption, Name, Object, Page, Pdf, String
from PIL import Image, ImageDraw, ImageFont

from tests.transformer.formats.pdf.documents.scans import saved

TEXT: Final = "Words of its own"


def _helvetica(**entries: Any) -> Dictionary:
    return Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica, **entries)


def _add(pdf: Pdf, content: bytes, font: Object | None = None, **entries: Any) -> Object:
    page = Dictionary(
        Type=Name.Page,
        MediaBox=Array([0, 0, 400, 200]),
        Contents=pdf.make_stream(content),
        Resources=Dictionary(Font=Dictionary(F0=font if font is not None else _helvetica())),
        **entries,
    )
    pdf.pages.append(Page(page))
    return pdf.pages[-1].obj


def _shown(text: bytes = b"(Words of its own)") -> bytes:
    return b"BT /F0 18 Tf 40 100 Td " + text + b" Tj ET"


def _document(content: bytes, font: Callable[[Pdf], Object] | None = None, **entries: Any) -> Callable[[], bytes]:
    def make() -> bytes:
        pdf = Pdf.new()
        _add(pdf, content, font(pdf) if font else None, **entries)
        return saved(pdf)

    return make


def _with(change: Callable[[Pdf, Object], object], **options: Any) -> Callable[[], bytes]:
    def make() -> bytes:
        pdf = Pdf.new()
        change(pdf, _add(pdf, _shown()))
        return saved(pdf, **options)

    return make


def _links(pdf: Pdf, page: Object) -> None:
    second = _add(pdf, _shown(b"(The second page)"))
    annotation = Dictionary(
        Type=Name.Annot, Subtype=Name.Link, Rect=Array([0, 0, 99, 99]), Dest=Array([second, Name.Fit])
    )
    page.Annots = Array([pdf.make_indirect(annotation)])


def _dense(pdf: Pdf, _page: Object) -> None:
    for number in range(9):
        rows = b" ".join(b"(%d.%d some words in a row of it) Tj 0 -9 Td" % (number, row) for row in range(18))
        _add(pdf, b"BT /F0 8 Tf 20 180 Td " + rows + b" ET")


def _form(pdf: Pdf, page: Object) -> None:
    look = pdf.make_stream(
        b"BT /F0 12 Tf 2 2 Td (filled in) Tj ET", Type=Name.XObject, Subtype=Name.Form, BBox=Array([0, 0, 100, 20]),
        Resources=Dictionary(Font=Dictionary(F0=_helvetica())),
    )  # fmt: skip
    field = Dictionary(
        Type=Name.Annot, Subtype=Name.Widget, FT=Name.Tx, T=String("field"), V=String("filled in"), P=page,
        Rect=Array([40, 20, 140, 40]), AP=Dictionary(N=look), F=4,
    )  # fmt: skip
    page.Annots = Array([pdf.make_indirect(field)])
    pdf.Root.AcroForm = Dictionary(Fields=page.Annots, DA=String("/Helv 0 Tf 0 g"))


def _tagged(pdf: Pdf, page: Object) -> None:
    page.Contents = pdf.make_stream(b"/P <</MCID 0>> BDC " + _shown() + b" EMC")
    page.StructParents = 0
    root = pdf.make_indirect(Dictionary(Type=Name.StructTreeRoot))
    paragraph = pdf.make_indirect(Dictionary(Type=Name.StructElem, S=Name.P, P=root, Pg=page, K=0))
    root.K = Array([paragraph])
    root.ParentTree = Dictionary(Nums=Array([0, Array([paragraph])]))
    pdf.Root.StructTreeRoot, pdf.Root.MarkInfo = root, Dictionary(Marked=True)


def _drawn_letters() -> bytes:
    """Text as outlines: each run of dark pixels of a drawn line as a rectangle."""
    image = Image.new("L", (400, 60), 255)
    ImageDraw.Draw(image).text((10, 10), "Outlines of letters", font=ImageFont.load_default(size=32), fill=0)
    found, start = [], None
    for row in range(image.height):
        for column in range(image.width + 1):
            dark = column < image.width and image.getpixel((column, row)) < 128  # type: ignore[operator]
            if dark and start is None:
                start = column
            elif not dark and start is not None:
                found.append(b"%d %d %d 1 re" % (start, 150 - row, column - start))
                start = None
    return b"\n".join(found) + b" f"


def _type3(pdf: Pdf) -> Object:
    """A font of drawings without names that mean anything."""
    glyph = pdf.make_stream(b"600 0 0 0 500 700 d1 0 0 500 700 re f")
    return pdf.make_indirect(
        Dictionary(
            Type=Name.Font, Subtype=Name.Type3, FontBBox=Array([0, 0, 500, 700]),
            FontMatrix=Array([0.001, 0, 0, 0.001, 0, 0]),
            CharProcs=Dictionary(g0=glyph), Encoding=Dictionary(Differences=Array([1, Name.g0])),
            FirstChar=1, LastChar=1,
            Widths=Array([600]), Resources=Dictionary(),
        )
    )  # fmt: skip


def _unmapped(pdf: Pdf) -> Object:
    """A CID font that is not embedded and whose codes mean nothing outside it."""
    system = Dictionary(Registry=String("Adobe"), Ordering=String("Identity"), Supplement=0)
    descriptor = pdf.make_indirect(
        Dictionary(
            Type=Name.FontDescriptor, FontName=Name.Lost, Flags=4, FontBBox=Array([0, 0, 1000, 1000]), ItalicAngle=0,
            Ascent=800, Descent=-200, CapHeight=700, StemV=80,
        )
    )  # fmt: skip
    child = Dictionary(
        Type=Name.Font, Subtype=Name.CIDFontType2, BaseFont=Name.Lost, CIDSystemInfo=system, FontDescriptor=descriptor
    )
    return Dictionary(
        Type=Name.Font, Subtype=Name.Type0, BaseFont=Name.Lost, Encoding=Name("/Identity-H"),
        DescendantFonts=Array([pdf.make_indirect(child)]),
    )  # fmt: skip


def _no_font(_pdf: Pdf, page: Object) -> None:
    """Text in a font that the resources do not name, on a page whose resources come from nowhere."""
    del page.Resources


def _no_box(_pdf: Pdf, page: Object) -> None:
    del page.MediaBox


def _logo(pdf: Pdf, page: Object) -> None:
    image = pdf.make_stream(
        zlib.compress(bytes(range(256)) * 4), Type=Name.XObject, Subtype=Name.Image, Width=32, Height=32,
        BitsPerComponent=8, ColorSpace=Name.DeviceGray, Filter=Name.FlateDecode,
    )  # fmt: skip
    page.Resources.XObject = Dictionary(Logo=image)
    page.Contents = Array([page.Contents, pdf.make_stream(b" q 40 0 0 40 340 150 cm /Logo Do Q")])


def _cut_stream(pdf: Pdf, page: Object) -> None:
    """Flate data that ends early: what was decoded is shown."""
    data = zlib.compress(_shown() + b" % " + bytes(range(32, 126)) * 20)
    page.Contents = pdf.make_stream(data[:-12], Filter=Name.FlateDecode)


def _latin_text() -> bytes:
    return "Déjà vu, garçon".encode("cp1252")


NATIVE: Final[Mapping[str, Callable[[], bytes]]] = MappingProxyType(
    {
        "text": _document(_shown()),
        "dense": _with(_dense),
        "accents": _document(
            _shown(b"(" + _latin_text() + b")"), lambda _pdf: _helvetica(Encoding=Name.WinAnsiEncoding)
        ),
        "links": _with(_links),
        "form": _with(_form),
        "tagged": _with(_tagged),
        "logo": _with(_logo),
        "cut stream": _with(_cut_stream),
        "no box": _with(_no_box),
        "rotated": _document(_shown(), Rotate=90),
        "user unit": _document(_shown(), UserUnit=3),
        "aes 256": _with(_logo, encryption=Encryption(owner="o", user="", R=6)),
    }
)
"""Documents whose own text is used."""

DRAWINGS: Final[Mapping[str, Callable[[], bytes]]] = MappingProxyType(
    {
        "blank": _document(b""),
        "spaces": _document(b"\n \t"),
        "type 3 font": _document(_shown(b"<0101010101010101>"), _type3),
        "unmapped font": _document(_shown(b"<0001000200030004000500060007>"), _unmapped),
        "no resources": _with(_no_font),
        "outlines": _document(_drawn_letters()),
        "empty box": _document(_shown(b"()"), CropBox=Array([5, 5, 5, 5])),
        "tiny page": _document(b"", CropBox=Array([0, 0, 1, 1])),
        "no content": _with(lambda _pdf, page: page.__delitem__("/Contents")),
        "null content": _with(lambda _pdf, page: page.__setitem__("/Contents", Array([]))),
    }
)
"""Documents without text of their own that means anything."""
