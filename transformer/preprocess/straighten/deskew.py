"""Deskew and dewarp: pages that are rotated, curve into a gutter, or were photographed at an angle.

The slope of the lines is measured between letters a few places apart and fitted, over the page, with a polynomial of
the position. Where it is nearly the same everywhere the page is rotated; where it varies every column is shifted up or
down by the slope's integral, which makes each line level.
"""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from transformer.geometry import Affine, Dewarp, Geometry, Size
from transformer.preprocess.components import Components

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float64]

LEAST_CHAINS = 40
"""Chains of letters that it takes to measure an angle."""
ROTATION_LINKS = 8
DEWARP_LINKS = 4
"""Letters that a chain spans: long chains measure one angle precisely, short ones follow a curve, and short lines."""
LEAST_DEGREES = 1.2
"""A page that lies straighter is left alone: Tesseract follows its lines as well as those of a rotated copy."""
DEWARP_DEGREES = 2.5
"""Difference of slope within a page above which its lines are curved."""
GREATEST_DEGREES = 25.0
"""Steeper slopes are not lines of text."""
POWERS = 3
"""Terms of the slope's polynomial along either axis."""
RIDGE = 1e-3
"""Weight against steep polynomials, per sample: little text must not make wild curves."""
GREATEST_STRETCH = 0.5
"""Vertical stretch at which a dewarp is taken for an error; it also keeps the dewarp invertible."""
GREATEST_SIDE = 30_000
"""Larger pages stay unchanged: OpenCV remaps sides of up to 32,766 pixels, and a deskewed page is larger."""
CELL = 32
"""Pixels between places where a dewarp is computed; between them it is interpolated."""


class Chains(Struct, frozen=True):
    """Slopes measured on a page: position from -1 to 1 over width and height, and rise over run, down positive."""

    u: Floats
    v: Floats
    slope: Floats


def chains(letters: Components, *, links: int) -> Chains:
    """The slopes between the bottoms of letters that stand ``links`` places apart, a power of two."""
    next_component = np.zeros(len(letters.stats), dtype=np.intp)
    first, second = letters.right_neighbors
    next_component[first] = second
    for _ in range(links.bit_length() - 1):
        next_component = next_component[next_component]
    start = np.flatnonzero(next_component)
    end = next_component[start]
    left, top, width, height = letters.stats[:, :4].T.astype(np.float64)
    bottoms, middles = top + height, left + width / 2
    run = np.maximum(middles[end] - middles[start], 1.0)
    rows, columns = letters.labels.shape
    return Chains(
        u=(middles[start] + middles[end]) / columns - 1,
        v=(bottoms[start] + bottoms[end]) / rows - 1,
        slope=(bottoms[end] - bottoms[start]) / run,
    )


def angle(letters: Components) -> float:
    """Degrees, counterclockwise, that level the page's lines; 0 with too little text."""
    for links in (ROTATION_LINKS, DEWARP_LINKS):
        slopes = chains(letters, links=links).slope
        if len(slopes) >= LEAST_CHAINS:
            return float(np.degrees(np.arctan(np.median(slopes))))
    return 0.0


def dewarp_of(letters: Components, size: Size) -> Dewarp | None:
    """The dewarp that levels curved lines on a page of ``size``; None when they are straight or too few."""
    measured = chains(letters, links=DEWARP_LINKS)
    if len(measured.slope) < LEAST_CHAINS:
        return None
    slopes, fitted = _fit(measured)
    low, high = np.degrees(np.arctan(np.percentile(fitted, (3, 97))))
    if high - low < DEWARP_DEGREES or max(-low, high) > GREATEST_DEGREES:
        return None
    edges = [float(edge) for axis in (measured.u, measured.v) for edge in np.percentile(axis, (1, 99))]
    made = Dewarp(size, slopes, (edges[0], edges[1], edges[2], edges[3]))
    x, y = np.meshgrid(np.linspace(0, size[0], 17), np.linspace(0, size[1], 33))
    stretch = np.diff(made.shift(x, y), axis=0) * 32 / size[1]
    return made if float(np.abs(stretch).max()) < GREATEST_STRETCH else None


def _fit(found: Chains) -> tuple[tuple[tuple[float, ...], ...], Floats]:
    """Coefficients ``[i][j]`` of u^i·v^j and the fitted slopes, by reweighted least squares with Cauchy weights."""
    powers = [(i, j) for i in range(POWERS) for j in range(POWERS)]
    terms = np.stack([found.u**i * found.v**j for i, j in powers], axis=1)
    ridge = RIDGE * len(found.slope) * np.diag([float(i + j) for i, j in powers])
    weights = np.ones_like(found.slope)
    fitted: Floats = np.zeros_like(found.slope)
    coefficients: Floats = np.zeros(len(powers), dtype=np.float64)
    for _ in range(8):
        weighted = terms * weights[:, None]
        normal = weighted.T @ terms + ridge + 1e-9 * np.eye(len(powers))
        coefficients = np.asarray(np.linalg.solve(normal, weighted.T @ found.slope), dtype=np.float64)
        fitted = np.asarray(terms @ coefficients)
        residuals = found.slope - fitted
        spread = float(np.median(np.abs(residuals))) + 0.003
        weights = 1 / (1 + (residuals / (1.5 * spread)) ** 2)
    rows = coefficients.reshape(POWERS, POWERS).tolist()
    return tuple(tuple(row) for row in rows), fitted


def rotated(gray: Pixels, degrees: float, *, slant: float = 0.0) -> tuple[Pixels, Geometry]:
    """The page rotated counterclockwise on a larger white canvas, strokes of that slant made upright."""
    geometry = Geometry.rotated((gray.shape[1], gray.shape[0]), degrees)
    geometry = geometry.then(Geometry.upright(geometry.preprocessed, slant))
    whole = Affine((1.0, 0.0, 0.0, 0.0, 1.0, 0.0))
    for part in geometry.maps:
        assert isinstance(part, Affine)
        whole = whole.then(part)
    a, b, c, d, e, f = whole.matrix
    # OpenCV counts from the middle of the first pixel, Geometry from its corner.
    matrix = np.array([[a, b, c + (a + b - 1) / 2], [d, e, f + (d + e - 1) / 2]])
    result = cv2.warpAffine(
        gray, matrix, geometry.preprocessed, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_CONSTANT, borderValue=255
    )
    return np.asarray(result, dtype=np.uint8), geometry


def straightened(gray: Pixels, dewarp: Dewarp, *, slant: float = 0.0) -> tuple[Pixels, Geometry]:
    """The page with its columns shifted so that lines are level, on a higher white canvas.

    With ``slant``, run over rise of its upright strokes, rows are shifted, too, so that these are upright.
    """
    geometry = Geometry.dewarped(dewarp)
    geometry = geometry.then(Geometry.upright(geometry.preprocessed, slant))
    width, height = geometry.preprocessed
    across, down = (np.linspace(0, side, side // CELL + 2) for side in geometry.preprocessed)
    x, y = np.meshgrid(across, down)
    source = geometry.inverse(np.stack([x.ravel(), y.ravel()], axis=1)).T.reshape(2, *x.shape).astype(np.float32)
    columns, share = _between(width, len(across))
    # Positions along every row of nodes, less half a pixel: OpenCV counts from the middle of the first pixel.
    nodes = source[:, :, columns] * (1 - share) + source[:, :, columns + 1] * share - np.float32(0.5)
    rows, share = _between(height, len(down))
    moved = np.empty((height, width), dtype=np.uint8)
    # The rows between two nodes stay in the processor's cache: maps of the whole page are eight times its size.
    starts = np.searchsorted(rows, np.arange(len(down)))
    for node, (top, bottom) in enumerate(pairwise(starts.tolist())):
        part = share[top:bottom, None]
        source_x, source_y = nodes[:, node, None] * (1 - part) + nodes[:, node + 1, None] * part
        moved[top:bottom] = cv2.remap(
            gray, source_x, source_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=255
        )
    return moved, geometry


def _between(pixels: int, nodes: int) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """For the middle of every pixel along a side the last node before it, and the share of the way to the next."""
    position = (np.arange(pixels) + 0.5) * (nodes - 1) / pixels
    before = np.minimum(position.astype(np.intp), nodes - 2)
    return before, (position - before).astype(np.float32)
