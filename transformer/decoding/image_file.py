"""Image files through Pillow, restricted to the detected format."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import BinaryIO, Final

from msgspec import Struct
from PIL import (
    AvifImagePlugin,
    ExifTags,
    Image,
    Jpeg2KImagePlugin,
    TiffImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)

from kserve_ocr.protocol.errors import OcrError
from transformer.decoding.frames import PageFrames, webp_canvas
from transformer.decoding.limits import Size, check_page
from transformer.decoding.page import Page, damaged_document, no_memory, resolution, square
from transformer.decoding.pixels import to_array, turned
from transformer.decoding.sniff import FileType

# Sizes are checked here, against limits that are set per service and before anything is allocated.
Image.MAX_IMAGE_PIXELS = None
# One page is one job: parallelism is the worker pool's.
AvifImagePlugin.DEFAULT_MAX_THREADS = 1

_FORMATS: Final[dict[FileType, str]] = {
    "png": "PNG",
    "jpeg": "JPEG",
    "tiff": TiffImagePlugin.TiffImageFile.format,
    "webp": WebPImagePlugin.WebPImageFile.format,
    "bmp": "BMP",
    "gif": "GIF",
    "jp2": Jpeg2KImagePlugin.Jpeg2KImageFile.format,
    "avif": AvifImagePlugin.AvifImageFile.format,
    "heif": "HEIF",
    "pnm": "PPM",
}

_WHITE_IS_ZERO = 0
_OUT_OF_MEMORY = ("out of memory", "Memory allocation", "Cannot allocate memory")
"""In messages of decoders that raise no MemoryError."""
_MEANINGLESS_DPI = (72, 96)
_LONGEST_PAPER = 24
"""Inches."""
_LAST_LEVEL = 4
"""The last EXIF orientation that leaves rows level."""

logging.getLogger("PIL").setLevel(logging.CRITICAL)  # problems of a document are reported to the client, not logged


class ImageHeader(Struct, frozen=True):
    """What an image file says of one of its pages."""

    frame: int
    """From 0, thumbnails and masks included."""
    orientation: int
    """EXIF orientation, 1-8."""
    resolution: tuple[int, int] | None
    """Pixels per inch across and down, of the page as viewers show it; None if absent or absurd."""


class ImageDocument:
    """An image file as pages; implements :class:`~transformer.decoding.page.Document`."""

    def __init__(self, file: BinaryIO, kind: FileType, *, page_pixels: int) -> None:
        """Open a seekable file of a detected type, which must stay open as long as this object.

        Raises DamagedDocumentError, or TooManyPixelsError for a kind whose canvas is allocated on opening.
        """
        if kind == "heif":
            _accept_heif()
        self._kind = kind
        with _pillow(f"the {_FORMATS[kind]} file", 1):
            if kind == "webp":
                check_page(1, webp_canvas(file), page_pixels)
            file.seek(0)
            self._image = Image.open(file, formats=[_FORMATS[kind]])
            self._frames = PageFrames(self._image)

    @property
    def warning(self) -> str:
        """What of the file is not read; empty if there is nothing."""
        left_out = self._frames.left_out
        return f"smaller pictures in the file ({left_out}), such as previews, were not read" if left_out else ""

    def sizes(self) -> Iterator[Size]:
        """Sizes of the pages, frame after frame; see the protocol."""
        yield from self._frames.sizes()

    def decode(self, number: int, *, page_pixels: int) -> Page:
        """Decode one page; see the protocol."""
        image = self._image
        with _pillow(f"page {number}", number):
            self._frames.show(number)
            check_page(number, image.size, page_pixels)
            white_is_zero = _white_is_zero(image)
            shown = _shown_resolution(image)
            image.load()
            pixels = to_array(image, white_is_zero=white_is_zero)
            # Pillow has turned a TIFF while loading it.
            orientation = 1 if self._kind == "tiff" else _orientation(image)
            dpi, stretch = _resolution(image)
            return Page(turned(pixels, orientation), dpi, stretch, orientation, shown)

    def header(self, number: int) -> ImageHeader:
        """What the file says of a page that :meth:`sizes` or :meth:`decode` would give. Raises DamagedDocumentError."""
        image = self._image
        with _pillow(f"page {number}", number):
            frame = self._frames.show(number)
            return ImageHeader(frame, _stated_orientation(image), _shown_resolution(image))

    def close(self) -> None:
        """Release the image; the file stays the caller's."""
        self._image.close()


@cache
def _accept_heif() -> None:
    """Have Pillow open HEIC files, which it leaves to a library."""
    import pi_heif  # noqa: PLC0415  # a rare module of decode workers

    pi_heif.register_heif_opener(decode_threads=1, thumbnails=False, depth_images=False, aux_images=False)


@contextmanager
def _pillow(place: str, number: int) -> Iterator[None]:
    """Guard for Pillow on untrusted bytes: any exception means a damaged file; warnings are ignored."""
    try:
        with warnings.catch_warnings(action="ignore"):
            yield
    except OcrError:
        raise
    except MemoryError:
        raise no_memory(number) from None
    except Exception as error:
        if isinstance(error, UnidentifiedImageError):  # Pillow's message would contain a path of the server
            error = ValueError("its header makes no sense")
        if any(words in str(error) for words in _OUT_OF_MEMORY):
            raise no_memory(number) from error
        raise damaged_document(place, error) from error


def _white_is_zero(image: Image.Image) -> bool:
    if not isinstance(image, TiffImagePlugin.TiffImageFile):
        return False
    return bool(image.tag_v2.get(TiffImagePlugin.PHOTOMETRIC_INTERPRETATION) == _WHITE_IS_ZERO)


def _orientation(image: Image.Image) -> int:
    with suppress(Exception):  # ignore damaged EXIF data
        value = image.getexif().get(ExifTags.Base.Orientation, 1)
        return value if value in range(1, 9) else 1
    return 1


def _stated_orientation(image: Image.Image) -> int:
    """EXIF orientation of a frame that is not loaded: Pillow turns a TIFF then, and forgets it."""
    if not isinstance(image, TiffImagePlugin.TiffImageFile):
        return _orientation(image)
    with suppress(TypeError, ValueError):  # a damaged tag
        return int(image.tag_v2.get(ExifTags.Base.Orientation, 1))
    return 1


def _shown_resolution(image: Image.Image) -> tuple[int, int] | None:
    """The stated resolution across and down of the page as viewers show it."""
    stated = _stated_resolution(image)
    return stated[::-1] if stated and _stated_orientation(image) > _LAST_LEVEL else stated


def _resolution(image: Image.Image) -> tuple[int | None, tuple[float, float]]:
    """Resolution with square pixels, and the stretch that makes them so."""
    stated = _stated_resolution(image)
    return square(*stated) if stated else (None, (1.0, 1.0))


def _stated_resolution(image: Image.Image) -> tuple[int, int] | None:
    stated = resolution(image.info.get("dpi"))
    # Cameras and editors write 72 or 96 without knowing the resolution: pages of metres do not exist.
    if stated is None or (stated[0] in _MEANINGLESS_DPI and max(image.size) > _LONGEST_PAPER * stated[0]):
        return None
    return stated
