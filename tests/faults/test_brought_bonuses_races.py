"""Bonuses that a file brought are taken back while their owners spend them: each bonus goes one way only."""

from __future__ import annotations

import random
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import select

from app.bonuses import queries as bonuses
from app.bonuses import service as wallet
from app.extensions import db
from app.imports import service
from app.members.models import Member
from app.runs import service as runs
from app.tenancy import current_tenant
from tests.bonuses.setting import at_shop
from tests.faults.test_payout_races import committed, meet
from tests.harness import invariants
from tests.imports.setting import brought, csv

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.application import App

PEOPLE, EACH = 6, 10_000


def test_bonuses_of_a_file_are_spent_or_taken_back_and_never_both(app: App) -> None:
    rounds_seed = random.randrange(2**32)  # noqa: S311 - printed, so that a failure can be seen again
    dice = random.Random(rounds_seed)  # noqa: S311 - no secret
    with app.app_context():
        with at_shop():
            tenant = current_tenant()
            brought(csv("id клиента;имя", *(f"{n};N{n}" for n in range(PEOPLE))), "member")
        db.session.commit()
    for number in range(6):
        about = f"seed {rounds_seed}, round {number}"
        with committed(app, tenant):
            lines = [f"{number}-{n};{n};100" for n in range(PEOPLE)]
            file = brought(csv("партия;клиент;баллы", *lines), "lot")
            people = list(db.session.scalars(select(Member.id).order_by(Member.id)))
            before = {m: bonuses.balance(m).available for m in people}
            undo = service.undo(file).id
        acts: list[Callable[[], object]] = [
            partial(wallet.spend, m, before[m], f"all:{number}:{m}") for m in people
        ]
        acts += [partial(runs.work, undo, service.KINDS, 2) for _ in range(3)]
        dice.shuffle(acts)
        ends = meet(app, tenant, acts)
        assert set(ends) <= {"done", "not_enough_bonuses"}, about
        with committed(app, tenant):
            while runs.work(undo, service.KINDS, 2):
                pass
            left = [bonuses.balance(m) for m in people]
            assert {(b.available, b.debt) for b in left} <= {
                (0, 0),
                (before[people[0]] - EACH, 0),
            }, about
            for m, b in zip(people, left, strict=True):
                if b.available:
                    wallet.spend(m, b.available, f"rest:{number}:{m}")
            assert invariants.broken() == [], about
