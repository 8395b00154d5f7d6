"""Who is in beyond doubt is found by the database, and never otherwise than the rules judge."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from app import clock, sql
from app.events.service import acting_as
from app.extensions import db
from app.identity import service as identity
from app.payouts import service as payouts
from app.payouts.models import PayoutMethod
from app.payruns import queries
from app.payruns.rules import Pays, chosen
from app.payruns.service import batches, make
from tests.payouts.setting import by_bank, earn, take_back
from tests.payruns.setting import CARD, NOON, ready, row, somebody

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.partners.models import Partner
    from app.payruns.models import PayRun

MANY = 50


def me() -> int:
    """Return who acts, as a person."""
    return identity.ensure_person("desk@lampa.example", "Desk").id


def paid_though_blocked(partner: Partner) -> None:
    partner.status, partner.pays_blocked = "blocked", True


def someone(draw: Random, number: int) -> int:
    """Make a partner in whom little, or nothing, stands against paying."""
    when = NOON - timedelta(days=draw.choice([0, 3]))
    with clock.moved_to(when):
        rich = draw.random() < 0.7
        made = ready(f"Partner {number}", 5_000 if rich else draw.choice([900, 0]))
    oddities: list[Callable[[Partner], object]] = [
        lambda p: p.__setattr__("status", "blocked"),
        paid_though_blocked,
        lambda p: p.__setattr__("status", "rejected"),
        lambda _p: somebody(made),
        lambda p: p.__setattr__("person_id", me()),
        lambda p: p.__setattr__("details_frozen_at", NOON),
        lambda p: p.__setattr__("details_for", []),
        lambda p: p.__setattr__("details_for", ["nobody-knows"]),
        lambda p: p.__setattr__("details_usable_at", NOON + timedelta(hours=1)),
        lambda p: p.__setattr__("details_usable_at", None),
        lambda p: payouts.set_details(p, "bank", by_bank("Changed")),
        lambda _p: take_back(made, 6_000),
        lambda _p: earn(made, 700),
        lambda p: p.status == "active" and rich and payouts.request(p.id, 1_000, "bank", "x"),
    ]
    if draw.random() < 0.7:
        draw.choice(oddities)(row(made))
        db.session.flush()
    return made


def agrees(run: PayRun, ids: list[int]) -> int:
    """Compare what the database says with what the rules say; return how many are plainly in."""
    found = {
        r.partner_id: (r.free, r.method_id)
        for r in sql.rows(queries.PLAIN, batches.plainly(run, ids))
    }
    judged = batches.verdicts(run, ids)
    assert not {p for p in ids if row(p).person_id == me()} & set(found)
    codes = {m.code: m.id for m in db.session.scalars(select(PayoutMethod))}
    for partner, (free, method) in found.items():
        verdict = judged[partner]
        assert verdict is not None
        assert (verdict.amount, verdict.reason, verdict.payout_id) == (free, None, None)
        assert method == codes[chosen(row(partner).details_for, codes)]
    return len(found)


@pytest.mark.usefixtures("lampa_desk")
def test_whoever_is_plainly_in_is_judged_so_too() -> None:
    draw = Random(8)  # noqa: S311 - a test's dice
    ids = [someone(draw, number) for number in range(MANY)]
    with acting_as(f"person:{me()}"):
        compare(ids)


def compare(ids: list[int]) -> None:
    """Do so for runs of all kinds, of today and of yesterday."""
    today = clock.today("Europe/Moscow")
    for pays, day in ((Pays.BOTH, today), (Pays.BOTH, today - timedelta(days=1))):
        run = make(pays, day)
        some = agrees(run, ids)
        assert 0 < some < MANY
        judged = batches.verdicts(run, ids).values()
        unasked = [v for v in judged if v and v.reason is None and v.payout_id is None]
        assert some >= len(unasked) * 2 // 3  # few go the long way
        db.session.delete(run)
        db.session.flush()
    run = make(Pays.ASKED, today)
    assert agrees(run, ids) == 0


@pytest.mark.usefixtures("lampa_desk")
def test_the_first_of_the_merchants_methods_is_taken() -> None:
    anna = ready("Anna", 5_000)
    second = payouts.create_method("Card", "", "card")
    db.session.flush()
    payouts.set_details(row(anna), second.code, CARD)
    row(anna).details_usable_at = NOON
    db.session.flush()
    agrees(make(Pays.AVAILABLE, clock.today("Europe/Moscow")), [anna])
