"""Optional dependencies, checked before anything heavy is imported."""

from __future__ import annotations

import sys
from importlib.util import find_spec


def exit_without(extra: str, *modules: str) -> None:
    """End the process with status 2 and the command to install ``extra`` if any of its top-level modules is missing."""
    missing = [module for module in modules if find_spec(module) is None]
    if missing:
        sys.stderr.write(
            f"not installed: {', '.join(missing)}. Install the extra {extra!r}: pip install 'kserve-ocr[{extra}]'\n"
        )
        raise SystemExit(2)
