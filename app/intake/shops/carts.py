"""Coupons of the cart and the shops that take them: made, deleted, looked for what stands in their way.

What is named `ask_`, `look_at` and `try_on` calls the shop and must run outside any transaction.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy.dialects.postgresql import insert

from app import clock
from app.carts import queries, service
from app.carts.models import CartCheck
from app.carts.rules import written
from app.extensions import db
from app.intake.service import tenant
from app.intake.shops import COUPONS, CouponWanted, ShopError, connections, errands, registry
from app.intake.shops.coupons import KIND
from app.members import queries as members
from app.money import to_decimal_string

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.carts.models import CartCoupon
    from app.intake.shops.connections import Shop
    from app.tenants.models import Connection

TRIAL = timedelta(minutes=5)
PATIENCE = 8.0  # seconds a call: a customer waits at the cart


def can(connection: Connection) -> bool:
    """Tell whether coupons can be made in a shop."""
    connector = registry.CALLED.get(connection.kind)
    able = connector is not None and COUPONS in connector.offers
    return able and connection.credentials is not None


def place(shop_id: int) -> Connection | None:
    """Return the connection over which a shop is given coupons; None: it has none."""
    for each in connections.keyed():
        if each.shop_id == shop_id and can(each):
            return each
    return None


def wanted(row: CartCoupon, access_currency: str) -> CouponWanted:
    """Return a coupon as the shop is to have it: once, for its customer, for minutes, exactly the sum."""
    said, member = queries.settings(), members.by_id(row.member_id)
    return CouponWanted(
        code=row.code,
        amount=to_decimal_string(row.amount, access_currency),
        uses=1,
        ends=clock.wall() + (row.ends_at - clock.now()),
        email=member.email if member else None,
        customer=member.key.removeprefix("id:") if member else None,
        minimum=to_decimal_string(row.minimum, access_currency) if row.minimum else None,
        alone=said.alone,
    )


def ask_for(shop: Shop, coupon: CouponWanted) -> str | None:
    """Have the shop make a coupon; return what went wrong, None: it has it."""
    try:
        made = shop.connector.put_coupon(replace(shop.access, seconds=PATIENCE), coupon)
    except ShopError as error:
        return error.code
    return None if made else "refused"


def finish(coupon_id: int, problem: str | None) -> CartCoupon | None:
    """Write the shop's answer down; None: the coupon is not to be used, and what was held is free again.

    Whatever the shop has of it nevertheless, for its answer may be lost, is deleted there.
    """
    if problem is None and service.made(coupon_id):
        return queries.by_id(coupon_id)
    row = service.close(coupon_id, "failed", problem) or queries.by_id(coupon_id)
    if row is not None:
        clear_away(row)
    return None


def let_go(row: CartCoupon, state: str = "let_go", problem: str | None = None) -> bool:
    """End an open coupon, and have it deleted in the shop; False: it was not open, or an order has it."""
    closed = service.close(row.id, state, problem)
    if closed is not None:
        clear_away(closed)
    return closed is not None


def clear_away(row: CartCoupon) -> None:
    """Have a coupon deleted in the shop, soon; the shop's own codes stay."""
    if row.connection_id is not None and row.state != "used":
        errands.ask(row.connection_id, KIND, [row.key])


def tidy(coupon_id: int) -> None:
    """End a coupon whose minutes are over, or which nobody knows to be made."""
    row = queries.by_id(coupon_id)
    if row is not None and row.state == "made":
        let_go(row, "ended")
    elif row is not None and row.state == "making":
        let_go(row, "failed", "interrupted")


@dataclass(frozen=True)
class Trial:
    """What a trial found: words of what stands in the way, and what went wrong; None: the coupon held."""

    found: tuple[str, ...]
    problem: str | None


def look_at(shop: Shop) -> tuple[str, ...]:
    """Ask a shop for what would stand in the way of its coupons. Raises ShopError."""
    look = getattr(shop.connector, "blockers", None)
    return tuple(look(shop.access, tenant().currency)) if look is not None else ()


def try_on(shop: Shop, currency: str) -> Trial:
    """Look at a shop, make a coupon that nobody can use in it, and delete it again."""
    try:
        found = look_at(shop)
    except ShopError as error:
        return Trial((), error.code)
    code = written(secrets.token_bytes(64))
    trial = CouponWanted(
        code=code,
        amount=to_decimal_string(100, currency),
        uses=1,
        ends=clock.wall() + TRIAL,
        email="nobody@trial.invalid",
        minimum=to_decimal_string(99_999_900, currency),
        alone=True,
    )
    problem = ask_for(shop, trial)
    if problem is not None:
        return Trial(found, problem)
    try:
        gone = shop.connector.drop_coupon(shop.access, code)
    except ShopError as error:
        return Trial(found, error.code)
    return Trial(found, None if gone else "stays")


def keep_trial(connection_id: int, trial: Trial) -> None:
    """Write down what a trial found."""
    values = {
        "looked_at": clock.now(),
        "found": " ".join(trial.found),
        "tried_at": clock.now(),
        "trial": trial.problem or "ok",
    }
    statement = insert(CartCheck).values(connection_id=connection_id, **values)
    keys = ["tenant_id", "connection_id"]
    db.session.execute(statement.on_conflict_do_update(index_elements=keys, set_=values))


def offered(shop_id: int) -> bool:
    """Tell whether a shop's customers may turn bonuses into a code."""
    return queries.settings().on and (place(shop_id) is not None or queries.has_codes(shop_id))


def sum_of(shop_id: int, member_id: int, most: int) -> int:
    """Return the sum of the code that a customer who wishes to spend so much would get; 0: none."""
    if place(shop_id) is not None:
        return most
    return queries.dearest(shop_id, member_id, most)


def fits(row: CartCoupon, goods: int) -> bool:
    """Tell whether a cart of so much is still the one that a coupon was made for."""
    return goods >= max(row.minimum, row.amount)


def shops() -> Sequence[Connection]:
    """Return the connected shops in which coupons can be made."""
    return [each for each in connections.keyed() if can(each)]
