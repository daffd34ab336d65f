"""What Schemathesis leaves out of its requests; it loads this module (see api_fuzz)."""

from __future__ import annotations

from typing import Any

import schemathesis
from schemathesis import Case, HookContext

_FILES = "image_file"


@schemathesis.hook
def filter_case(_: HookContext, case: Case[Any]) -> bool:
    """Whether a request says what it means to say.

    A field of a form is text. A list or an object in its place arrives as text too, which may be a valid value, so that
    the server cannot reject it.
    """
    if case.media_type != "multipart/form-data" or not isinstance(case.body, dict):
        return True
    return not any(isinstance(value, list | dict) for name, value in case.body.items() if name != _FILES)
