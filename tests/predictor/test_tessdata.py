from __future__ import annotations

from pathlib import Path

import pytest

from kserve_ocr.protocol.errors import InvalidParameterError
from kserve_ocr.protocol.parameters import RecognitionOptions
from predictor.tessdata import ModelDirectory, ModelDirectoryError


@pytest.fixture
def models(tmp_path: Path) -> Path:
    (tmp_path / "script").mkdir()
    for name in ("eng", "deu", "script/Latin"):
        (tmp_path / f"{name}.traineddata").touch()
    (tmp_path / "pdf.ttf").touch()
    return tmp_path


def test_lists_what_is_installed(models: Path) -> None:
    assert ModelDirectory(models).installed() == ["deu", "eng", "script/Latin"]


def test_a_model_that_appears_later_is_found(models: Path) -> None:
    directory = ModelDirectory(models)
    with pytest.raises(InvalidParameterError):
        directory.resolve(RecognitionOptions(lang="fra"))
    (models / "fra.traineddata").touch()
    directory.resolve(RecognitionOptions(lang="fra"))


@pytest.mark.parametrize("lang", ["eng", "eng+deu", "deu+script/Latin"])
def test_installed_models_pass(models: Path, lang: str) -> None:
    ModelDirectory(models).resolve(RecognitionOptions(lang=lang))


@pytest.mark.parametrize("lang", ["xxx", "eng+xxx", "script/Greek"])
def test_an_unknown_language_is_told_what_is_installed(models: Path, lang: str) -> None:
    with pytest.raises(InvalidParameterError, match="installed are deu, eng, script/Latin"):
        ModelDirectory(models).resolve(RecognitionOptions(lang=lang))


@pytest.mark.parametrize("psm", [0, 1, 12])
def test_modes_that_detect_orientation_need_its_model(models: Path, psm: int) -> None:
    directory = ModelDirectory(models)
    with pytest.raises(InvalidParameterError, match="osd"):
        directory.resolve(RecognitionOptions(psm=psm))
    (models / "osd.traineddata").touch()
    directory.resolve(RecognitionOptions(psm=psm))


def test_the_orientation_model_reads_no_text(models: Path) -> None:
    (models / "osd.traineddata").touch()
    with pytest.raises(InvalidParameterError, match="psm 0"):
        ModelDirectory(models).resolve(RecognitionOptions(lang="osd"))
    ModelDirectory(models).resolve(RecognitionOptions(lang="osd", psm=0))


def test_finds_the_configured_directory_first(models: Path, tmp_path: Path) -> None:
    assert ModelDirectory.find(str(models), {"TESSDATA_PREFIX": "/nowhere"}).path == models
    assert ModelDirectory.find("", {"TESSDATA_PREFIX": str(models)}).path == models


def test_finds_the_systems_models() -> None:
    assert "eng" in ModelDirectory.find("", {}).installed()


def test_a_directory_without_models_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelDirectoryError, match="OCR_TESSDATA"):
        ModelDirectory.find(str(tmp_path), {})


@pytest.mark.parametrize(("requested", "installed"), [("Latin", "script/Latin"), ("eng+script/deu", "eng+deu")])
def test_scripts_are_found_where_they_are_installed(models: Path, requested: str, installed: str) -> None:
    assert ModelDirectory(models).resolve(RecognitionOptions(lang=requested)).lang == installed
