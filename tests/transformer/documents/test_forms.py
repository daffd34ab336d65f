"""A drawn form through both services: what rules touch is read, too."""

from __future__ import annotations

from PIL import Image, ImageDraw, ImageFont

from tests.support.drawn_pages import encode
from tests.support.http_calls import outputs_of, upload
from tests.support.scripts import DEJAVU
from tools.local_stack import Service

FONT = ImageFont.truetype(DEJAVU, 12)
"""As small as print is on a scan of 100 dpi: the preparation enlarges it."""
PLAIN = (
    "The sales force of each region will complete this report",
    "and return it to the home office by the end of the month.",
)
HEADING = "Direct Accounts and Chains Headquartered within the Region"
LABELS = (("JUNE 29", "SEPT 21"), ("AUG 10", "NOV 9"), ("JAN 12", "FEB 26"), ("MAY 30", "OCT 15"))


def test_an_underlined_heading_and_labels_beside_boxes_are_read(service: Service) -> None:
    page = Image.new("L", (760, 460), 255)
    pen = ImageDraw.Draw(page)
    for number, text in enumerate(PLAIN):
        pen.text((60, 40 + 24 * number), text, font=FONT, fill=0)
    pen.text((60, 110), HEADING, font=FONT, fill=0)
    _, _, right, baseline = pen.textbbox((60, 110), HEADING.replace("g", "o").replace("q", "o"), font=FONT)
    pen.line((60, baseline, right, baseline), fill=0)
    for row, labels in enumerate(LABELS):
        for column, label in enumerate(labels):
            place = 60 + 320 * column, 160 + 50 * row
            pen.text(place, label, font=FONT, fill=0)
            left = pen.textbbox(place, label, font=FONT)[2] + 6
            pen.rectangle((left, place[1] - 4, left + 84, place[1] + 16), outline=0)

    (found,) = outputs_of(upload(service.transformer, encode(page), lang="eng"))["output-0"]

    lines = [line for line in found.split("\n") if line]
    assert lines[:2] == [*PLAIN]
    assert lines[2].startswith("Direct Accounts and Chains Headquartered within the")
    assert "AUG 10 NOV 9" in lines
    assert "JAN 12 FEB 26" in lines
