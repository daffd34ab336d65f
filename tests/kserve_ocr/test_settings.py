from __future__ import annotations

import socket
from pathlib import Path

import pytest

from kserve_ocr.setting_fields import setting_fields
from kserve_ocr.settings import Settings, SettingsError, load, load_or_exit, old_names_in_use
from predictor.settings import PredictorSettings
from tests.support.http_calls import TIMEOUT
from tools.local_stack import spawn
from transformer.settings import TransformerSettings

SERVICES: tuple[type[Settings], ...] = (TransformerSettings, PredictorSettings)


def set_variables(monkeypatch: pytest.MonkeyPatch, **variables: str) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


def test_every_invalid_value_is_reported_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    set_variables(monkeypatch, OCR_WORKERS="many", OCR_ENGINE="magic", OCR_DRAIN_SECONDS="-1")

    with pytest.raises(SettingsError) as error:
        load(PredictorSettings)

    assert {line.partition("=")[0] for line in str(error.value).splitlines()} == {
        "OCR_WORKERS",
        "OCR_ENGINE",
        "OCR_DRAIN_SECONDS",
    }


def test_variables_without_effect_are_reported(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    set_variables(monkeypatch, OCR_SPLIT="true")
    load_or_exit(PredictorSettings)
    assert capsys.readouterr().err == "OCR_SPLIT has no effect any more; remove it\n"


def test_old_names_are_accepted_and_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    set_variables(monkeypatch, OCR_QUEUE="7", OCR_RECYCLE_PAGES="9")

    settings = load(PredictorSettings)

    assert (settings.max_queue, settings.worker_max_jobs) == (7, 9)
    assert dict(old_names_in_use(PredictorSettings)) == {
        "OCR_QUEUE": "OCR_MAX_QUEUE",
        "OCR_RECYCLE_PAGES": "OCR_WORKER_MAX_JOBS",
    }


def test_a_new_name_wins_over_its_old_one(monkeypatch: pytest.MonkeyPatch) -> None:
    set_variables(monkeypatch, OCR_QUEUE="7", OCR_MAX_QUEUE="8")

    assert load(PredictorSettings).max_queue == 8


def test_an_invalid_value_under_an_old_name_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    set_variables(monkeypatch, OCR_QUEUE="many")

    with pytest.raises(SettingsError, match="QUEUE='many': takes a whole number, 0 to 10000"):
        load(PredictorSettings)


@pytest.mark.parametrize("kind", SERVICES)
def test_nothing_set_means_the_defaults(kind: type[Settings]) -> None:
    for name, field in setting_fields(kind).items():
        assert getattr(load(kind), name) == field.default


def test_variables_are_read_and_others_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    set_variables(
        monkeypatch,
        OCR_WORKERS="3",
        OCR_PAGE_SECONDS="2.5",
        OCR_ACCELERATE="false",
        OCR_NOTHING="x",
        WORKERS="9",
    )
    settings = load(PredictorSettings)

    assert (settings.workers, settings.page_seconds, settings.accelerate) == (3, 2.5, False)


@pytest.mark.parametrize(
    ("kind", "variable", "value", "says"),
    [
        (PredictorSettings, "OCR_WORKERS", "many", "takes a whole number, 0 to 256"),
        (PredictorSettings, "OCR_WORKERS", "", "whole number"),
        (PredictorSettings, "OCR_WORKERS", "-1", "0 to 256"),
        (PredictorSettings, "OCR_WORKERS", "257", "0 to 256"),
        (PredictorSettings, "OCR_WORKERS", "1.5", "whole number"),
        (PredictorSettings, "OCR_PAGE_SECONDS", "0", "more than 0, at most 3600"),
        (PredictorSettings, "OCR_PAGE_SECONDS", "soon", "takes a number"),
        (PredictorSettings, "OCR_PAGE_SECONDS", "nan", ""),
        (PredictorSettings, "OCR_ENGINE", "magic", "one of tesserocr, pytesseract"),
        (PredictorSettings, "OCR_ACCELERATE", "perhaps", "true or false"),
        (PredictorSettings, "OCR_DEFAULT_LANG", "", "text of 1 to 100 characters"),
        (TransformerSettings, "OCR_PREPROCESS", "yes", "one of auto, none"),
        (TransformerSettings, "OCR_LOG_LEVEL", "loud", "one of debug, info, warning, error"),
        (TransformerSettings, "OCR_REQUEST_SECONDS", "inf", "at most 3600"),
    ],
)
def test_a_bad_value_is_told_with_what_the_setting_is_for(
    monkeypatch: pytest.MonkeyPatch, kind: type[Settings], variable: str, value: str, says: str
) -> None:
    set_variables(monkeypatch, **{variable: value})
    with pytest.raises(SettingsError) as told:
        load(kind)

    message = str(told.value)
    assert message.startswith(f"{variable}={value!r}: ")
    assert says in message
    assert str(setting_fields(kind)[variable.removeprefix("OCR_").lower()].description) in message


@pytest.mark.parametrize("kind", SERVICES)
def test_every_setting_says_what_it_is(kind: type[Settings]) -> None:
    for name, field in setting_fields(kind).items():
        description = field.description or ""
        assert description.endswith("."), name
        assert len(description.split()) > 3, name


@pytest.mark.parametrize(
    ("command", "settings", "status", "says"),
    [
        ("predictor", {"OCR_WORKERS": "many"}, 2, "OCR_WORKERS='many'"),
        ("transformer --predictor_host=localhost", {"OCR_DECODE_WORKERS": "-1"}, 2, "OCR_DECODE_WORKERS='-1'"),
        ("transformer", {}, 2, "--predictor_host=HOST[:PORT] is needed"),
        ("predictor", {"OCR_TESSDATA": "/nowhere"}, 2, "/nowhere"),
        ("predictor", {"OCR_DEFAULT_LANG": "tlh"}, 1, "tlh"),
    ],
)
def test_a_server_that_cannot_start_says_why(
    tmp_path: Path, command: str, settings: dict[str, str], status: int, says: str
) -> None:
    server = spawn(*command.split(), logs=tmp_path, settings=settings)

    assert server.process.wait(TIMEOUT) == status
    assert says in server.log_text()
    assert "Traceback" not in server.log_text()


@pytest.mark.parametrize("taken", ["http", "grpc"])
@pytest.mark.parametrize("package", ["predictor", "transformer"])
def test_a_port_in_use_is_told(tmp_path: Path, package: str, taken: str) -> None:
    with socket.socket() as other:
        other.bind(("0.0.0.0", 0))
        other.listen()
        number = other.getsockname()[1]
        ports = {"port": number} if taken == "http" else {"grpc_port": number}
        server = spawn(package, "--predictor_host=localhost", logs=tmp_path, **ports)

        assert server.process.wait(TIMEOUT) == 1
    assert f"port {number} is" in server.log_text()
    assert f"--{taken}_port" in server.log_text()
