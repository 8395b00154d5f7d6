"""The demo's sales as shops tell them: each order a story of messages, drawn alike each time."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING

from app.onboarding.demo.cast import RUB
from app.onboarding.demo.visits import times, who
from app.orders.rules import Customer, Line, Refund, RefundLine, Snapshot, line_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from app.onboarding.demo.cast import Play, Ware
    from app.onboarding.demo.opening import Stage

FREE_SHIPPING = 500000  # minor units of goods
SHIPPING = 35000
FIRST_NUMBER = 1001


@dataclass(frozen=True)
class Telling:
    """One message of a shop: when it is sent, and how the order stands by then."""

    at: datetime
    external_id: str
    snapshot: Snapshot


@dataclass(frozen=True)
class Seen:
    """A visit that may have led to a sale: when, and the token that the browser was given."""

    at: datetime
    token: str


def external_id(play: Play, number: int) -> str:
    """Return the shop's own id of its n-th order."""
    return f"{play.prefix}-{FIRST_NUMBER + number}" if play.prefix else str(FIRST_NUMBER + number)


def tell(stage: Stage, seen: Sequence[Seen]) -> list[Telling]:
    """Return every message of the merchant's shop up to the opening, in order of time."""
    dice = Random(f"sales of {stage.play.name}")  # noqa: S311 - a story, no secret
    regulars: list[Customer] = []
    told: list[Telling] = []
    for number, at in enumerate(times(dice, stage, stage.play.orders)):
        returning = bool(regulars) and dice.random() < 0.38
        customer = (
            dice.choice(regulars) if returning else _newcomer(dice, stage.play, len(regulars))
        )
        if not returning:
            regulars.append(customer)
        order = _basket(dice, stage.play, at, customer)
        order = _evidence(dice, stage, order, seen, returning=returning)
        name = external_id(stage.play, number)
        order = replace(order, number=name)
        told += (Telling(s.updated_at or at, name, s) for s in _fate(dice, stage.play, order))
    told += _at_the_counter(dice, stage, regulars[0])
    return sorted((t for t in told if t.at < stage.opening), key=lambda t: (t.at, t.external_id))


def _at_the_counter(dice: Random, stage: Stage, customer: Customer) -> Iterator[Telling]:
    """The newest order waits to be picked up, a word of the shop that nobody has mapped yet."""
    at = stage.opening - timedelta(hours=30)
    order = _basket(dice, stage.play, at, customer)
    name = external_id(stage.play, stage.play.orders)
    for hours, word in ((0, stage.play.words["agreed"]), (26, "awaiting-pickup")):
        said = replace(order, number=name, status=word, updated_at=at + timedelta(hours=hours))
        yield Telling(at + timedelta(hours=hours), name, said)


def _newcomer(dice: Random, play: Play, number: int) -> Customer:
    guest = dice.random() < 0.2
    return Customer(
        id=None if guest else str(5001 + number),
        email=f"buyer{number + 1}@mail.example",
        phone=f"+7916{dice.randrange(10**6, 10**7)}" if dice.random() < 0.7 else None,
        name=dice.choice(play.buyers),
    )


def _basket(dice: Random, play: Play, at: datetime, customer: Customer) -> Snapshot:
    wares = [(shelf.id, ware) for shelf in play.shelves for ware in shelf.wares]
    # Dear things are bought less often.
    weights = [1 + 2000000 // (ware.price + 150000) for _shelf, ware in wares]
    chosen = dict.fromkeys(dice.choices(wares, weights, k=dice.choice((1, 1, 1, 2, 2, 3))))
    lines = tuple(
        _line(dice, place, shelf, ware) for place, (shelf, ware) in enumerate(chosen, start=1)
    )
    goods = sum(map(line_value, lines))
    return Snapshot(
        status=play.words["registered"],
        currency=RUB,
        created_at=at,
        updated_at=at,
        site=play.domain,
        customer=customer,
        lines=lines,
        shipping=0 if goods >= FREE_SHIPPING else SHIPPING,
    )


def _line(dice: Random, place: int, shelf: str, ware: Ware) -> Line:
    quantity = 1 if ware.price > 200000 else dice.choice((1, 1, 1, 2, 2, 3, 5))
    discount = ware.price * quantity // 10 if dice.random() < 0.15 else 0
    return Line(
        id=str(place),
        product=ware.id,
        name=ware.name,
        category=shelf,
        quantity=Decimal(quantity),
        price=ware.price,
        discount=discount,
    )


def _evidence(
    dice: Random, stage: Stage, order: Snapshot, seen: Sequence[Seen], *, returning: bool
) -> Snapshot:
    """Many newcomers followed a link; others typed a code, or came by themselves."""
    chance = dice.random() + (0.3 if returning else 0)
    last = bisect_left(seen, order.created_at, key=lambda click: click.at) - 1
    if chance < 0.38 and last >= 0:
        click = seen[max(0, last - int(dice.expovariate(1 / 25)))]
        return replace(order, click=click.token)
    actor = who(dice, stage, order.created_at)
    if chance < 0.44:
        return replace(
            order, entry=f"https://{stage.play.domain}/?ref={actor.refcode}", ref=actor.refcode
        )
    if chance < 0.54 and actor.codes:
        return replace(order, coupons=(actor.codes[0],))
    if chance < 0.57 and actor.codes:
        return replace(order, partner_code=actor.codes[0].lower())
    return replace(order, coupons=("WELCOME",)) if chance < 0.65 else order


def _fate(dice: Random, play: Play, order: Snapshot) -> Iterator[Snapshot]:
    """Yield how the order stands, message by message; most are paid, sent and kept."""
    yield order
    words, chance = play.words, dice.random()
    paid_at = order.created_at + timedelta(minutes=dice.randrange(4, 1200))
    done_at = paid_at + timedelta(hours=dice.randrange(26, 150), minutes=dice.randrange(60))
    if chance < 0.08:
        at = order.created_at + timedelta(hours=dice.randrange(5, 80))
        yield replace(order, status=words["cancelled"], updated_at=at)
        return
    paid = replace(order, status=words["agreed"], updated_at=paid_at, paid_at=paid_at)
    yield paid
    if chance < 0.11:
        at = paid_at + timedelta(hours=dice.randrange(8, 70))
        yield replace(paid, status=words["cancelled"], updated_at=at)
        return
    done = replace(paid, status=words["completed"], updated_at=done_at, completed_at=done_at)
    yield done
    at = done_at + timedelta(days=dice.randrange(2, 24), hours=dice.randrange(12))
    if chance < 0.15:
        yield replace(done, status=words["refunded"], updated_at=at)
    elif chance < 0.20:
        yield replace(done, updated_at=at, refunds=(_part(dice, done),))


def _part(dice: Random, order: Snapshot) -> Refund:
    """One line came back, or a part of the sum."""
    line = dice.choice(order.lines)
    worth = line_value(line)
    if dice.random() < 0.5:
        back = RefundLine(line=line.id, quantity=line.quantity, amount=worth)
        return Refund(id="1", lines=(back,))
    return Refund(id="1", amount=worth // 2)
