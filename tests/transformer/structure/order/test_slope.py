from __future__ import annotations

import pytest

from tests.support.drawn_layouts import Pen, prose
from transformer.structure.order.slope import slope_of


@pytest.mark.parametrize("slope", [-0.01, 0.0, 0.01])
def test_the_slope_is_that_of_most_lines(slope: float) -> None:
    lines = Pen(slope=slope).lines(prose(8), 100, 100)

    assert slope_of(lines) == pytest.approx(slope, abs=0.002)


def test_lines_half_of_which_lean_the_other_way_have_none() -> None:
    text = prose(8)
    falling, rising = Pen(slope=0.05).lines(text[:4], 100, 100), Pen(slope=-0.05).lines(text[4:], 100, 400)

    assert slope_of([*falling, *rising]) == 0.0
