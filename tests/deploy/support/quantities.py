"""Kubernetes' resource quantities: what they amount to, and the form in which the API server gives them back."""

from __future__ import annotations

from decimal import Decimal

_BINARY = ("Ki", "Mi", "Gi", "Ti", "Pi", "Ei")
_DECIMAL = {"m": Decimal("0.001"), "": Decimal(1), "k": Decimal(10**3), "M": Decimal(10**6), "G": Decimal(10**9)}


def amount(quantity: str) -> Decimal:
    """The number that ``quantity`` stands for: CPUs, or bytes."""
    for power, suffix in enumerate(_BINARY, start=1):
        if quantity.endswith(suffix):
            return Decimal(quantity.removesuffix(suffix)) * Decimal(1024) ** power
    suffix = quantity.lstrip("0123456789.")
    return Decimal(quantity.removesuffix(suffix)) * _DECIMAL[suffix]


def canonical(quantity: str) -> str:
    """``quantity`` as apimachinery writes it: no fraction, and the largest suffix that allows that."""
    value = amount(quantity)
    if quantity.endswith("i"):
        for power in range(len(_BINARY), 0, -1):
            scaled = value / 1024**power
            if scaled == scaled.to_integral_value():
                return f"{int(scaled)}{_BINARY[power - 1]}"
    for suffix, unit in sorted(_DECIMAL.items(), key=lambda item: -item[1]):
        scaled = value / unit
        if scaled == scaled.to_integral_value():
            return f"{int(scaled)}{suffix}"
    raise ValueError(f"{quantity} is finer than a thousandth")
