"""A removal with its branch and its way back; the end of a parent's commissions."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from app import clock
from app.errors import Conflict, DomainError
from app.events.models import Event
from app.extensions import db
from app.identity import queries as identity
from app.partners import queries, service
from app.partners.models import Rehang
from app.partners.rules import Children, sponsor_at, tree_of, upline
from app.partners.service import NewPartner, removing
from app.tenancy import current_tenant, tenant_scope
from tests.intake.scene import NOON as SCENE_NOON
from tests.intake.scene import at_lampa, order
from tests.partners.shops import lampa

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.partners.models import Partner

NOON = datetime(2026, 11, 22, 9, tzinfo=UTC)
LATER = NOON + timedelta(hours=2)


@pytest.fixture
def _lampa(db_session: object) -> Iterator[None]:
    with clock.moved_to(NOON), tenant_scope(lampa().tenant.id):
        yield


def made(name: str, sponsor: Partner | None = None, **more: Any) -> Partner:
    return service.create(NewPartner(name=name, sponsor_id=sponsor.id if sponsor else None, **more))


def parent(partner: Partner, at: datetime = LATER) -> int | None:
    return sponsor_at(tree_of(queries.upline_edges([partner.id])), partner.id, at)


def told(kind: str) -> list[dict[str, Any]]:
    query = select(Event.facts).where(Event.type == kind).order_by(Event.id)
    return list(db.session.scalars(query))


@pytest.mark.usefixtures("_lampa")
class TestRemoval:
    def test_children_go_to_the_parent_of_the_removed_one_and_the_past_stays(self) -> None:
        anna = made("Anna")
        boris = made("Boris", anna)
        vera, gleb = made("Vera", boris), made("Gleb", boris)
        below = made("Dina", vera)
        with clock.moved_to(LATER):
            moved = service.remove_with(boris, Children.SPONSOR, "spam")
        assert moved is not None
        assert (moved.total, moved.moved, moved.finished_at) == (2, 2, LATER)
        assert [parent(p) for p in (vera, gleb, below)] == [anna.id, anna.id, vera.id]
        assert parent(vera, LATER - timedelta(seconds=1)) == boris.id
        assert queries.by_id(vera.id).sponsor_id == anna.id
        assert boris.status == "removed"
        assert told("partner.branch_moved") == [
            {"partner_id": boris.id, "name": "Boris", "children": 2, "sponsor": "anna"}
        ]

    def test_children_may_stand_at_the_top_or_stay(self) -> None:
        anna = made("Anna")
        boris, vera = made("Boris", anna), made("Vera", anna)
        dina, gleb = made("Dina", boris), made("Gleb", vera)
        with clock.moved_to(LATER):
            service.remove_with(boris, Children.ROOTS)
            assert service.remove_with(vera, Children.STAY) is None
        assert (parent(dina), parent(gleb)) == (None, vera.id)

    def test_without_anybody_above_the_children_become_roots(self) -> None:
        anna = made("Anna")
        boris = made("Boris", anna)
        with clock.moved_to(LATER):
            service.remove_with(anna, Children.SPONSOR)
        assert parent(boris) is None

    def test_who_was_removed_above_is_passed_over(self) -> None:
        anna = made("Anna")
        boris = made("Boris", anna)
        vera = made("Vera", boris)
        dina = made("Dina", vera)
        with clock.moved_to(LATER):
            service.remove(boris)
            service.remove_with(vera, Children.SPONSOR)
        assert parent(dina) == anna.id

    def test_the_end_that_was_set_and_what_was_planned_stay(self) -> None:
        anna = made("Anna")
        boris, other = made("Boris", anna), made("Other")
        vera = made("Vera", boris, sponsor_until=date(2026, 12, 10))
        gleb, dina = made("Gleb", boris), made("Dina", other)
        service.set_sponsor(gleb, other.id, since=date(2027, 1, 1))
        service.set_sponsor(dina, boris.id, since=date(2027, 1, 1))
        with clock.moved_to(LATER):
            service.remove_with(boris, Children.SPONSOR)
        december, january = (datetime(2026, 12, 20, tzinfo=UTC), datetime(2027, 1, 5, tzinfo=UTC))
        assert (parent(vera), parent(vera, december)) == (anna.id, None)
        assert (parent(gleb), parent(gleb, january)) == (anna.id, other.id)
        assert (parent(dina), parent(dina, january)) == (other.id, anna.id)

    def test_twice_is_once(self) -> None:
        boris = made("Boris", made("Anna"))
        made("Vera", boris)
        service.remove_with(boris, Children.SPONSOR)
        with pytest.raises(Conflict):
            service.remove_with(boris, Children.SPONSOR)
        assert len(db.session.scalars(select(Rehang)).all()) == 1
        assert not service.go_on(db.session.scalars(select(Rehang.id)).one())

    def test_a_circle_that_a_plan_would_close_is_refused_at_its_field(self) -> None:
        anna = made("Anna")
        boris = made("Boris", anna)
        vera = made("Vera", boris)
        service.set_sponsor(boris, None, since=date(2026, 12, 1))
        service.set_sponsor(anna, vera.id, since=date(2026, 12, 2))
        with pytest.raises(DomainError) as refused:
            service.remove_with(boris, Children.SPONSOR)
        assert [each.field for each in refused.value.errors] == ["children"]
        assert boris.status == "active"
        service.remove_with(boris, Children.ROOTS)

    def test_many_children_move_in_batches(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(removing, "AT_ONCE", 3)
        boris = made("Boris", made("Anna"))
        children = [made(f"Child {n}", boris) for n in range(7)]
        with clock.moved_to(LATER):
            moved = service.remove_with(boris, Children.SPONSOR)
        assert moved is not None
        assert (moved.total, moved.moved, moved.finished_at) == (7, 3, None)
        with pytest.raises(Conflict):
            service.restore(boris)
        at = LATER + timedelta(minutes=1)
        with clock.moved_to(at):
            while service.go_on(moved.id):
                pass
        assert (moved.moved, moved.finished_at) == (7, at)
        assert {parent(child, at) for child in children} == {boris.sponsor_id}


@pytest.mark.usefixtures("_lampa")
class TestComingBack:
    def test_undone_it_is_as_before_but_for_what_happened_meanwhile(self) -> None:
        anna = made("Anna")
        boris = made("Boris", anna, email="boris@example.org")
        vera, gleb = made("Vera", boris), made("Gleb", boris)
        other = made("Other")
        with clock.moved_to(LATER):
            service.remove_with(boris, Children.SPONSOR)
        with clock.moved_to(LATER + timedelta(hours=1)):
            service.set_sponsor(gleb, other.id)
        back = LATER + timedelta(hours=2)
        with clock.moved_to(back):
            assert service.restore(boris) == 1
        assert (parent(vera, back), parent(gleb, back)) == (boris.id, other.id)
        assert parent(vera, back - timedelta(seconds=1)) == anna.id
        assert (boris.status, boris.sponsor_id) == ("active", anna.id)
        person = identity.by_email("boris@example.org")
        assert person is not None
        assert identity.partner_membership(person.id, current_tenant()) is not None
        with pytest.raises(Conflict):
            service.restore(boris)

    def test_a_blocked_one_comes_back_blocked(self) -> None:
        boris = made("Boris")
        service.block(boris)
        with clock.moved_to(LATER):
            service.remove(boris)
        with clock.moved_to(LATER + timedelta(hours=1)):
            service.restore(boris)
        assert boris.status == "blocked"

    def test_an_email_that_another_has_by_now_stays_his(self) -> None:
        boris = made("Boris", email="b@example.org")
        service.remove(boris)
        made("Also Boris", email="b@example.org")
        with pytest.raises(Conflict):
            service.restore(boris)

    def test_who_came_above_meanwhile_does_not_come_below_again(self) -> None:
        anna = made("Anna")
        boris = made("Boris", anna)
        vera = made("Vera", boris)
        with clock.moved_to(LATER):
            service.remove_with(boris, Children.ROOTS)
        with clock.moved_to(LATER + timedelta(hours=1)):
            service.set_sponsor(anna, vera.id)
        at = LATER + timedelta(hours=2)
        with clock.moved_to(at):
            assert service.restore(boris) == 0
        tree = tree_of(queries.upline_edges([boris.id]))
        assert upline(tree, boris.id, at, 9) == (anna.id, vera.id)


@pytest.mark.usefixtures("_lampa")
class TestEndOfCommissions:
    def test_the_day_is_included_and_cuts_everybody_above(self) -> None:
        anna = made("Anna")
        boris = made("Boris", anna)
        vera = made("Vera", boris)
        assert service.end_commissions(vera, date(2026, 11, 30))
        midnight = datetime(2026, 11, 30, 21, tzinfo=UTC)  # in Moscow
        tree = tree_of(queries.upline_edges([vera.id]))
        assert upline(tree, vera.id, midnight - timedelta(seconds=1), 9) == (boris.id, anna.id)
        assert upline(tree, vera.id, midnight, 9) == ()
        assert service.last_day(queries.edge_now(vera.id)) == date(2026, 11, 30)
        assert told("partner.sponsor_changed")[-1]["changes"] == {"until": [None, "2026-11-30"]}

    def test_it_may_be_moved_and_lifted_and_the_same_again_writes_nothing(self) -> None:
        vera = made("Vera", made("Anna"), sponsor_until=date(2026, 11, 30))
        assert not service.end_commissions(vera, date(2026, 11, 30))
        assert service.end_commissions(vera, date(2026, 11, 22))
        assert service.end_commissions(vera, None)
        assert len(queries.edges_of(vera.id)) == 1

    @pytest.mark.parametrize("day", [date(2026, 11, 21), date(2020, 1, 1)])
    def test_a_day_that_has_passed_is_refused(self, day: date) -> None:
        vera = made("Vera", made("Anna"))
        with pytest.raises(DomainError) as refused:
            service.end_commissions(vera, day)
        assert [each.field for each in refused.value.errors] == ["until"]

    def test_without_a_parent_there_is_nothing_to_end(self) -> None:
        with pytest.raises(DomainError):
            service.end_commissions(made("Vera"), date(2027, 1, 1))

    def test_what_is_planned_after_it_stays(self) -> None:
        anna, other = made("Anna"), made("Other")
        vera = made("Vera", anna)
        service.set_sponsor(vera, other.id, since=date(2026, 12, 10))
        with pytest.raises(DomainError):
            service.end_commissions(vera, date(2026, 12, 20))
        with pytest.raises(DomainError):
            service.end_commissions(vera, None)
        assert service.end_commissions(vera, date(2026, 12, 5))
        assert parent(vera, datetime(2026, 12, 7, tzinfo=UTC)) is None
        assert parent(vera, datetime(2026, 12, 15, tzinfo=UTC)) == other.id

    def test_a_longer_time_must_not_close_a_circle(self) -> None:
        anna = made("Anna")
        boris = made("Boris", anna, sponsor_until=date(2026, 12, 31))
        service.set_sponsor(anna, boris.id, since=date(2027, 1, 1))
        for day in (None, date(2027, 1, 1)):
            with pytest.raises(DomainError) as refused:
                service.end_commissions(boris, day)
            assert [each.field for each in refused.value.errors] == ["until"]
        assert service.end_commissions(boris, date(2026, 12, 30))


def test_orders_of_the_past_keep_their_upline_after_a_removal(db_session: object) -> None:
    with at_lampa() as scene:
        with clock.moved_to(SCENE_NOON + timedelta(hours=1)):
            before = scene.say("A1", order("paid", partner_code="VERA10"))
            service.remove_with(scene.boris, Children.SPONSOR)
        with clock.moved_to(SCENE_NOON + timedelta(hours=2)):
            same = scene.say("A1", order("completed", minutes=90, partner_code="VERA10"))
            created = SCENE_NOON + timedelta(minutes=100)
            said = order("paid", minutes=110, partner_code="VERA10", created_at=created)
            later = scene.say("A2", said)
    paid = [(s.level, s.refcode, s.amount) for s in before.shares]
    assert [(s.level, s.refcode, s.amount) for s in same.shares] == paid
    assert [s.refcode for s in before.shares] == ["vera", "boris", "anna"]
    assert [(s.level, s.refcode) for s in later.shares] == [(1, "vera"), (2, "anna")]
