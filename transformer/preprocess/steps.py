"""Names of the preprocessing steps; apart from them, so that a server need not import image processing."""

from __future__ import annotations

from typing import Final

STEPS: Final[tuple[str, ...]] = (
    "color",
    "margins",
    "invert",
    "contrast",
    "background",
    "border",
    "orient",
    "surroundings",
    "scale",
    "dewarp",
    "deskew",
    "soften",
)
"""Names of all steps, in the order in which they run; ``soften`` is taken only after a first recognition."""
GEOMETRIC_STEPS: Final = frozenset({"margins", "orient", "scale", "dewarp", "deskew"})
"""Those that move what is on a page; the others change its gray values only."""
