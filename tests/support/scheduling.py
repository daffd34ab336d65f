"""Which tests one process of pytest-xdist runs: those of a file, or of a folder whose tests share much.

The option ``--dist=loadgroup`` would do this by marks, but pytest-xdist 3.8 writes them to where pytest 9.2 no longer
looks.
"""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling

_SHARED = {"tests/deploy", "tests/monitoring"}
"""Folders whose tests share renderings, or a watched service."""


def group(nodeid: str) -> str:
    """The folder or the file that a test belongs to."""
    file = nodeid.partition("::")[0]
    folder = "/".join(file.split("/")[:2])
    return folder if folder in _SHARED else file


class GroupScheduling(LoadScopeScheduling):
    """Gives each process whole groups."""

    def _split_scope(self, nodeid: str) -> str:
        return group(nodeid)
