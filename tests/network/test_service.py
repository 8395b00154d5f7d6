"""Roll-ups: counts and sums of every branch, made beside what pages read, and resumed where they were cut."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import delete, func, select, update

from app import clock
from app.extensions import db
from app.network import queries, service
from app.network.models import Branch, BranchEarning, NetworkRun
from app.network.service import rollup
from app.partners import queries as partner_queries
from app.partners import service as partners
from app.partners.service import NewPartner
from app.tenancy import tenant_scope
from tests.intake.scene import NOON, at_lampa, order
from tests.network.forest import count_anew, plant
from tests.partners.shops import kniga, lampa

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.partners.models import Partner

BEGIN = datetime(2026, 11, 22, 9, tzinfo=UTC)


@pytest.fixture
def _lampa(db_session: object) -> Iterator[None]:
    with clock.moved_to(BEGIN), tenant_scope(lampa().tenant.id):
        yield


def made(name: str, sponsor: Partner | None = None, **more: Any) -> Partner:
    return partners.create(
        NewPartner(name=name, sponsor_id=sponsor.id if sponsor else None, **more)
    )


def branch(partner_id: int) -> Branch:
    run = db.session.scalars(select(NetworkRun)).one()
    query = select(Branch).where(Branch.run == run.ready, Branch.partner_id == partner_id)
    return db.session.scalars(query).one()


@pytest.mark.usefixtures("_lampa")
class TestCounting:
    def test_a_branch_is_counted_level_by_level(self) -> None:
        anna = made("Anna")
        boris, gleb = made("Boris", anna), made("Gleb", anna)
        vera = made("Vera", boris)
        made("Dina", vera)
        count_anew()
        top = branch(anna.id)
        assert (top.direct, top.whole, top.depth, top.level) == (2, 4, 3, 0)
        assert top.levels == [2, 1, 1, 0, 0, 0, 0, 0, 0]
        assert (branch(boris.id).whole, branch(vera.id).level) == (2, 2)
        assert (branch(gleb.id).whole, branch(gleb.id).depth) == (0, 0)

    def test_who_is_not_in_the_program_counts_for_nothing_but_holds_his_branch(self) -> None:
        anna = made("Anna")
        boris = made("Boris", anna)
        made("Vera", boris)
        partners.remove(boris)
        count_anew()
        assert (branch(anna.id).direct, branch(anna.id).whole, branch(anna.id).depth) == (0, 1, 2)
        shown = queries.below(queries.as_merchant(), anna.id).nodes
        assert [(n.name, n.status) for n in shown] == [("Boris", "removed")]

    def test_nothing_is_done_while_nothing_changes(self) -> None:
        anna = made("Anna")
        assert count_anew() > 0
        assert count_anew() == 0
        boris = made("Boris")
        assert count_anew() > 0
        partners.set_sponsor(boris, anna.id)
        assert count_anew() > 0
        partners.block(boris)
        assert count_anew() > 0
        assert count_anew() == 0

    def test_a_planned_change_is_counted_when_it_comes(self) -> None:
        anna, boris = made("Anna"), made("Boris")
        partners.set_sponsor(boris, anna.id, since=date(2026, 12, 1))
        count_anew()
        assert branch(anna.id).whole == 0
        with clock.moved_to(BEGIN + timedelta(days=10)):
            assert count_anew() > 0
            assert branch(anna.id).whole == 1

    def test_an_ended_edge_makes_a_root_that_pages_find(self) -> None:
        anna = made("Anna")
        boris = made("Boris", anna, sponsor_until=date(2026, 11, 30))
        with clock.moved_to(BEGIN + timedelta(days=10)):
            count_anew()
            roots = queries.below(queries.as_merchant(), None).nodes
            assert [node.name for node in roots] == ["Anna", "Boris"]
            partners.block(anna)
            count_anew()
            assert [e.sponsor_id for e in partner_queries.edges_of(boris.id)] == [anna.id, None]

    def test_another_merchants_tree_is_another(self) -> None:
        made("Boris", made("Anna"))
        with tenant_scope(kniga().tenant.id):
            made("Boris of Kniga", made("Anna of Kniga"))
            count_anew()
            assert db.session.scalar(select(func.count()).select_from(Branch)) == 2

    def test_cut_after_any_piece_it_goes_on_to_the_same_numbers(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        plant(300, "tree", arms=3)
        top = plant(40, "chain")
        count_anew()
        whole = {(b.partner_id, b.whole, b.depth, tuple(b.levels)) for b in _all()}
        for name in ("ROWS", "LEVELS", "PARTNERS"):
            monkeypatch.setattr(rollup, name, 7)
        db.session.execute(delete(NetworkRun))
        pieces = count_anew()
        assert pieces > 50
        assert {(b.partner_id, b.whole, b.depth, tuple(b.levels)) for b in _all()} == whole
        assert branch(top).whole == 39
        assert branch(top).depth == 39
        assert db.session.scalar(select(func.count()).select_from(Branch)) == 340

    def test_pages_read_the_run_before_until_the_next_is_whole(self) -> None:
        anna = made("Anna")
        count_anew()
        made("Boris", anna)
        assert service.step()
        assert branch(anna.id).whole == 0
        count_anew()
        assert branch(anna.id).whole == 1

    def test_a_large_tree_rests_between_two_counts(self) -> None:
        made("Anna")
        count_anew()
        later = clock.wall() + timedelta(hours=1)
        db.session.execute(update(NetworkRun).values(rest_until=later))
        made("Boris")
        assert not service.step()


def _all() -> list[Branch]:
    run = db.session.scalars(select(NetworkRun)).one()
    return list(db.session.scalars(select(Branch).where(Branch.run == run.ready)))


def test_sums_are_the_branchs_for_the_merchant_and_what_he_earns_for_the_partner(
    db_session: object,
) -> None:
    with at_lampa() as scene, clock.moved_to(NOON + timedelta(hours=1)):
        scene.say("A1", order("paid", partner_code="VERA10"))
        count_anew()
        merchant, anna = queries.as_merchant(), queries.as_partner(scene.anna.id)
        top = queries.node(merchant, scene.anna.id)
        assert top is not None
        assert (top.turnover, top.commission) == (190_000, 30_400)
        below = queries.below(anna, scene.anna.id).nodes
        assert [(n.name, n.turnover, n.commission) for n in below] == [("Boris", 190_000, 1_900)]
        deeper = queries.below(anna, scene.boris.id).nodes
        assert [(n.name, n.commission_30) for n in deeper] == [("Vera", 1_900)]
        own = queries.summary(anna, scene.anna.id)
        assert own is not None
        assert (own.commission, own.levels) == (1_900, [(1, 1), (2, 1)])
        assert own.earned == {2: (190_000, 1_900)}, "Vera's sale stands two levels below Anna"
        nearer = queries.summary(anna, scene.boris.id)
        assert nearer is not None
        assert nearer.earned == {1: (190_000, 1_900)}
        whole = queries.summary(merchant, None)
        assert whole is not None
        assert (whole.partners, whole.depth, whole.commission) == (3, 3, 30_400)


def test_who_left_a_branch_takes_its_sums_along(db_session: object) -> None:
    with at_lampa() as scene, clock.moved_to(NOON + timedelta(hours=1)):
        scene.say("A1", order("paid", partner_code="VERA10"))
        partners.set_sponsor(scene.vera, None)
        count_anew()
        assert queries.below(queries.as_partner(scene.anna.id), scene.boris.id).nodes == []
        rows = db.session.scalars(select(BranchEarning)).all()
        assert [row for row in rows if row.earner_id == scene.anna.id] == []


def test_sums_of_the_last_month_grow_old_by_themselves(db_session: object) -> None:
    with at_lampa() as scene:
        with clock.moved_to(NOON + timedelta(hours=1)):
            scene.say("A1", order("paid", partner_code="VERA10"))
            count_anew()
        with clock.moved_to(NOON + timedelta(days=31)):
            assert count_anew() > 0
            node = queries.node(queries.as_merchant(), scene.vera.id)
            assert node is not None
            assert (node.turnover_30, node.turnover) == (0, 190_000)
