"""PDFs with everything that a text layer must leave alone, drawn here kind by kind."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable
from typing import Any, Final

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, OutlineItem, Page, Pdf, String
from PIL import Image, ImageCms, ImageDraw

from transformer.formats.pdf.images.encoding import group4

SIZE: Final = (200, 100)
"""Points of every page."""


def _picture(mode: str = "L") -> Image.Image:
    image = Image.new(mode, (400, 200), "white")
    pen = ImageDraw.Draw(image)
    pen.rectangle((20, 20, 120, 90), fill="black")
    pen.ellipse((200, 40, 380, 180), outline="black", width=6)
    return image


def _jpeg(pdf: Pdf, mode: str = "L", **entries: Any) -> Object:
    file = io.BytesIO()
    _picture("RGB").convert(mode).save(file, "JPEG", quality=90)
    spaces = {"L": Name.DeviceGray, "RGB": Name.DeviceRGB, "CMYK": Name.DeviceCMYK}
    return pdf.make_stream(
        file.getvalue(),
        **{
            "Type": Name.XObject,
            "Subtype": Name.Image,
            "Width": 400,
            "Height": 200,
            "BitsPerComponent": 8,
            "ColorSpace": spaces[mode],
            "Filter": Name.DCTDecode,
            **entries,
        },
    )


def add_page(pdf: Pdf, image: Object | None = None, content: bytes = b"", **entries: Any) -> Object:
    """A page that shows an image all over, and other content."""
    image = _jpeg(pdf) if image is None else image
    shown = b"q 200 0 0 100 0 0 cm /Im0 Do Q\n" + content
    page = Dictionary(
        Type=Name.Page,
        MediaBox=Array([0, 0, *SIZE]),
        Contents=pdf.make_stream(zlib.compress(shown), Filter=Name.FlateDecode),
        Resources=Dictionary(XObject=Dictionary(Im0=image)),
        **entries,
    )
    pdf.pages.append(Page(page))
    return pdf.pages[-1].obj


def _saved(pdf: Pdf, **options: Any) -> bytes:
    out = io.BytesIO()
    pdf.save(out, static_id=True, **options)
    return out.getvalue()


def _with(change: Callable[[Pdf, Object], object], **options: Any) -> Callable[[], bytes]:
    def make() -> bytes:
        pdf = Pdf.new()
        change(pdf, add_page(pdf))
        return _saved(pdf, **options)

    return make


def _image(**entries: Any) -> Callable[[], bytes]:
    def make() -> bytes:
        pdf = Pdf.new()
        add_page(pdf, _jpeg(pdf, **entries))
        return _saved(pdf)

    return make


def _bookmarks(pdf: Pdf, page: Object) -> None:
    with pdf.open_outline() as outline:
        outline.root.append(OutlineItem("Chapter 1", 0))
    pdf.Root.Names = Dictionary(Dests=Dictionary(Names=Array([String("start"), Array([page, Name.Fit])])))


def _links(pdf: Pdf, page: Object) -> None:
    action = Dictionary(S=Name.URI, URI=String("https://example.org/"))
    page.Annots = Array(
        [pdf.make_indirect(Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=Array([1, 1, 90, 9]), A=action))]
    )


def _form(pdf: Pdf, page: Object) -> None:
    field = pdf.make_indirect(
        Dictionary(
            Type=Name.Annot, Subtype=Name.Widget, FT=Name.Tx, T=String("name"), V=String("value (1)"), P=page,
            Rect=Array([10, 10, 90, 30]),
        )
    )  # fmt: skip
    page.Annots = Array([field])
    pdf.Root.AcroForm = Dictionary(Fields=Array([field]), DA=String("/Helv 0 Tf 0 g"))


def _attachment(pdf: Pdf, _page: Object) -> None:
    pdf.attachments["invoice.xml"] = pikepdf.AttachedFileSpec(pdf, b"<invoice/>", mime_type="text/xml")


def _tags(pdf: Pdf, page: Object) -> None:
    root = pdf.make_indirect(Dictionary(Type=Name.StructTreeRoot))
    root.K = Array([pdf.make_indirect(Dictionary(Type=Name.StructElem, S=Name.Figure, P=root, Pg=page, K=0))])
    pdf.Root.StructTreeRoot = root
    pdf.Root.MarkInfo = Dictionary(Marked=True)


def _layers(pdf: Pdf, page: Object) -> None:
    group = pdf.make_indirect(Dictionary(Type=Name.OCG, Name=String("Drawing")))
    pdf.Root.OCProperties = Dictionary(OCGs=Array([group]), D=Dictionary(ON=Array([group])))
    page.Resources.Properties = Dictionary(MC0=group)


def _metadata(pdf: Pdf, _page: Object) -> None:
    pdf.docinfo[Name.Title] = String("Report")
    with pdf.open_metadata() as metadata:
        metadata["dc:title"] = "Report"
    pdf.Root.PageLabels = Dictionary(Nums=Array([0, Dictionary(S=Name.r)]))
    pdf.Root.Lang = String("de")


def _inherited(pdf: Pdf, page: Object) -> None:
    pages = pdf.Root.Pages
    pages.Resources, pages.MediaBox, pages.Rotate = page.Resources, page.MediaBox, 90
    del page.Resources
    del page.MediaBox


def _shared(pdf: Pdf, page: Object) -> None:
    page.Resources = pdf.make_indirect(Dictionary(dict(page.Resources.items())))
    page.Resources.Font = pdf.make_indirect(
        Dictionary(T0=Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica))
    )
    second = add_page(pdf, content=b"BT /T0 12 Tf 10 10 Td (shared) Tj ET")
    second.Resources = page.Resources


def _split_content(pdf: Pdf, page: Object) -> None:
    page.Contents = pdf.make_indirect(
        Array([pdf.make_stream(b"q 200 0 0 "), pdf.make_stream(b"100 0 0 cm /Im0 Do Q q 2 0 0 2 5 5 cm")])
    )


def _no_content(_pdf: Pdf, page: Object) -> None:
    del page.Contents


def _icc() -> bytes:
    pdf = Pdf.new()
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    add_page(pdf, _jpeg(pdf, "RGB", ColorSpace=Array([Name.ICCBased, pdf.make_stream(profile, N=3)])))
    return _saved(pdf)


def _fax() -> bytes:
    import numpy as np  # noqa: PLC0415

    pdf = Pdf.new()
    image = group4(np.where(np.asarray(_picture()) < 128, 0, 255).astype(np.uint8))
    parameters = Dictionary(K=-1, BlackIs1=True, Columns=400, Rows=200)
    add_page(
        pdf,
        pdf.make_stream(
            image.data, Type=Name.XObject, Subtype=Name.Image, Width=400, Height=200, BitsPerComponent=1,
            ColorSpace=Name.DeviceGray, Filter=Name.CCITTFaxDecode, DecodeParms=parameters,
        ),
    )  # fmt: skip
    return _saved(pdf)


def _jpeg_2000() -> bytes:
    file = io.BytesIO()
    _picture().save(file, "JPEG2000")
    pdf = Pdf.new()
    entries = {"Type": Name.XObject, "Subtype": Name.Image, "Width": 400, "Height": 200, "Filter": Name.JPXDecode}
    add_page(pdf, pdf.make_stream(file.getvalue(), **entries))
    return _saved(pdf)


def _page(**entries: Any) -> Callable[[], bytes]:
    def make() -> bytes:
        pdf = Pdf.new()
        page = add_page(pdf)
        for key, value in entries.items():
            page[f"/{key}"] = value
        return _saved(pdf)

    return make


def many_pages(count: int) -> bytes:
    """A document of many pages that share one image."""
    pdf = Pdf.new()
    image = _jpeg(pdf)
    for _ in range(count):
        add_page(pdf, image)
    return _saved(pdf)


KINDS: Final[dict[str, Callable[[], bytes]]] = {
    "bookmarks": _with(_bookmarks),
    "links": _with(_links),
    "form": _with(_form),
    "attachment": _with(_attachment),
    "tags": _with(_tags),
    "layers": _with(_layers),
    "metadata": _with(_metadata),
    "inherited": _with(_inherited),
    "shared": _with(_shared),
    "split content": _with(_split_content),
    "no content": _with(_no_content),
    "object streams": _with(_bookmarks, object_stream_mode=pikepdf.ObjectStreamMode.generate),
    "linearized": _with(_bookmarks, linearize=True),
    "cmyk": _image(mode="CMYK"),
    "icc": _icc,
    "bilevel": _fax,
    "jpeg 2000": _jpeg_2000,
    "rotated": _page(Rotate=90),
    "upside down": _page(Rotate=-180),
    "odd rotation": _page(Rotate=30),
    "cropped": _page(CropBox=Array([50, 25, 150, 75])),
    "offset": _page(MediaBox=Array([-100, 300, 100, 400])),
    "reversed box": _page(MediaBox=Array([200, 100, 0, 0])),
    "user unit": _page(UserUnit=2),
}


def encrypted(*, user: str = "", owner: str = "owner") -> bytes:
    """A document that must not be printed; encrypted with AES, 256 bits."""
    pdf = Pdf.new()
    _metadata(pdf, add_page(pdf))
    out = io.BytesIO()
    pdf.save(out, encryption=pikepdf.Encryption(user=user, owner=owner, allow=pikepdf.Permissions(print_highres=False)))
    return out.getvalue()


def signed() -> bytes:
    """A document with a signature field that has a value, though not one that any reader would verify."""
    pdf = Pdf.new()
    page = add_page(pdf)
    value = pdf.make_indirect(Dictionary(Type=Name.Sig, Filter=Name("/Adobe.PPKLite"), Contents=String("signature")))
    field = Dictionary(Subtype=Name.Widget, FT=Name.Sig, T=String("Signature1"), V=value, Rect=Array([0, 0, 0, 0]))
    page.Annots = Array([pdf.make_indirect(field)])
    pdf.Root.AcroForm = Dictionary(Fields=page.Annots, SigFlags=3)
    return _saved(pdf)


def scripted() -> bytes:
    """A document that runs JavaScript when it is opened."""
    pdf = Pdf.new()
    add_page(pdf)
    pdf.Root.OpenAction = Dictionary(S=Name.JavaScript, JS=String("app.alert(1)"))
    return _saved(pdf)
