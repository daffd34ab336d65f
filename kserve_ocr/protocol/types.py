"""Types of pixels and bytes that several packages share."""

from __future__ import annotations

import numpy as np

Page = np.ndarray[tuple[int, int], np.dtype[np.uint8]]


Buffer = bytes | memoryview
