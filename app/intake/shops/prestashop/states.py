"""What a shop's own order states mean, by their flags and the letter that each sends: suggestions. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.intake.shops.prestashop.shapes import flag, number, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# What the shop itself keeps under these names in its configuration.
SETTINGS = {
    "PS_OS_CANCELED": "cancelled",
    "PS_OS_ERROR": "cancelled",
    "PS_OS_REFUND": "refunded",
    "PS_OS_DELIVERED": "completed",
    "PS_OS_SHIPPING": "agreed",
    "PS_OS_PAYMENT": "agreed",
    "PS_OS_WS_PAYMENT": "agreed",
    "PS_OS_PREPARATION": "agreed",
}
_LETTERS = {
    "order_canceled": "cancelled",
    "order_cancelled": "cancelled",
    "payment_error": "cancelled",
    "refund": "refunded",
    "shipped": "agreed",
    "in_transit": "agreed",
}


def suggested(
    states: Iterable[Mapping[str, Any]], settings: Mapping[str, str]
) -> list[dict[str, str]]:
    """Return each state's number, name and what it seems to mean; `settings`: the shop's, by name."""
    said = {number(settings[name]): state for name, state in SETTINGS.items() if name in settings}
    found = [
        {
            "word": number(each.get("id")),
            "name": words(each.get("name")),
            "state": said.get(number(each.get("id"))) or meaning(each),
        }
        for each in states
        if number(each.get("id")) and not flag(each.get("deleted"))
    ]
    return sorted(found, key=lambda each: int(each["word"]))


def meaning(state: Mapping[str, Any]) -> str:
    """Return what a state seems to mean: the letter that it sends tells most, then its flags.

    A state that is shipped and sends no letter of being on the way is the one after that.
    """
    letter = words(state.get("template")).lower()
    if letter in _LETTERS:
        return _LETTERS[letter]
    if flag(state.get("shipped")):
        return "completed"
    return "agreed" if flag(state.get("paid")) else "registered"
