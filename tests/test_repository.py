"""The clone stands alone: no tracked file names a place outside of it, on this machine or next to the clone."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tools.local_stack import ROOT

_RELATIVE = re.compile(r"(?<![\w./~$)}\"-])((?:\.\./)+[\w][\w./-]*)|\"((?:\.\./)+[\w][\w./-]*)\"")
_ABSOLUTE = re.compile(r"(?<![\w.:/-])/(?:work|root|Users)/[\w.-]+|(?<![\w.:/-])/home/(?!user\b)[\w.-]+")
_ALLOWED = {
    "docs/deploy.md": r"\.\./\.\./components/[\w-]+",  # seen from an overlay
    "predictor/Dockerfile": r"/root/\.cache",  # while the image is built
    "transformer/Dockerfile": r"/root/\.cache",
    "tests/test_error_table.py": r"\.\./\.\./etc/passwd",  # sent to the service
}


def tracked_texts() -> list[Path]:
    """Every file of the repository that is text and not generated."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    paths = [Path(name) for name in listed.split("\0") if name and not name.startswith("requirements/")]
    return [path for path in paths if (ROOT / path).is_file() and b"\0" not in (ROOT / path).read_bytes()[:8000]]


def places_outside(path: Path, text: str) -> list[str]:
    """The paths in the text of a file that lead out of the repository."""
    found = [match[0] for match in _ABSOLUTE.finditer(text)]
    for match in _RELATIVE.finditer(text):
        named = match[1] or match[2]
        parts = [*path.parent.parts, *Path(named).parts]
        depth = 0
        for part in parts:
            depth += -1 if part == ".." else 1
            if depth < 0:
                found.append(named)
                break
    return found


def test_no_file_names_a_place_outside_the_repository() -> None:
    this_file = Path(__file__).relative_to(ROOT)
    outside = {
        (str(path), place)
        for path in tracked_texts()
        if path != this_file
        for place in places_outside(path, (ROOT / path).read_text(errors="replace"))
        if not re.fullmatch(_ALLOWED.get(str(path), ""), place)
    }
    assert outside == set()


@pytest.mark.parametrize(
    ("path", "text", "found"),
    [
        ("tests/support/external_data.py", 'DATA = ROOT / "../../../elsewhere/crds"', ["../../../elsewhere/crds"]),
        ("scripts/crds", "cp ../../elsewhere/crds .", ["../../elsewhere/crds"]),
        ("README.md", "see ../elsewhere/notes.md", ["../elsewhere/notes.md"]),
        ("tools/run.py", 'open("/root/page.png")', ["/root/page.png"]),
        ("kustomize/overlays/dev/kustomization.yaml", "  - ../../../manifests", []),
        ("docs/api.md", "[README](../README.md)", []),
    ],
)
def test_places_outside_are_recognized(path: str, text: str, found: list[str]) -> None:
    assert places_outside(Path(path), text) == found
