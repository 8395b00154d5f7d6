"""What a resource of the fake PrestaShop is, and how it filters, sorts and writes values."""

from __future__ import annotations

import re
from typing import Any

_WHOLE = re.compile(
    r"id|id_.*|.*_id|.*quantity|valid|active|deleted|paid|shipped|logable|delivery|private|read|is_guest"
    r"|free_shipping|partial|shipping_cost|order_slip_type|on_sale|newsletter"
)


class Refused(Exception):
    def __init__(self, status: int, number: int, words: str) -> None:
        super().__init__(words)
        self.status, self.number, self.words = status, number, words


class Kind:
    """One resource: what one and many are called, its fields, what belongs to it, what must and may not be sent."""

    def __init__(self, one: str, many: str, fields: str, **more: Any) -> None:
        self.one, self.many, self.fields = one, many, fields.split()
        self.parts: dict[str, tuple[str, list[str]]] = more.get("parts", {})
        self.required: list[str] = more.get("required", "").split()
        self.sealed: list[str] = more.get("sealed", "").split()
        self.languages: list[str] = more.get("languages", "").split()


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


def column(row: dict[str, Any], field: str) -> str:
    """Return what is filtered by: of a product the date that its stock changes, too, not the one that is shown."""
    return str(row.get(f"base_{field}", row.get(field, "")))
