"""Whose word on an order's partner holds: the shop's card, or staff in the back office."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from app.orders.rules.fold import Folded
    from app.orders.rules.message import PartnerData


@dataclass(frozen=True, slots=True)
class StaffWord:
    """What staff said here, when, and what the shop's card said at that time."""

    said: PartnerData
    at: datetime
    by: str
    over: PartnerData | None = None


def partner_data(folded: Folded, word: StaffWord | None) -> PartnerData | None:
    """Return staff's word on the order as it holds: the later of the shop's card and our own.

    A card that says nothing, repeats what it said before or what we said is no newer word: shops
    repeat their cards with every message, whatever it is about.
    """
    card = folded.snapshot.partner_data
    if word is None:
        return card
    if card is None or card in {word.over, word.said} or folded.key.at <= word.at:
        return word.said
    return card
