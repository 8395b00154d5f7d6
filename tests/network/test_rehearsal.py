"""A new parent, reckoned before it is taken: the rules that book money, with another tree."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select

from app import clock
from app.events.models import Event
from app.extensions import db
from app.ledger.models import Transfer
from app.network import queries
from app.network.rules import Difference, Shift
from app.orders.rules import Customer
from app.partners import service as partners
from app.partners.service import NewPartner
from tests.intake.scene import NOON, at_lampa, order


def rows() -> tuple[int, ...]:
    return tuple(
        db.session.scalar(select(func.count()).select_from(table)) or 0
        for table in (Transfer, Event)
    )


def test_the_branchs_sales_are_reckoned_under_the_other_parent_and_nothing_is_written(
    db_session: object,
) -> None:
    with at_lampa() as scene, clock.moved_to(NOON + timedelta(hours=1)):
        olga = partners.create(NewPartner(name="Olga"))
        scene.say("A1", order("paid", partner_code="VERA10"))
        scene.say(
            "A2", order("cancelled", partner_code="VERA10", customer=Customer(id="78", name="Zoe"))
        )
        before = rows()
        found = queries.rehearse(scene.vera.id, olga.id, clock.now())
        # 1,900.00 at 5% for the parent and 1% for the parent's parent; Olga would have had the 5%.
        assert found.sums == [
            Difference(scene.boris.id, 9_500, 0),
            Difference(olga.id, 0, 9_500),
            Difference(scene.anna.id, 1_900, 0),
        ]
        assert found.shifts == [
            Shift(olga.id, None, 2),
            Shift(scene.boris.id, 2, None),
            Shift(scene.anna.id, 3, None),
        ]
        assert (found.sales, found.more) == (2, False)
        assert rows() == before
        partners.set_sponsor(scene.vera, olga.id)
        again = scene.say(
            "A3",
            order(
                "paid",
                minutes=30,
                created_at=clock.now(),
                partner_code="VERA10",
                customer=Customer(id="79"),
            ),
        )
        assert [(s.refcode, s.amount) for s in again.shares] == [("vera", 19_000), ("olga", 9_500)]


def test_moving_up_by_one_gives_the_upper_the_better_level(db_session: object) -> None:
    with at_lampa() as scene, clock.moved_to(NOON + timedelta(hours=1)):
        scene.say("A1", order("paid", partner_code="VERA10"))
        found = queries.rehearse(scene.vera.id, scene.anna.id, clock.now())
        assert found.sums == [
            Difference(scene.boris.id, 9_500, 0),
            Difference(scene.anna.id, 1_900, 9_500),
        ]


def test_sales_of_those_below_count_and_old_ones_do_not(db_session: object) -> None:
    with at_lampa() as scene:
        with clock.moved_to(NOON + timedelta(hours=1)):
            scene.say("A1", order("paid", partner_code="VERA10"))
            found = queries.rehearse(scene.boris.id, None, clock.now())
            assert found.sums == [Difference(scene.anna.id, 1_900, 0)]
        with clock.moved_to(NOON + timedelta(days=91)):
            found = queries.rehearse(scene.boris.id, None, clock.now())
            assert (found.sums, found.sales) == ([], 0)
            assert found.shifts == [Shift(scene.anna.id, 2, None)]
