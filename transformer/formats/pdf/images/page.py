"""Pages that show one image: new ones at the image's own resolution in both directions, and redrawn ones."""

from __future__ import annotations

import zlib
from typing import Any, Final

from msgspec.structs import replace
from pikepdf import Array, Dictionary, Name, Object, Page, Pdf

from transformer.formats.common import number
from transformer.formats.pdf.images.encoding import PageImage
from transformer.formats.pdf.text_layer.page_geometry import Box, Matrix, view_to_page

DEFAULT_DPI: Final = 300.0
POINTS_PER_INCH: Final = 72.0
LONGEST_SIDE: Final = 14_400.0
"""Points; what readers take for the longest side of a page."""

_DEVICE_SPACES: Final = {1: Name.DeviceGray, 3: Name.DeviceRGB, 4: Name.DeviceCMYK}
_QUARTER_TURNED: Final = frozenset({5, 6, 7, 8})
_ROTATE: Final = {3: 180, 6: 90, 8: 270}
"""Clockwise degrees for those EXIF orientations that are rotations."""
_MIRRORED: Final = {
    2: (-1, 0, 0, 1, 1, 0),
    4: (1, 0, 0, -1, 0, 1),
    5: (0, -1, -1, 0, 1, 1),
    7: (0, 1, 1, 0, 0, 0),
}
"""Where the unit square goes on a page of 1 by 1 for the others, as PDF's a b c d e f."""


def add_image_page(pdf: Pdf, image: PageImage, *, dpi: tuple[float, float] | None) -> None:
    """Append a page that shows ``image`` as its orientation says.

    ``dpi`` are the pixels per inch of the page as shown, across and down; None for :data:`DEFAULT_DPI`.
    """
    across, down = dpi or (DEFAULT_DPI, DEFAULT_DPI)
    rotate = _ROTATE.get(image.orientation, 0)
    turned = image.orientation in _QUARTER_TURNED
    shown = (image.height, image.width) if turned else (image.width, image.height)
    size = (shown[0] / across * POINTS_PER_INCH, shown[1] / down * POINTS_PER_INCH)
    scale = min(1.0, LONGEST_SIDE / max(size))
    width, height = size[0] * scale, size[1] * scale
    if rotate % 180:
        width, height = height, width
    a, b, c, d, e, f = _MIRRORED.get(image.orientation, (1, 0, 0, 1, 0, 0))
    placed = (a * width, b * height, c * width, d * height, e * width, f * height)
    content, images = _shown(pdf, image)
    page = Dictionary(
        Type=Name.Page,
        MediaBox=Array([0, 0, round(width, 4), round(height, 4)]),
        Contents=pdf.make_stream(f"q {' '.join(number(value, 4) for value in placed)} cm {content} Q".encode()),
        Resources=Dictionary(XObject=images),
    )
    if rotate:
        page.Rotate = rotate
    pdf.pages.append(Page(page))


def redraw(pdf: Pdf, page: Object, image: PageImage, *, box: Box, rotate: int) -> None:
    """Replace the content of a page by a picture of it, as viewers show it; annotations stay.

    ``box`` is the part of the page that viewers show, ``rotate`` its clockwise rotation.
    """
    matrix = Matrix(1, 0, 0, -1, 0, 1).then(view_to_page((1, 1), box, rotate))
    content = f"q {' '.join(number(value, 4) for value in matrix)} cm /Im Do Q".encode()
    page.Contents = pdf.make_stream(content)
    page.Resources = Dictionary(XObject=Dictionary(Im=_image_object(pdf, image)))


def _shown(pdf: Pdf, image: PageImage) -> tuple[str, Dictionary]:
    """The operators that show an image in the unit square, and the objects that they name."""
    if not image.strips:
        return "/Im Do", Dictionary(Im=_image_object(pdf, image))
    operators, objects = [], Dictionary()
    for index, strip in enumerate(image.strips):
        top = index * image.strip_height
        height = min(image.strip_height, image.height - top)
        part = replace(image, data=strip, height=height, strips=(), strip_height=0)
        objects[f"/Im{index}"] = _image_object(pdf, part)
        share, bottom = height / image.height, 1 - (top + height) / image.height
        operators.append(f"q 1 0 0 {number(share, 8)} 0 {number(bottom, 8)} cm /Im{index} Do Q")
    return " ".join(operators), objects


def _image_object(pdf: Pdf, image: PageImage) -> Object:
    entries: dict[str, Any] = {
        "Type": Name.XObject,
        "Subtype": Name.Image,
        "Width": image.width,
        "Height": image.height,
        "Filter": Name(f"/{image.filter}"),
    }
    if image.filter != "JPXDecode":  # which knows both from its own header
        entries["ColorSpace"] = _color_space(pdf, image)
        entries["BitsPerComponent"] = image.bits
    if image.filter == "CCITTFaxDecode":
        # A set bit is black in the file; it is white in DeviceGray unless the decoder turns it round.
        entries["DecodeParms"] = Dictionary(K=-1, BlackIs1=not image.inverted, Columns=image.width, Rows=image.height)
    elif image.inverted:
        entries["Decode"] = Array([1, 0] * image.channels)
    if image.filter == "FlateDecode":
        entries["DecodeParms"] = Dictionary(
            Predictor=15, Colors=image.channels, Columns=image.width, BitsPerComponent=image.bits
        )
    return pdf.make_stream(image.data, **entries)


def _color_space(pdf: Pdf, image: PageImage) -> Any:
    if image.palette is not None:
        return Array([Name.Indexed, Name.DeviceRGB, len(image.palette) // 3 - 1, image.palette])
    device = _DEVICE_SPACES[image.channels]
    if image.profile is None:
        return device
    profile = pdf.make_stream(
        zlib.compress(image.profile, 9), N=image.channels, Alternate=device, Filter=Name.FlateDecode
    )
    return Array([Name.ICCBased, profile])
