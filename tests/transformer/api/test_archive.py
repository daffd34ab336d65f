from __future__ import annotations

import io
import zipfile

import pytest
from kserve import InferOutput, InferResponse

from transformer.api.archive import archive


@pytest.mark.parametrize(
    ("filenames", "expected"),
    [
        (["letter.png", "", "letter.tif"], ["letter.txt", "document-2.txt", "letter-3.txt"]),
        (["a.png", "a-3.png", "a.tif"], ["a.txt", "a-3.txt", "a-3-3.txt"]),
        (["../../etc/passwd", "..\\..\\boot.ini", ".."], ["passwd.txt", "boot.txt", "document-3.txt"]),
        (["C:\\x.png", "/", "a\0/b.png"], ["x.txt", "document-2.txt", "b.txt"]),
    ],
)
def test_names_in_an_archive_have_no_folder_and_none_comes_twice(filenames: list[str], expected: list[str]) -> None:
    output = InferOutput("text", [len(filenames)], "BYTES", data=filenames)
    response = InferResponse("id", "ocr-model", [output])

    with zipfile.ZipFile(io.BytesIO(archive(response, filenames))) as files:
        assert files.namelist() == expected
