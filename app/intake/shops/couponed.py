"""Orders of shops that coupons of ours made cheaper are read as paid in bonuses, before they are taken in."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from app.carts import service as carts
from app.carts.rules import Seen
from app.carts.service import Ask
from app.intake.shops import OrderSaid, signed
from app.intake.shops.registry import OWN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.carts.service import Note
    from app.intake.shops import Said


def _seen(kind: str, said: OrderSaid) -> Seen:
    """Return what is said of coupons; in messages of our own kind prices without a discount are whole."""
    known = {line.id: line.discount for line in said.snapshot.lines if line.discount}
    return said.seen or Seen({}, known, after=kind not in {OWN, signed.kind})


def understood(read: Sequence[tuple[Any, Said]]) -> tuple[list[tuple[Any, Said]], list[Note]]:
    """Read what coupons of ours took off in the cart as paid in bonuses; return what to note of them then."""
    asks = [
        Ask(row.shop_id, said.external_id, said.snapshot, _seen(row.kind, said))
        for row, said in read
        if isinstance(said, OrderSaid)
    ]
    answers = iter(carts.understand(asks))
    found: list[tuple[Any, Said]] = []
    notes = []
    for row, said in read:
        now = said
        if isinstance(said, OrderSaid):
            snapshot, noted = next(answers)
            now = replace(said, snapshot=snapshot)
            notes += [noted] if noted else []
        found.append((row, now))
    return found, notes
