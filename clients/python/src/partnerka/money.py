"""Sums as the API writes them: decimal strings, never floats."""

from __future__ import annotations

from decimal import Decimal
from typing import Any


def money(value: Decimal | int | str) -> str:
    """Write a sum as the API takes it: Decimal("1990.0") becomes "1990.0". Raises for floats, NaN and infinity."""
    if isinstance(value, bool) or not isinstance(value, Decimal | int | str):
        message = f"a sum is a Decimal, an int or a string, not {type(value).__name__}"
        raise TypeError(message)
    number = Decimal(value)
    if not number.is_finite():
        message = "a sum is finite"
        raise ValueError(message)
    return format(number, "f")


def plain(value: Any) -> Any:
    """Return a body as JSON can hold it: Decimals as strings; floats are refused, they are no money."""
    if isinstance(value, Decimal):
        return money(value)
    if isinstance(value, float):
        message = "send sums and quantities as Decimal or str: a float is not exact"
        raise TypeError(message)
    if hasattr(value, "isoformat"):
        if getattr(value, "tzinfo", "none") is None:
            message = "a time needs an offset"
            raise ValueError(message)
        return value.isoformat()
    if isinstance(value, dict):
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return value
