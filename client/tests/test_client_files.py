"""Which files are read and where their results go."""

from __future__ import annotations

from pathlib import Path

import pytest

from kserve_ocr_client.commands.files import (
    FilesError,
    check_targets,
    find_inputs,
    target_of,
    write_atomically,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.PNG", "a.pdf", "notes.txt", "deep/c.tif", "deep/d[1].jpg"):
        path = tmp_path / "scans" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    return tmp_path / "scans"


def relative(*arguments: str, recursive: bool = True) -> list[str]:
    return [str(one.relative) for one in find_inputs(arguments, recursive=recursive)]


def test_a_folder_gives_its_images_and_pdfs(folder: Path) -> None:
    assert relative(str(folder)) == ["a.pdf", "b.PNG", "deep/c.tif", "deep/d[1].jpg"]
    assert relative(str(folder), recursive=False) == ["a.pdf", "b.PNG"]


def test_a_file_that_is_named_is_read_whatever_its_name(folder: Path) -> None:
    assert relative(str(folder / "notes.txt"), str(folder / "deep/d[1].jpg")) == ["notes.txt", "d[1].jpg"]


def test_patterns(folder: Path) -> None:
    assert relative(f"{folder}/**/*.tif") == ["c.tif"]
    assert relative(f"{folder}/*") == ["a.pdf", "b.PNG", "c.tif", "d[1].jpg", "notes.txt"]


def test_each_file_once(folder: Path) -> None:
    assert relative(str(folder / "a.pdf"), str(folder)) == ["a.pdf", "b.PNG", "deep/c.tif", "deep/d[1].jpg"]


@pytest.mark.parametrize("name", ["absent.png", "*.gif"])
def test_what_names_nothing_is_reported(folder: Path, name: str) -> None:
    with pytest.raises(FilesError, match="no such file"):
        find_inputs([str(folder / name)])


def test_one_file_goes_where_it_is_told(folder: Path, tmp_path: Path) -> None:
    (one,) = find_inputs([str(folder / "a.pdf")])

    assert target_of(one, tmp_path / "out.pdf", suffix=".pdf", single=True) == tmp_path / "out.pdf"
    assert target_of(one, tmp_path, suffix=".txt", single=True) == tmp_path / "a.pdf.txt"


def test_several_keep_their_folders(folder: Path, tmp_path: Path) -> None:
    targets = [
        target_of(one, tmp_path / "out", suffix=".txt", single=False) for one in find_inputs([str(folder / "deep")])
    ]
    everything = [target_of(one, tmp_path / "out", suffix=".txt", single=False) for one in find_inputs([str(folder)])]

    assert targets == [tmp_path / "out/c.tif.txt", tmp_path / "out/d[1].jpg.txt"]
    assert everything[2] == tmp_path / "out/deep/c.tif.txt"


def test_two_results_for_one_file_are_refused() -> None:
    with pytest.raises(FilesError, match="two inputs"):
        check_targets([Path("a.txt"), Path("b.txt"), Path("a.txt")])


def test_a_result_replaces_an_older_one_and_leaves_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "new/result.txt"
    write_atomically(target, b"old")
    write_atomically(target, b"new")

    assert target.read_bytes() == b"new"
    assert list(target.parent.iterdir()) == [target]
    plain = tmp_path / "plain"
    plain.write_bytes(b"")
    assert target.stat().st_mode == plain.stat().st_mode


def test_a_result_that_cannot_be_put_in_place_leaves_nothing(tmp_path: Path) -> None:
    target = tmp_path / "folder"
    (target / "full").mkdir(parents=True)

    with pytest.raises(OSError, match="folder"):
        write_atomically(target, b"content")

    assert [path.name for path in tmp_path.iterdir()] == ["folder"]
