"""Language models that KServe mounts: found, checked, and read by a real predictor together with the image's."""

from __future__ import annotations

import shutil
import struct
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import pytest

from predictor.model_mounts import ModelMountError, check_model_file, joined_models, mounted_models, wait_for_models
from predictor.tessdata import ModelDirectory
from tests.support.drawn_pages import LINE, draw_line, encode, v2_body
from tools.local_stack import ROOT, start_predictor

INSTALLED = ModelDirectory.find("")
ENGLISH = INSTALLED.path / "eng.traineddata"
ASYNC = {"MODEL_INIT_MODE": "async"}


def model_file(*entries: int, count: int = 24, size: int = 400) -> bytes:
    """The smallest file that is laid out as a model with these entries."""
    offsets = [-1] * count
    for position, entry in enumerate(entries):
        offsets[entry] = 4 + 8 * count + position
    return struct.pack(f"<i{count}q", count, *offsets).ljust(size, b"\0")


def put(path: Path, content: bytes | None = None) -> Path:
    """A model at ``path``: a small one, or ``content``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(model_file(17) if content is None else content)
    return path


@pytest.mark.parametrize("name", ["eng", "osd"])
def test_installed_models_are_models(name: str) -> None:
    check_model_file(INSTALLED.path / f"{name}.traineddata")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is not a Tesseract model"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "Git LFS pointer"),
        (b"PK\3\4" + bytes(100), "archive"),
        (b"<html>not found</html>", "is not a Tesseract model"),
        (struct.pack("<i", 24) + bytes(50), "damaged"),
        (struct.pack("<i", 2_000_000) + bytes(50), "is not a Tesseract model"),
        (model_file(17, 20)[:196], "incomplete"),
        (model_file(18, 21), "no recognizer"),
        (model_file(20, 17), "damaged"),
    ],
)
def test_a_file_that_is_no_model_is_refused_with_the_reason(tmp_path: Path, content: bytes, reason: str) -> None:
    path = put(tmp_path / "deu.traineddata", content)
    with pytest.raises(ModelMountError, match=reason) as raised:
        check_model_file(path)
    assert str(path) in str(raised.value)


def test_half_a_real_model_is_refused(tmp_path: Path) -> None:
    real = ENGLISH.read_bytes()
    with pytest.raises(ModelMountError, match="incomplete"):
        check_model_file(put(tmp_path / "eng.traineddata", real[: len(real) // 2]))


def test_models_are_found_at_any_depth(tmp_path: Path) -> None:
    paths = {
        "deu": put(tmp_path / "deu.traineddata"),
        "fra": put(tmp_path / "french" / "1" / "fra.traineddata"),
        "script/Latin": put(tmp_path / "tessdata" / "script" / "Latin.traineddata"),
    }
    put(tmp_path / "README.md", b"not a model")
    assert mounted_models(tmp_path) == paths
    assert mounted_models(tmp_path / "missing") == {}


def test_models_behind_links_are_found(tmp_path: Path) -> None:
    put(tmp_path / "image" / "models" / "deu.traineddata")
    (tmp_path / "mnt").symlink_to(tmp_path / "image" / "models")
    assert list(mounted_models(tmp_path / "mnt")) == ["deu"]


def test_names_that_clients_could_not_ask_for_and_names_that_occur_twice_are_refused(tmp_path: Path) -> None:
    put(tmp_path / "a" / "deu.traineddata")
    put(tmp_path / "b" / "deu.traineddata")
    with pytest.raises(ModelMountError, match="two models for deu"):
        mounted_models(tmp_path)
    shutil.rmtree(tmp_path / "b")
    put(tmp_path / "my model.traineddata")
    with pytest.raises(ModelMountError, match="lang=my model"):
        mounted_models(tmp_path)


def test_joined_directory_has_both_and_mounted_models_take_precedence(tmp_path: Path) -> None:
    installed = tmp_path / "installed"
    put(installed / "eng.traineddata")
    put(installed / "script" / "Latin.traineddata")
    put(installed / "configs" / "tsv", b"")
    mounted = {
        "eng": put(tmp_path / "mnt" / "eng.traineddata"),
        "script/Greek": put(tmp_path / "mnt" / "g.traineddata"),
    }
    with joined_models(ModelDirectory(installed), mounted) as joined:
        assert ModelDirectory(joined).installed() == ["eng", "script/Greek", "script/Latin"]
        assert (joined / "eng.traineddata").resolve() == mounted["eng"]
        assert (joined / "configs" / "tsv").is_file()
    assert not joined.exists()


def test_waits_for_a_modelcar_only_when_kserve_says_so(tmp_path: Path) -> None:
    late = tmp_path / "models"
    wait_for_models(late, seconds=0.01, environment={})
    with pytest.raises(ModelMountError, match="modelcar"):
        wait_for_models(late, seconds=0.01, environment=ASYNC)
    link = threading.Timer(0.2, late.symlink_to, (tmp_path,))
    link.start()
    wait_for_models(late, seconds=30, environment=ASYNC)
    link.join()
    assert late.is_dir()


def test_a_modelcar_that_comes_late_is_read_by_the_predictor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # As KServe does it: the sidecar links /mnt/models to the models of its own image once it runs.
    image, mounted = tmp_path / "image", tmp_path / "mnt" / "models"
    put(image / "finetuned.traineddata", ENGLISH.read_bytes())
    mounted.parent.mkdir()
    monkeypatch.setenv("MODEL_INIT_MODE", "async")
    link = threading.Timer(0.5, mounted.symlink_to, (image,))
    link.start()
    settings = {"OCR_MODELS_PATH": str(mounted), "OCR_WORKERS": "1"}
    with start_predictor(logs=tmp_path, settings=settings) as server:
        metadata = httpx.get(f"{server.url}/v2/models/ocr-model").json()
        assert {"eng", "finetuned"} <= set(metadata["parameters"]["languages"])
        for lang in ("finetuned", "eng+finetuned"):
            body = v2_body(encode(draw_line()), parameters={"lang": lang})
            response = httpx.post(f"{server.url}/v2/models/ocr-model/infer", json=body, timeout=60)
            assert response.status_code == 200, response.text
            assert response.json()["outputs"][0]["data"][0].strip() == LINE
    link.join()


def test_a_mounted_file_that_is_no_model_ends_the_start_with_the_reason(tmp_path: Path) -> None:
    put(tmp_path / "deu.traineddata", b"version https://git-lfs.github.com/spec/v1\n")
    finished = subprocess.run(
        [sys.executable, "-m", "predictor", "--model_name=ocr-model", "--workers=1", "--http_port=0"],
        env={"PATH": "/usr/bin:/bin", "OCR_MODELS_PATH": str(tmp_path)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert finished.returncode == 2
    assert finished.stderr.strip().splitlines()[-1].startswith(f"{tmp_path}/deu.traineddata is not a Tesseract model")
