"""Pages that the tests draw, and files made of them."""

from __future__ import annotations

import base64
import io
from typing import Any

from PIL import Image, ImageDraw, ImageFont

LINE = "The quick brown fox jumps over 13 lazy dogs"
PARAGRAPH = (
    "Every page of this book was drawn by the test that reads it.",
    "The words are plain and the letters stand on straight lines,",
    "so that nobody who reads them has an excuse for a mistake.",
)


def draw_line(text: str = LINE, *, size: int = 28, font_file: str = "") -> Image.Image:
    """One line of black text on white, grey pixels."""
    font = ImageFont.truetype(font_file, size) if font_file else ImageFont.load_default(size=size)
    width = int(font.getlength(text)) + 4 * size
    image = Image.new("L", (width, 3 * size), 255)
    ImageDraw.Draw(image).text((2 * size, size // 2), text, font=font, fill=0)
    return image


def draw_page(lines: tuple[str, ...] = PARAGRAPH, *, size: int = 36, width: int = 1400) -> Image.Image:
    """Lines of black text on white with margins."""
    font = ImageFont.load_default(size=size)
    image = Image.new("L", (width, (len(lines) + 4) * size * 2), 255)
    draw = ImageDraw.Draw(image)
    for number, line in enumerate(lines):
        draw.text((3 * size, (number + 2) * size * 2), line, font=font, fill=0)
    return image


def encode(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    """The image as a file of that kind."""
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def encode_frames(images: list[Image.Image], **options: Any) -> bytes:
    """A TIFF with one frame an image."""
    return encode(images[0], "TIFF", save_all=True, append_images=images[1:], **options)


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def v2_body(*documents: bytes, **more: Any) -> dict[str, Any]:
    """The body that the older gateway posts, with any other keys next to ``inputs``."""
    data = [b64(document) for document in documents]
    tensor = {"name": "input-0", "shape": [len(data)], "datatype": "BYTES", "data": data}
    return {"inputs": [{**tensor, "parameters": {"content_type": "base64"}}], **more}
