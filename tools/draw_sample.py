"""Draw the sample page that ``make run`` reads: ``python tools/draw_sample.py samples/letter.png``."""

from __future__ import annotations

import sys

from PIL import Image, ImageDraw, ImageFont

TITLE = "The Harbour Library"
BODY = """To everyone who borrows from us,

from the first Monday of March the reading room opens at
nine and closes at seven. Books may be returned at any hour
through the brass flap beside the door, which has been oiled
and no longer bites.

The 214 maps that were lent to the lighthouse are back. Ask
at the desk to see them; the largest is 3.5 metres wide and
needs two people and a dry table.

With kind regards from all of us between the shelves."""


def main(path: str) -> None:
    """Draw the letter on an A5 page at 200 dpi and save it."""
    page = Image.new("L", (1166, 1000), 255)
    draw = ImageDraw.Draw(page)
    draw.text((100, 80), TITLE, font=ImageFont.load_default(size=52), fill=0)
    draw.multiline_text((100, 190), BODY, font=ImageFont.load_default(size=34), fill=0, spacing=20)
    page.convert("1").save(path, optimize=True)


if __name__ == "__main__":
    main(sys.argv[1])
