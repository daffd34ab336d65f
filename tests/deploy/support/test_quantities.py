"""Quantities, checked against what apimachinery documents."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.deploy.support.quantities import amount, canonical


@pytest.mark.parametrize(
    ("quantity", "expected"),
    [("1", 1), ("500m", Decimal("0.5")), ("2Gi", 2 * 1024**3), ("1.5Gi", 1536 * 1024**2), ("10k", 10_000)],
)
def test_amount(quantity: str, expected: Decimal) -> None:
    assert amount(quantity) == expected


@pytest.mark.parametrize(
    ("quantity", "expected"),
    [
        ("1000m", "1"),
        ("0.5", "500m"),
        ("1", "1"),
        ("2025m", "2025m"),
        ("1024Mi", "1Gi"),
        ("1.5Gi", "1536Mi"),
        ("768Mi", "768Mi"),
        ("36Gi", "36Gi"),
        ("2000", "2k"),
    ],
)
def test_canonical(quantity: str, expected: str) -> None:
    assert canonical(quantity) == expected


def test_canonical_refuses_what_kubernetes_rounds() -> None:
    with pytest.raises(ValueError, match="finer"):
        canonical("0.0001")
