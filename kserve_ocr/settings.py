"""Settings from ``OCR_*`` environment variables: a model per service, every field with unit, bounds and description."""

from __future__ import annotations

import ipaddress
import os
import sys
from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network
from typing import Final, Literal, TypeVar

from pydantic import AliasChoices, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from kserve_ocr.protocol.errors import InvalidParameterError
from kserve_ocr.protocol.parameters import LANG

PREFIX: Final = "OCR_"
REMOVED: Final = ("OCR_SPLIT",)
"""Variables of the last release that have no successor."""


class SettingsError(ValueError):
    """A setting has an invalid value; the message names the variable, what it accepts and its purpose."""


def renamed(name: str, *, old: str) -> AliasChoices:
    """The alias of a field whose variable had another name in the last release; the old one is accepted as well."""
    return AliasChoices(PREFIX + name.upper(), PREFIX + old.upper())


def parse_networks(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """Networks, or single addresses, separated by commas. Raises ValueError with a message."""
    try:
        return tuple(ipaddress.ip_network(part.strip()) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise ValueError(f"{error}; give addresses such as 10.0.0.7 or networks such as 10.0.0.0/8") from None


class Settings(BaseSettings):
    """Fields that both services have. Construction reads the environment; arguments take precedence over it."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid", populate_by_name=True)

    log_level: str = Field("info", pattern="^(debug|info|warning|error)$", description="Minimum level of log lines.")
    docs: bool = Field(False, description="Serve the interactive OpenAPI page at `/docs`.")
    drain_seconds: int = Field(
        30, ge=0, le=600, description="Seconds that running requests have to finish after SIGTERM."
    )
    max_bytes: int = Field(
        67_108_864, ge=1024, le=2_147_483_647, description="Maximum size in bytes of one request body; above it 413."
    )
    max_bytes_in_flight: int = Field(
        536_870_912, ge=1024, description="Total size in bytes of request bodies in memory; further requests get 503."
    )
    body_seconds: float = Field(
        120.0,
        gt=0,
        le=3600,
        description="Seconds that a request's body may take to arrive; later ones are answered 400.",
    )
    body_idle_seconds: float = Field(
        20.0, gt=0, le=3600, description="Seconds without a byte of a body after which the request is answered 400."
    )
    body_bytes_per_second: float = Field(
        1024.0, ge=0, description="Least average rate at which a body arrives, in bytes a second; 0 for none."
    )
    header_bytes: int = Field(
        65_536, ge=8192, le=1_048_576, description="Bytes of a request's address and headers; more are answered 431."
    )
    header_seconds: float = Field(
        10.0, gt=0, le=600, description="Seconds that a request's headers may take; later the connection is closed."
    )
    write_seconds: float = Field(
        30.0, gt=0, le=3600, description="Seconds in which a client takes nothing of its response before it is cut off."
    )
    max_connections: int = Field(
        800,
        ge=32,
        le=100_000,
        description="HTTP connections at once, lowered to what the limit on descriptors allows; at more the one that "
        "has waited longest for a request is closed. Probes have room of their own.",
    )
    max_connections_per_client: int = Field(
        0, ge=0, le=100_000, description="HTTP connections of one address; 0 for half of `OCR_MAX_CONNECTIONS`."
    )
    sandbox: Literal["auto", "required", "off"] = Field(
        "auto",
        description="Confinement of worker processes by Landlock and seccomp. Where the kernel lacks a part, `auto` "
        "warns and `required` does not start.",
    )
    trusted_proxies: str = Field(
        "",
        max_length=1000,
        description="Addresses or networks of proxies, separated by commas, whose `X-Forwarded-For` names the client.",
    )
    max_grpc_calls: int = Field(
        128, ge=1, le=10_000, description="gRPC calls at once; more are answered RESOURCE_EXHAUSTED."
    )
    default_lang: str = Field(
        "eng",
        min_length=1,
        max_length=100,
        description="Languages read when a request names none, by code or name, joined by `+`.",
    )
    cors_origins: str = Field(
        "",
        max_length=2000,
        pattern=r"^(\*|https?://[^,\s/]+(,https?://[^,\s/]+)*)?$",
        description="Origins whose web pages may call the service, separated by commas, or `*`; empty for none.",
    )
    model_aliases: str = Field(
        "",
        pattern=r"^([A-Za-z0-9_.-]+(,[A-Za-z0-9_.-]+)*)?$",
        max_length=1000,
        description="Further names under which the model is served, separated by commas.",
    )
    otlp_endpoint: str = Field(
        "",
        description="URL of an OTLP/HTTP collector for trace spans; needs the `tracing` extra. Empty: no export.",
    )

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, value: str) -> str:
        parse_networks(value)
        return value

    @field_validator("default_lang")
    @classmethod
    def _models(cls, value: str) -> str:
        """The Tesseract models of the languages that are named."""
        try:
            return LANG.read(value)
        except InvalidParameterError as error:
            raise ValueError(error.message) from None


S = TypeVar("S", bound=Settings)


def load(settings_class: type[S]) -> S:
    """The settings that the ``OCR_*`` variables give.

    Raises SettingsError with one line per invalid variable: its value, what is wrong with it and what it is for.
    """
    try:
        return settings_class()
    except ValidationError as error:
        raise SettingsError("\n".join(_messages(settings_class, error))) from None


def load_or_exit(settings_class: type[S]) -> S:
    """As :func:`load`; invalid values end the process with their messages and status 2, old names give a warning."""
    try:
        settings = load(settings_class)
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(2) from None
    for old, new in old_names_in_use(settings_class):
        sys.stderr.write(f"{old} is now {new}; the old name is accepted in this release only\n")
    for name in REMOVED:
        if name in os.environ:
            sys.stderr.write(f"{name} has no effect any more; remove it\n")
    return settings


def old_names_in_use(settings_class: type[Settings]) -> Iterator[tuple[str, str]]:
    """Variables that are set under the name of an earlier release, each with its present name."""
    for field in settings_class.model_fields.values():
        if isinstance(field.validation_alias, AliasChoices):
            new, *old_names = (str(choice) for choice in field.validation_alias.choices)
            yield from ((old, new) for old in old_names if old in os.environ)


def _messages(settings_class: type[Settings], error: ValidationError) -> Iterator[str]:
    for problem in error.errors():
        location = str(problem["loc"][0])
        variable = location if location.startswith(PREFIX) else PREFIX + location.upper()
        description = settings_class.model_fields[_field_of(settings_class, variable)].description
        yield f"{variable}={problem['input']!r}: {problem['msg'].lower()}. {description}"


def _field_of(settings_class: type[Settings], variable: str) -> str:
    for name, field in settings_class.model_fields.items():
        alias = field.validation_alias
        if variable == PREFIX + name.upper() or (isinstance(alias, AliasChoices) and variable in alias.choices):
            return name
    raise KeyError(variable)
