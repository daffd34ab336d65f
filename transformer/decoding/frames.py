"""The frames of an image file that are pages, and their sizes, before any pixel is decoded."""

from __future__ import annotations

import struct
import warnings
from collections.abc import Iterator
from typing import BinaryIO, Final

from PIL import Image, MpoImagePlugin, TiffImagePlugin

from transformer.decoding.limits import Size

_NEW_SUBFILE_TYPE: Final = 254
_REDUCED_OR_MASK: Final = 0b101
"""Bits of that tag of TIFF: a smaller copy of another page, a transparency mask."""
_SIZE_PER_FRAME: Final = ("HEIF", MpoImagePlugin.MpoImageFile.format)
"""Formats whose frames differ in size; the others have one canvas."""


class PageFrames:
    """The frames of an opened image that are pages; found one by one, as a long file may not be read to its end.

    Copies in reduced size and masks of a TIFF are none. Nor are pictures of another size after the first of a JPEG
    (CIPA DC-007): those are previews, depth maps and the like. Every frame of the other formats is one.
    """

    def __init__(self, image: Image.Image) -> None:
        self._image = image
        self._is_tiff = isinstance(image, TiffImagePlugin.TiffImageFile)
        self._count = 0 if self._is_tiff else _count(image)
        """Number of frames; of a TIFF it is not known before the last one was found."""
        self._examined = 0
        self._pages: list[tuple[int, Size]] = []
        """Frame number and size of the pages found so far."""
        self.left_out = 0
        """Pictures of a JPEG that are no pages."""
        if isinstance(image, MpoImagePlugin.MpoImageFile):
            while self._find():
                pass
            own = [page for page in self._pages if page[1] == self._pages[0][1]]
            self.left_out = len(self._pages) - len(own)
            self._pages = own

    def sizes(self) -> Iterator[Size]:
        """Sizes of the pages; ``(0, 0)`` for one whose header is damaged."""
        yield from [size for _, size in self._pages]
        while self._find():
            yield self._pages[-1][1]

    def show(self, number: int) -> int:
        """Make a page, counted from 1, the image's current frame; returns the number of that frame, from 0.

        Raises IndexError if there is no such page, and what Pillow raises for a damaged one.
        """
        while len(self._pages) < number and self._find():
            pass
        frame, _ = self._pages[number - 1]
        if self._is_tiff or self._count > 1:
            self._image.seek(frame)
        return frame

    def _find(self) -> bool:
        """Find one more page."""
        return self._find_in_tiff() if self._is_tiff else self._find_frame()

    def _find_frame(self) -> bool:
        frame = self._examined
        if frame >= self._count:
            return False
        self._examined += 1
        if frame and self._image.format in _SIZE_PER_FRAME:
            self._image.seek(frame)
        self._pages.append((frame, self._image.size))
        return True

    def _find_in_tiff(self) -> bool:
        size = (0, 0)
        while True:
            frame, self._examined = self._examined, self._examined + 1
            page = True
            try:
                with warnings.catch_warnings(action="ignore"):
                    self._image.seek(frame)
                    size = self._image.size
                    page = not int(self._image.tag_v2.get(_NEW_SUBFILE_TYPE, 0)) & _REDUCED_OR_MASK  # type: ignore[attr-defined]
            except EOFError:
                return False
            except Exception:  # noqa: S110 - a damaged directory is an error once its page is wanted
                pass
            if page or not frame:
                self._pages.append((frame, size))
                return True


def _count(image: Image.Image) -> int:
    """Number of frames; 1 if the file is damaged where it lists them."""
    try:
        return int(getattr(image, "n_frames", 1))
    except Exception:
        return 1


def webp_canvas(file: BinaryIO) -> Size:
    """Width and height from the first chunk of a WebP file (RFC 9649, section 2): opening allocates the canvas twice.

    Raises ValueError.
    """
    file.seek(12)
    chunk = file.read(18)
    match chunk[:4]:
        case b"VP8X" if len(chunk) == 18:
            return _24_bits(chunk[12:15]) + 1, _24_bits(chunk[15:18]) + 1
        case b"VP8L" if len(chunk) >= 13:
            (bits,) = struct.unpack_from("<I", chunk, 9)
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8 " if len(chunk) == 18:
            width, height = struct.unpack_from("<HH", chunk, 14)
            return width & 0x3FFF, height & 0x3FFF
    raise ValueError("no WebP image chunk")


def _24_bits(data: bytes) -> int:
    return int.from_bytes(data, "little")
