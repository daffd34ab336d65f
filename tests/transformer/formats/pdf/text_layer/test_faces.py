"""Faces of the words of a page: few, near enough, and changed as rarely as possible."""

from __future__ import annotations

import pytest

from transformer.formats.pdf.text_layer import faces as faces_module
from transformer.formats.pdf.text_layer.faces import faces
from transformer.formats.pdf.text_layer.glyphless_font import STEP, GlyphlessFont
from transformer.formats.pdf.text_layer.runs import Interval, around, shared

HIGH, LOW, DEEP = (28.0, 0.0), (24.0, 0.0), (24.0, 8.0)
"""Words with ascenders, without, and with descenders, in a font of 40 units."""


def _names(*extents: tuple[float, float], font: GlyphlessFont | None = None, tolerance: float = 2.5) -> list[str]:
    return list(faces(extents, [40] * len(extents), font or GlyphlessFont(), tolerance=tolerance))


def test_words_that_one_face_suits_share_it() -> None:
    font = GlyphlessFont()
    assert len(set(_names(HIGH, LOW, HIGH, LOW, font=font))) == 1
    ((ascent, descent),) = font.faces.values()
    assert 40 * ascent * STEP == pytest.approx(26, abs=0.5)
    assert 40 * descent * STEP <= 2.5


def test_others_get_a_face_of_their_own() -> None:
    first, second, third, fourth = _names(LOW, DEEP, HIGH, DEEP)
    assert first == third != second == fourth


def test_a_face_in_use_comes_before_a_new_one() -> None:
    font = GlyphlessFont()
    used = font.face(26 / 40, 1 / 40)
    assert _names(LOW, HIGH, font=font) == [used, used]


def test_letters_beyond_every_face_get_the_nearest() -> None:
    font = GlyphlessFont()
    (name,) = faces([(4000.0, 10.0)], [1000], font, tolerance=2.5)
    assert font.faces[name] == (round(4 / STEP), 0)


def test_a_document_has_a_limited_number_of_faces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faces_module, "_MOST_FACES", 2)
    extents = [(10.0 + 3 * at, at / 2.0) for at in range(20)]
    assert len(set(_names(*extents, tolerance=1.0))) == 2


def test_runs_are_as_long_as_their_values_have_one_in_common() -> None:
    found = list(shared([around(10, 2), around(13, 2), around(15, 2), around(20, 2)]))
    assert found == [Interval(11, 12), Interval(11, 12), Interval(13, 17), Interval(18, 22)]


@pytest.mark.parametrize(("interval", "value"), [((96, 104), 100), ((91, 94), 92), ((91.2, 91.8), 91.5), ((3, 27), 20)])
def test_the_roundest_value_is_taken(interval: tuple[float, float], value: float) -> None:
    assert Interval(*interval).roundest((10, 5, 2)) == value
