"""Settings from ``OCR_*`` environment variables: a class per service, every field with unit, bounds and description."""

from __future__ import annotations

import ipaddress
import os
import sys
from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Final, Literal, TypeVar

from msgspec import Meta, Struct

from kserve_ocr.protocol.errors import InvalidParameterError
from kserve_ocr.protocol.parameters import LANG
from kserve_ocr.setting_fields import CONVERT, setting_fields

REMOVED: Final = ("OCR_SPLIT",)
"""Variables of the last release that have no successor."""


class SettingsError(ValueError):
    """A setting has an invalid value; the message names the variable, what it accepts and its purpose."""


def parse_networks(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """Networks, or single addresses, separated by commas. Raises ValueError with a message."""
    try:
        return tuple(ipaddress.ip_network(part.strip()) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise ValueError(f"{error}; give addresses such as 10.0.0.7 or networks such as 10.0.0.0/8") from None


def _networks(text: str) -> str:
    parse_networks(text)
    return text


def _models(text: str) -> str:
    """The Tesseract models of the languages that are named."""
    try:
        return LANG.read(text)
    except InvalidParameterError as error:
        raise ValueError(error.message) from None


class Settings(Struct, frozen=True, kw_only=True):
    """Fields that both services have, as :mod:`kserve_ocr.setting_fields` describes them."""

    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Meta(description="Minimum level of log lines.")
    ] = "info"
    docs: Annotated[bool, Meta(description="Serve the interactive OpenAPI page at `/docs`.")] = False
    drain_seconds: Annotated[
        int, Meta(ge=0, le=600, description="Seconds that running requests have to finish after SIGTERM.")
    ] = 30
    max_bytes: Annotated[
        int, Meta(ge=1024, le=2_147_483_647, description="Maximum size in bytes of one request body; above it 413.")
    ] = 67_108_864
    max_bytes_in_flight: Annotated[
        int, Meta(ge=1024, description="Total size in bytes of request bodies in memory; further requests get 503.")
    ] = 536_870_912
    body_seconds: Annotated[
        float,
        Meta(
            gt=0, le=3600, description="Seconds that a request's body may take to arrive; later ones are answered 400."
        ),
    ] = 120.0
    body_idle_seconds: Annotated[
        float,
        Meta(gt=0, le=3600, description="Seconds without a byte of a body after which the request is answered 400."),
    ] = 20.0
    body_bytes_per_second: Annotated[
        float, Meta(ge=0, description="Least average rate at which a body arrives, in bytes a second; 0 for none.")
    ] = 1024.0
    header_bytes: Annotated[
        int, Meta(ge=8192, le=1_048_576, description="Bytes of a request's address and headers; more are answered 431.")
    ] = 65_536
    header_seconds: Annotated[
        float,
        Meta(gt=0, le=600, description="Seconds that a request's headers may take; later the connection is closed."),
    ] = 10.0
    write_seconds: Annotated[
        float,
        Meta(
            gt=0, le=3600, description="Seconds in which a client takes nothing of its response before it is cut off."
        ),
    ] = 30.0
    max_connections: Annotated[
        int,
        Meta(
            ge=32,
            le=100_000,
            description="HTTP connections at once, lowered to what the limit on descriptors allows; at more the one "
            "that has waited longest for a request is closed. Probes have room of their own.",
        ),
    ] = 800
    max_connections_per_client: Annotated[
        int, Meta(ge=0, le=100_000, description="HTTP connections of one address; 0 for half of `OCR_MAX_CONNECTIONS`.")
    ] = 0
    sandbox: Annotated[
        Literal["auto", "required", "off"],
        Meta(
            description="Confinement of worker processes by Landlock and seccomp. Where the kernel lacks a part, "
            "`auto` warns and `required` does not start."
        ),
    ] = "auto"
    trusted_proxies: Annotated[
        str,
        Meta(
            max_length=1000,
            description="Addresses or networks of proxies, separated by commas, whose `X-Forwarded-For` names the "
            "client.",
            extra={CONVERT: _networks},
        ),
    ] = ""
    max_grpc_calls: Annotated[
        int, Meta(ge=1, le=10_000, description="gRPC calls at once; more are answered RESOURCE_EXHAUSTED.")
    ] = 128
    default_lang: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=100,
            description="Languages read when a request names none, by code or name, joined by `+`.",
            extra={CONVERT: _models},
        ),
    ] = "eng"
    cors_origins: Annotated[
        str,
        Meta(
            max_length=2000,
            pattern=r"^(\*|https?://[^,\s/]+(,https?://[^,\s/]+)*)?$",
            description="Origins whose web pages may call the service, separated by commas, or `*`; empty for none.",
        ),
    ] = ""
    model_aliases: Annotated[
        str,
        Meta(
            pattern=r"^([A-Za-z0-9_.-]+(,[A-Za-z0-9_.-]+)*)?$",
            max_length=1000,
            description="Further names under which the model is served, separated by commas.",
        ),
    ] = ""
    otlp_endpoint: Annotated[
        str,
        Meta(description="URL of an OTLP/HTTP collector for trace spans; needs the `tracing` extra. Empty: no export."),
    ] = ""


S = TypeVar("S", bound=Settings)


def load(settings_class: type[S]) -> S:
    """The settings that the ``OCR_*`` variables give.

    Raises SettingsError with one line per invalid variable: its value, what it takes and what it is for.
    """
    values, problems = {}, []
    for name, field in setting_fields(settings_class).items():
        variable = next((found for found in (field.variable, field.old_variable) if found in os.environ), None)
        if variable is not None:
            try:
                values[name] = field.read(os.environ[variable])
            except ValueError as error:
                problems.append(f"{variable}={os.environ[variable]!r}: {error}. {field.description}")
    if problems:
        raise SettingsError("\n".join(problems))
    return settings_class(**values)


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
    for field in setting_fields(settings_class).values():
        if field.old_variable in os.environ:
            yield field.old_variable, field.variable
