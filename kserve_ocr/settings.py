"""Settings from the environment: a pydantic model per service, every field with unit, bounds and message."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import NoReturn, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from kserve_ocr.protocol.errors import InvalidParameterError
from kserve_ocr.protocol.parameters import LANG

PREFIX = "OCR_"


class SettingsError(ValueError):
    """A setting has a bad value; the message names the variable and says what it takes."""


class Settings(BaseModel):
    """Fields that both services have."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    log_level: str = Field("info", pattern="^(debug|info|warning|error)$", description="Least severe log line written.")
    docs: bool = Field(False, description="Serve the interactive OpenAPI page at `/docs`.")
    drain_seconds: int = Field(
        30, ge=0, le=600, description="Seconds that admitted requests get to finish after SIGTERM."
    )
    max_bytes: int = Field(
        67_108_864, ge=1024, le=2_147_483_647, description="Bytes of one request's body; more are answered 413."
    )
    max_bytes_in_flight: int = Field(
        536_870_912, ge=1024, description="Bytes of all request bodies held at once; a request beyond is answered 503."
    )
    default_lang: str = Field(
        "eng",
        min_length=1,
        max_length=100,
        description="Languages read when a request names none, by code or name, joined by `+`.",
    )
    otlp_endpoint: str = Field(
        "",
        description="OTLP/HTTP collector that gets trace spans (needs the `tracing` extra); empty for none.",
    )

    @field_validator("default_lang")
    @classmethod
    def _models(cls, value: str) -> str:
        """The Tesseract models of the languages that are named."""
        try:
            return LANG.read(value)
        except InvalidParameterError as error:
            raise ValueError(error.message) from None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """The settings that the ``OCR_*`` variables give.

        Raises SettingsError naming the variable, what is wrong with it and what it is for.
        """
        values = {
            field: environment[PREFIX + field.upper()]
            for field in cls.model_fields
            if PREFIX + field.upper() in environment
        }
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            first = error.errors()[0]
            field = str(first["loc"][0])
            purpose = cls.model_fields[field].description
            raise SettingsError(
                f"{PREFIX}{field.upper()}={values[field]!r}: {first['msg'].lower()}. {purpose}"
            ) from None


S = TypeVar("S", bound=Settings)


def load_or_exit(kind: type[S]) -> S:
    """The service's settings; a bad value stops the process with its message and status 2."""
    try:
        return kind.from_environment()
    except SettingsError as error:
        _stop(str(error))


def _stop(message: str) -> NoReturn:
    sys.stderr.write(message + "\n")
    raise SystemExit(2)
