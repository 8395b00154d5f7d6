"""Connected shops: errands carried out, each shop in a lane of its own, and sweeps."""

from __future__ import annotations

import logging
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from flask import current_app

from app.crypto import Unsealable
from app.extensions import queue
from app.intake.shops import ShopError, carrying, connections, errands, sweeping
from app.jobs.work import DRAIN, at_work, in_transaction
from app.tenancy import role

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from flask import Flask

    from app.intake.shops.carrying import Result, Within
    from app.intake.shops.connections import Shop
    from app.intake.shops.errands import Errand

log = logging.getLogger(__name__)

AT_HAND = 40.0  # seconds of errands in one go
LANES = 6  # shops that are spoken to at once
TURN = 10.0  # seconds of one shop, until the others have had theirs
SEALED = ShopError("sealed", "the keys cannot be read")


class _Within:
    """Transactions in a tenant's scope, one at a time."""

    def __init__(self, tenant_id: int) -> None:
        self.tenant_id = tenant_id

    def __call__(self, act: Callable[[], Result]) -> Result:
        """Do it and commit."""
        return in_transaction(act, self.tenant_id)


def run_errands() -> None:
    """Carry out the errands whose time has come; a shop that is slow or away holds up no other."""
    queue.begun(errands.JOB)
    until = time.monotonic() + AT_HAND
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined] # noqa: SLF001
    with at_work():
        while time.monotonic() < until and (lanes := _lanes(in_transaction(_due))):
            with ThreadPoolExecutor(LANES) as pool:
                done = list(
                    pool.map(lambda lane: _run(app, lane[0], lane[1], until), lanes.items())
                )
            if not any(done):
                return  # what is left waits for shops that are away


def _run(app: Flask, whose: tuple[int, int], ids: Sequence[int], until: float) -> bool:
    """Carry out a shop's errands one after the other until it is away; tell whether any was done."""
    any_done, until = False, min(until, time.monotonic() + TURN)
    with app.app_context():
        for errand_id in ids:
            if time.monotonic() > until:
                break
            done = _carry(whose[0], errand_id)
            any_done = any_done or done is True
            if done is False:
                break  # it is away or busy: the others keep for the next go
    return any_done


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
        shop = _open(errand.connection_id, within)
        if shop is None:
            within(lambda: errands.done(errand))
            return None
        note, at = carrying.carry(errand, shop, within)
    except ShopError as error:
        failure = error
        within(lambda: _failed(errand, failure))
        return False if failure.later else None
    within(lambda: errands.done(errand, note, at))
    return True


def _failed(errand: Errand, error: ShopError) -> None:
    last = errands.failed(errand, error)
    connections.note_trouble(errand.connection_id, error)
    if last and errand.kind == "fetch" and errand.said.get("gone"):
        # The shop cannot be asked: then its own signed word holds.
        carrying.gone(errand.connection_id, errand.subject)


def sweep_shops() -> None:
    """Ask the shops whose time has come what changed."""
    queue.begun(connections.SWEEP)
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined] # noqa: SLF001
    with at_work():
        due = in_transaction(_sweeps)
        with ThreadPoolExecutor(LANES) as pool:
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
    except ShopError as error:
        failure = error

        def note() -> None:
            connections.note_trouble(connection_id, failure)
            sweeping.pause(connection_id, failure.wait)

        within(note)


def _open(connection_id: int, within: Within) -> Shop | None:
    try:
        return within(lambda: connections.open_shop(connection_id))
    except Unsealable as error:
        raise SEALED from error


def _lanes(due: Sequence[tuple[int, int, int]]) -> Mapping[tuple[int, int], list[int]]:
    lanes: dict[tuple[int, int], list[int]] = {}
    for tenant_id, connection_id, errand_id in due:
        lanes.setdefault((tenant_id, connection_id), []).append(errand_id)
    return lanes


def _due() -> list[tuple[int, int, int]]:
    with role(DRAIN):
        return errands.due()


def _sweeps() -> list[tuple[int, int]]:
    with role(DRAIN):
        return sweeping.due()
