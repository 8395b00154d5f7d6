"""How a PrestaShop filters, sorts and writes values, for the fake."""

from __future__ import annotations

import re
from typing import Any

_WHOLE = re.compile(
    r"id|id_.*|.*_id|.*quantity|valid|active|deleted|paid|shipped|logable|delivery|private|read|is_guest"
    r"|free_shipping|partial|shipping_cost|order_slip_type|on_sale|newsletter"
)


def native(field: str, value: Any) -> Any:
    """Return a column as newer PHP hands it on: whole numbers as numbers, all else as text."""
    text = str(value)
    return int(text) if _WHOLE.fullmatch(field) and text.isdecimal() else text


def matches(value: str, said: str) -> bool:
    found = re.fullmatch(r"(.*?)\[(.*)\](.*)", said, re.DOTALL)
    if found is None:
        return value.casefold() == said.casefold()
    before, inner, behind = found.groups()
    if before in {">", "<"}:
        return value > inner if before == ">" else value < inner
    if before == "!":
        return value.casefold() not in inner.casefold().split("|")
    if "%" in {before, behind}:
        return inner.casefold() in value.casefold()
    if "|" not in inner and re.fullmatch(r"[\d.:\-\s]+,[\d.:\-\s]+", inner):
        low, high = inner.split(",")
        return (int(low) <= int(value) <= int(high)) if low.isdecimal() else low <= value <= high
    return value.casefold() in inner.casefold().split("|")


def sortable(row: dict[str, Any], field: str) -> tuple[int, str]:
    value = str(row.get(field, ""))
    return (int(value), "") if value.isdecimal() else (0, value)
