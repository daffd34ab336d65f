"""The command ``kserve-ocr`` on the real service."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kserve_ocr_client.options import ReadOptions
from tests.support.drawn_pages import LINE, draw_line, encode
from tools.local_stack import Service, free_port
from transformer.parameters import DOCUMENT_PARAMETERS

CLIENT = Path(__file__).resolve().parent.parent


def kserve_ocr(*arguments: str | Path, url: str = "", cwd: Path | None = None) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(CLIENT), "KSERVE_OCR_URL": url, "COLUMNS": "120"}
    command = [sys.executable, "-m", "kserve_ocr_client", *map(str, arguments)]
    return subprocess.run(command, env=environment, cwd=cwd, capture_output=True, timeout=120, check=False)


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    folder = tmp_path / "scans"
    (folder / "deep").mkdir(parents=True)
    for name, word in (("a.png", "First"), ("b.png", "Second"), ("deep/c.png", "Third")):
        (folder / name).write_bytes(encode(draw_line(f"{word} page of three")))
    return folder


def test_text_is_printed_in_the_order_of_the_arguments(service: Service, scans: Path) -> None:
    done = kserve_ocr("read", scans / "b.png", f"{scans}/a*", scans / "deep", "-l", "eng", url=service.url)

    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.decode().splitlines() if line.strip()]
    assert lines == ["Second page of three", "First page of three", "Third page of three"]
    assert done.stderr == b""


def test_a_searchable_pdf_by_the_suffix(service: Service, scans: Path, tmp_path: Path) -> None:
    done = kserve_ocr("read", scans / "a.png", "-o", tmp_path / "out.pdf", url=service.url)

    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out.pdf").read_bytes().startswith(b"%PDF-")
    assert done.stdout == b""


def test_a_folder_of_results(service: Service, scans: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = kserve_ocr("read", scans, "-o", out, "-f", "words", url=service.url)

    assert done.returncode == 0, done.stderr
    written = sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.is_file())
    assert written == ["a.png.json", "b.png.json", "deep/c.png.json"]
    assert json.loads((out / "a.png.json").read_bytes())["pages"][0]["page"] == 1


def test_what_failed_is_listed_at_the_end_and_the_rest_is_written(
    service: Service, scans: Path, tmp_path: Path
) -> None:
    (scans / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing more")
    (scans / "c.pdf").write_bytes(b"no PDF")

    done = kserve_ocr("read", scans, "-o", tmp_path / "out", "--no-recursive", url=service.url)

    assert done.returncode == 1
    failures = done.stderr.decode().splitlines()
    assert [line.partition(":")[0] for line in failures] == [str(scans / "broken.png"), str(scans / "c.pdf")]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.png.txt", "b.png.txt"]


def test_results_that_exist_are_left_out_on_request(service: Service, scans: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "a.png.txt").write_text("kept")

    done = kserve_ocr("read", scans, "-o", out, "--skip-existing", url=service.url)

    assert done.returncode == 0, done.stderr
    assert (out / "a.png.txt").read_text() == "kept"
    assert (out / "b.png.txt").read_text().strip() == "Second page of three"


def test_options_reach_the_service(service: Service, scans: Path) -> None:
    done = kserve_ocr("read", scans / "a.png", "--lang", "xxx", url=service.url)

    assert done.returncode == 1
    assert b"xxx" in done.stderr


@pytest.mark.parametrize(
    "options",
    [
        ("--pdfa", "2b", "--optimize", "2", "--tagged"),
        ("--deskew", "page", "--clean", "page", "--keep", "all", "--existing", "redo"),
        ("--regions", "0,0,100%,100%", "--whitelist", "abcdefghinoprstFS ", "--skip-steps", "invert,deskew"),
        ("--words", "First,page", "--min-confidence", "0.1", "--spaces", "keep", "--hyphens", "join"),
    ],
)
def test_every_option_is_taken(service: Service, scans: Path, tmp_path: Path, options: tuple[str, ...]) -> None:
    done = kserve_ocr("read", scans / "a.png", "-o", tmp_path / "a.pdf", *options, url=service.url)

    assert done.returncode == 0, done.stderr
    assert (tmp_path / "a.pdf").read_bytes().startswith(b"%PDF-")


def test_options_are_those_of_the_service() -> None:
    known = {parameter.name for parameter in DOCUMENT_PARAMETERS}

    assert set(ReadOptions.__annotations__) <= known
    assert known - set(ReadOptions.__annotations__) == {"granularity", "filename", "alternatives"}


def test_a_file_that_is_not_there(service: Service) -> None:
    done = kserve_ocr("read", "absent.png", url=service.url)

    assert done.returncode == 1
    assert done.stderr.decode().startswith("absent.png: no such file")


def test_languages_are_listed(service: Service) -> None:
    done = kserve_ocr("languages", url=service.url)

    assert done.returncode == 0, done.stderr
    assert "deu\tGerman\tDeutsch\tde ger" in done.stdout.decode().splitlines()


def test_languages_of_nothing() -> None:
    done = kserve_ocr("languages", "--url", f"http://127.0.0.1:{free_port()}")

    assert done.returncode == 1
    assert b"check the address" in done.stderr
    assert b"Traceback" not in done.stderr


def test_doctor(service: Service) -> None:
    done = kserve_ocr("doctor", service.url)

    assert done.returncode == 0, done.stdout
    lines = done.stdout.decode().splitlines()
    assert len(lines) == 5
    assert all(line.startswith("ok ") for line in lines)


def test_doctor_of_the_wrong_server(service: Service) -> None:
    done = kserve_ocr("doctor", service.predictor.url)

    assert done.returncode == 1
    assert b"FAIL recognizes a known page" in done.stdout


def test_the_sample_of_the_doctor_reads_as_it_says(service: Service) -> None:
    done = kserve_ocr("read", CLIENT / "kserve_ocr_client/known_page.png", url=service.url)

    assert done.stdout.decode().split() == ["Known", "page", "of", "kserve-ocr", "0123456789", "ABCDEF"]


def test_the_version_and_help_without_a_service() -> None:
    assert kserve_ocr("--version").stdout.decode().strip().count(".") == 2
    assert b"doctor" in kserve_ocr("--help").stdout


def test_nothing_is_printed_twice(service: Service, tmp_path: Path) -> None:
    path = tmp_path / "line.png"
    path.write_bytes(encode(draw_line()))

    done = kserve_ocr("read", path, path, url=service.url)

    assert done.stdout.decode().strip() == LINE
