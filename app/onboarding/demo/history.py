"""Play a merchant's ninety days in order of time: orders, holds, payouts, each at its own moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import starmap
from typing import TYPE_CHECKING

from sqlalchemy import select

from app import clock
from app.adjustments import service as adjustments
from app.attribution.models import Click
from app.errors import Conflict, DomainError
from app.events import service as events
from app.events.service import acting_as
from app.extensions import db
from app.installation import settings
from app.intake import service as intake
from app.ledger.queries import partner_balances
from app.links.rules import click_key, milliseconds_of, seal_click
from app.notifications import rules as notices
from app.notifications import service as notifications
from app.onboarding.demo import hook, loyalty, money, standing
from app.onboarding.demo.cast import DAYS, RUB
from app.onboarding.demo.opening import owner, partner_ids
from app.onboarding.demo.sales import Seen, Telling, external_id, tell
from app.orders.models import Order
from app.orders.service import Incoming, read_state
from app.partners.service import touch_tree
from app.payouts import queries as payout_queries
from app.payouts import service as payouts
from app.tenancy import tenant_scope
from app.tenants import queries as tenants

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from app.onboarding.demo.opening import Stage

SWEEP = timedelta(hours=8)
LEAST = 30000  # minor units; nobody asks for less
REFUSED = "The account belongs to another person; please check your payment details"


@dataclass(frozen=True)
class Step:
    """What happens at a moment, and who does it."""

    at: datetime
    do: Callable[[], object]
    actor: str = "system"


def is_played(stage: Stage) -> bool:
    """Tell whether the merchant's history is there; it is there as a whole or not at all."""
    with tenant_scope(stage.tenant.id):
        first = Order.external_id == external_id(stage.play, 0)
        return db.session.scalar(select(Order.id).where(first)) is not None


def play(stage: Stage) -> int:
    """Play the merchant's history in the caller's transaction; returns how many steps it had.

    One transaction, because the worker lives in the present: of a half-played past it would make
    available at once what was to wait for its own day.
    """
    with tenant_scope(stage.tenant.id):
        told = [*_sales(stage), *_sweeps(stage), *_desk(stage), *starmap(Step, money.deeds(stage))]
        told += starmap(Step, loyalty.deeds(stage, _speak(stage)))
        told += starmap(Step, standing.deeds(stage, _speak(stage)))
        script = sorted(told, key=lambda step: step.at)
        for step in script:
            with clock.moved_to(step.at), acting_as(step.actor):
                step.do()
                db.session.flush()
            db.session.expunge_all()  # each step finds its rows in the database, as a request does,
            db.session.add(stage.tenant)  # but for the merchant, who does not change
        touch_tree()  # the network's sums are to show this past
        _let_news_come(stage)
    return len(script)


def _let_news_come(stage: Stage) -> None:
    """Let partners hear again from now on: the past is taken note of while they are quiet.

    What the last week asks to be told is promised here, so that nothing of it waits for a drain
    that would find the switches on.
    """
    while happened := events.drain():
        notifications.promise(happened)
    for partner_id in partner_ids(stage).values():
        for kind in notices.NOTICES:
            notifications.mute(partner_id, kind, off=False)


def _sales(stage: Stage) -> Iterator[Step]:
    speak = _speak(stage)
    told = tell(stage, _seen(stage))
    for telling in told:
        yield Step(telling.at, partial(speak, telling), "api:1")
    if stage.play.speaks != "api":
        yield Step(stage.days_before(1), partial(hook.deliver_abroad, told[0]), "api:1")


def _speak(stage: Stage) -> Callable[[Telling], None]:
    """Return how the merchant's shop tells of an order."""
    if stage.play.speaks != "api":
        return hook.deliver
    words = tenants.words(stage.shop.id)
    return partial(_by_api, stage.shop.id, words.version, words.words)


def _by_api(shop_id: int, version: int, words: dict[str, str], telling: Telling) -> None:
    intake.apply(
        Incoming(
            shop_id=shop_id,
            external_id=telling.external_id,
            snapshot=telling.snapshot,
            state=read_state(telling.snapshot.status, words),
            map_version=version,
            source="api",
            received_at=telling.at,
        )
    )


def _seen(stage: Stage) -> list[Seen]:
    """Return the visits of people with the tokens that their browsers were given."""
    key, tenant_id = click_key(settings().secret_key), stage.tenant.id
    rows = db.session.execute(
        select(Click.at, Click.nonce, Click.link_id)
        .where(Click.at < stage.opening, Click.flag.is_(None))
        .order_by(Click.at)
    )
    return [
        Seen(r.at, seal_click(key, tenant_id, r.link_id, milliseconds_of(r.at), r.nonce))
        for r in rows
    ]


def _sweeps(stage: Stage) -> Iterator[Step]:
    """Holds end as the minutely sweep would end them, a few times a day."""
    at = stage.days_before(DAYS)
    while at < stage.opening:
        yield Step(at, partial(_mature, stage.tenant.id))
        at += SWEEP
    yield Step(stage.opening, partial(_mature, stage.tenant.id))


def _mature(tenant_id: int) -> None:
    for whose, order_id, _offset in intake.ripe():
        if whose == tenant_id:
            intake.rework([order_id])


def _desk(stage: Stage) -> Iterator[Step]:
    """Payouts week by week; in the last week some are approved, and some still wait."""
    ids = partner_ids(stage)
    staff = f"person:{owner(stage).id}"
    for place, actor in enumerate(stage.play.actors):
        me = f"partner:{ids[actor.refcode]}"
        rests = place == 0  # the cabinet that the demo opens has money to ask for
        for week in range(2 if rests else 0, DAYS // 7, 3 if rests else 2 if place % 2 else 1):
            ask = stage.days_before(7 * week + 2, 11) + timedelta(minutes=7 * place)
            yield Step(ask, partial(_ask, ids[actor.refcode], me), me)
            if (week, place) == (6, 3):
                yield Step(
                    ask + timedelta(hours=2), partial(_think_again, ids[actor.refcode], me), me
                )
            decide = partial(_decide, ids[actor.refcode], staff, refuse=(week, place) == (4, 1))
            if week or place % 2:
                yield Step(stage.days_before(7 * week + 1, 12), decide, staff)
            if week:
                yield Step(
                    stage.days_before(7 * week, 15), partial(_pay, ids[actor.refcode], staff), staff
                )
    if {"sofia", "yana"} <= ids.keys():
        gift = partial(
            adjustments.adjust, ids["sofia"], 50000, "Thank you for the review of the month", RUB
        )
        yield Step(stage.days_before(20, 12), gift, staff)
        # Paid outside, and more than there was: the rest is owed.
        advance = partial(
            payouts.record_paid, ids["yana"], 150000, "bank", staff, "Advance in cash"
        )
        yield Step(stage.days_before(6, 12), advance, staff)


def _ask(partner_id: int, me: str) -> None:
    free = partner_balances([partner_id])[partner_id].available
    if free < max(LEAST, payout_queries.minimum()):
        return
    try:
        payouts.request(partner_id, free // 10000 * 10000, "bank", me)
    except (DomainError, Conflict):
        return  # blocked, in debt, or without details: then not this week


def _think_again(partner_id: int, me: str) -> None:
    line = payout_queries.open_of(partner_id)
    if line is not None and line.payout.state == "requested":
        payouts.cancel(line.payout.id, partner_id, me)


def _decide(partner_id: int, staff: str, *, refuse: bool) -> None:
    line = payout_queries.open_of(partner_id)
    if line is None or line.payout.state != "requested":
        return
    if refuse:
        payouts.reject(line.payout.id, REFUSED, staff)
        return
    try:
        payouts.approve(line.payout.id, staff)
    except Conflict:
        return  # debt since the request: it waits


def _pay(partner_id: int, staff: str) -> None:
    line = payout_queries.open_of(partner_id)
    if line is not None and line.payout.state == "approved":
        payouts.pay(line.payout.id, staff)
