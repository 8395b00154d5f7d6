"""Customers with bonus accounts."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING

from app import clock
from app.bonuses import service
from app.bonuses.rules import Grant
from app.extensions import db
from app.members.service import Contact, resolve
from app.tenancy import public_id
from app.tenants.models import Shop
from tests.payouts.setting import at_lampa

if TYPE_CHECKING:
    from collections.abc import Iterator

_numbers = count(1)


@contextmanager
def at_shop() -> Iterator[int]:
    """Stand in a new merchant's scope; give its one shop."""
    with at_lampa():
        shop = Shop(
            public_id=public_id("sh"),
            name="Lampa",
            domain="lampa.example",
            timezone="Europe/Moscow",
            created_at=clock.now(),
        )
        db.session.add(shop)
        db.session.flush()
        yield shop.id


def customer(shop_id: int, external_id: str = "77") -> int:
    """Return the id of a shop's customer, made where there is none."""
    contact = Contact(shop_id, external_id, None, None, None, None, clock.now())
    [found] = resolve([contact])
    assert found.member_id is not None
    return found.member_id


def credit(
    member_id: int, amount: int, *, after: timedelta | None = None, lasts: timedelta | None = None
) -> str:
    """Credit bonuses, active after a while and lapsing after another; return the credit's reference."""
    now, reference = clock.now(), f"credit:{next(_numbers)}"
    service.grant(
        [
            Grant(
                member_id=member_id,
                amount=amount,
                reference=reference,
                kind="hand",
                activates_at=now + after if after else None,
                expires_at=now + lasts if lasts else None,
            )
        ]
    )
    return reference
