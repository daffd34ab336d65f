from __future__ import annotations

from collections.abc import Callable

import pytest

from benchmarks.common import baselines, images


@pytest.mark.parametrize("start", [baselines.warm, baselines.engine])
def test_warm_engines_read_images_in_turn(start: Callable[[], baselines.Read]) -> None:
    samples = [images.line(0), images.line(1)]
    with baselines.Readers(start, processes=2) as warm:
        assert [text.strip() for text in warm.texts(samples)] == [sample.text for sample in samples]
        found = warm.read(5, at_once=2)
    assert len(found.each) == 5
    assert found.seconds >= max(found.each)


def test_the_command_reads_files() -> None:
    sample = images.line(0)
    assert baselines.command()(sample).strip() == sample.text
