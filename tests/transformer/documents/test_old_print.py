"""French print of before 1800, drawn: the engine reads its long s as f."""

# ruff: noqa: RUF001 (the long s is meant)

from __future__ import annotations

from PIL import Image, ImageDraw, ImageFont

from tests.support.drawn_pages import encode
from tests.support.http_calls import outputs_of, upload
from tests.support.scripts import DEJAVU
from tools.local_stack import Service

PRINTED = (
    "Je fus surpris de cette réponſe, et il ſembloit",
    "que ſes deſſeins fuſſent enfin découverts. Il",
    "eſt juſte que la France craigne leur effet, car",
    "ſon pouvoir eſt ſans bornes et ſa force eſt grande.",
)


def test_a_long_s_is_read_as_s(service: Service) -> None:
    page = Image.new("L", (1100, 380), 255)
    pen = ImageDraw.Draw(page)
    for number, text in enumerate(PRINTED):
        pen.text((40, 40 + 70 * number), text, font=ImageFont.truetype(DEJAVU, 36), fill=0)

    (found,) = outputs_of(upload(service.transformer, encode(page), lang="fra"))["output-0"]

    assert found.split() == " ".join(PRINTED).replace("ſ", "s").split()
