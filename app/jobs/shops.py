"""Connected shops: errands carried out, each shop in a lane of its own, and sweeps."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from app.carts import queries as carts
from app.crypto import Unsealable
from app.extensions import queue
from app.intake.shops import ShopError, carrying, connections, errands, sweeping
from app.intake.shops import carts as shop_carts
from app.intake.shops.figures import BAD
from app.jobs.lanes import Lanes, this_app
from app.jobs.work import DRAIN, at_work, in_transaction
from app.tenancy import role

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from app.intake.shops.carrying import Result, Within
    from app.intake.shops.connections import Shop
    from app.intake.shops.errands import Errand

log = logging.getLogger(__name__)

SHOPS = 6  # that are spoken to at once
SEALED = ShopError("sealed", "the keys cannot be read")


class _Within:
    """Transactions in a tenant's scope, one at a time."""

    def __init__(self, tenant_id: int) -> None:
        self.tenant_id = tenant_id

    def __call__(self, act: Callable[[], Result]) -> Result:
        """Do it and commit."""
        return in_transaction(act, self.tenant_id)


def run_errands() -> None:
    """Carry out the errands whose time has come."""
    queue.begun(errands.JOB)
    LANES.work()


def _carry(tenant_id: int, errand_id: int) -> bool | None:
    """Carry out one errand; None where there was nothing to do, or what stands in its way is its own."""
    within = _Within(tenant_id)
    try:
        errand = within(lambda: errands.take(errand_id))
        return None if errand is None else _talk(errand, within)
    except Exception:
        # The worker's edge: one errand that cannot be carried out must not hold up the others.
        log.exception("errand %s of tenant %s cannot be carried out", errand_id, tenant_id)
        return None


def _talk(errand: Errand, within: Within) -> bool | None:
    try:
        shop = _open(errand.connection_id, within, closed=errand.kind == connections.LEAVE)
        if shop is None:
            within(lambda: errands.done(errand))
            return None
        note, at = carrying.carry(errand, shop, within)
    except (ShopError, *BAD) as error:
        failure = _understood(error)
        within(lambda: _failed(errand, failure))
        return False if failure.later else None
    within(lambda: errands.done(errand, note, at))
    return True


def _failed(errand: Errand, error: ShopError) -> None:
    last = errands.failed(errand, error)
    if last and errand.kind == connections.LEAVE:
        connections.forget(errand.connection_id)
    connections.note_trouble(errand.connection_id, error)
    if last and errand.kind == "fetch" and errand.said.get("gone"):
        # The shop cannot be asked: then its own signed word holds.
        carrying.gone(errand.connection_id, errand.subject)


def _understood(error: Exception) -> ShopError:
    """Return what stopped a talk with a shop: what it said that nobody foresaw is its trouble, too."""
    if isinstance(error, ShopError):
        return error
    log.error("a shop's answer was not understood", exc_info=error)
    return ShopError("not_a_shop", f"its answer cannot be read: {type(error).__name__}")


def sweep_shops() -> None:
    """Ask the shops whose time has come what changed."""
    queue.begun(connections.SWEEP)
    app = this_app()
    with at_work():
        due = in_transaction(_sweeps)
        with ThreadPoolExecutor(SHOPS) as pool:
            list(pool.map(lambda each: _sweep(app, *each), due))


def _sweep(app: Flask, tenant_id: int, connection_id: int) -> None:
    with app.app_context():
        within = _Within(tenant_id)
        try:
            if within(lambda: sweeping.take(connection_id)):
                _look(connection_id, within)
        except Exception:
            # The worker's edge: one shop must not hold up the others.
            log.exception("connection %s of tenant %s cannot be swept", connection_id, tenant_id)


def _look(connection_id: int, within: Within) -> None:
    try:
        shop = _open(connection_id, within)
        if shop is not None:
            sweeping.sweep(shop, within)
    except (ShopError, *BAD) as error:
        failure = _understood(error)

        def note() -> None:
            connections.note_trouble(connection_id, failure)
            sweeping.pause(connection_id, failure.wait)

        within(note)


def _open(connection_id: int, within: Within, *, closed: bool = False) -> Shop | None:
    try:
        return within(lambda: connections.open_shop(connection_id, closed=closed))
    except Unsealable as error:
        raise SEALED from error


def _sweeps() -> list[tuple[int, int]]:
    with role(DRAIN):
        return sweeping.due()


LANES = Lanes(errands.due, _carry, most=SHOPS, turn=10.0)


def keep_carts() -> None:
    """End coupons of carts whose minutes are over, of all merchants, each by itself."""
    queue.begun("keep_carts")
    with at_work():
        for tenant_id, coupon_id in in_transaction(carts.due):
            try:
                in_transaction(partial(shop_carts.tidy, coupon_id), tenant_id)
            except Exception:
                # The worker's edge: one coupon that cannot be ended must not hold up the others.
                log.exception("coupon %s of tenant %s cannot be ended", coupon_id, tenant_id)
