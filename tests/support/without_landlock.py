"""``python -m tests.support.without_landlock PROGRAM…``: run a program as on a kernel that has no Landlock.

A filter answers Landlock's calls with ENOSYS, as a container runtime's own filter does that does not know them.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import sys

from kserve_ocr.workers.sandbox.process import give_up_privileges
from kserve_ocr.workers.sandbox.seccomp import ALLOW, ERROR

_LOAD, _EQUAL, _RETURN = 0x20, 0x15, 0x06
_CREATE_RULESET = 444
_PR_SET_SECCOMP, _MODE_FILTER = 22, 2
_INSTRUCTIONS = (
    (_LOAD, 0, 0, 0),
    (_EQUAL, 0, 1, _CREATE_RULESET),
    (_RETURN, 0, 0, ERROR | errno.ENOSYS),
    (_RETURN, 0, 0, ALLOW),
)


def main() -> None:
    """Install the filter and become the program."""
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *found) for found in _INSTRUCTIONS))
    header = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(_INSTRUCTIONS), ctypes.addressof(code)))
    give_up_privileges()
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(_PR_SET_SECCOMP, _MODE_FILTER, header, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "seccomp")
    os.execv(sys.argv[1], sys.argv[1:])


if __name__ == "__main__":
    main()
