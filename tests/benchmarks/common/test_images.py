from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from benchmarks.common import images


def test_samples_are_the_same_each_time_and_differ_from_each_other() -> None:
    assert images.line(1).file == images.line(1).file
    assert images.line(1).text != images.line(2).text


def test_a_line_has_the_pixels_of_its_file() -> None:
    sample = images.line(0)
    assert sample.text is not None
    assert "\n" not in sample.text
    assert sample.pixels.shape == (95, 900)
    assert sample.pixels.min() < 64


def test_a_folder_gives_its_images_evenly_spread(tmp_path: Path) -> None:
    for number in range(6):
        Image.new("L", (10 + number, 8), 255).save(tmp_path / f"{number}.png", dpi=(200, 200))
    (tmp_path / "notes.txt").write_text("no image")
    kind = images.folder(tmp_path, most=3)
    assert [sample.name for sample in kind.samples] == ["0.png", "2.png", "4.png"]
    assert [sample.dpi for sample in kind.samples] == [200, 200, 200]


def test_a_folder_without_images_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="has no images"):
        images.folder(tmp_path)
