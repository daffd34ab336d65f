"""Values of arguments that are needed before KServe, whose parser they are meant for, is imported."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest


def argument(arguments: Sequence[str], name: str) -> str:
    """The value of ``name=value`` or ``name value``; empty if it is not there."""
    for given, following in zip_longest(arguments, arguments[1:], fillvalue=""):
        if given == name:
            return following
        if given.startswith(f"{name}="):
            return given.removeprefix(f"{name}=")
    return ""
