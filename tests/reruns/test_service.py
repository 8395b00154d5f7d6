"""Re-runs over older orders: what a look shows is what applying does, and a replay posts nothing."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, text

from app import clock, jobs
from app.commissions.queries import deal_view
from app.errors import Conflict, DomainError
from app.events.models import Event
from app.extensions import db
from app.orders.rules import Customer
from app.orders.service import find
from app.programs import queries as programs
from app.programs import service as terms
from app.reruns import queries, service
from app.runs import service as runs
from app.runs.models import Run
from app.runs.rules import OPEN, State
from app.tenants import queries as tenants
from app.tenants import service as tenant_service
from tests.intake.scene import NOON, Scene, at_lampa, order

if TYPE_CHECKING:
    from collections.abc import Iterator

OWN = frozenset({"run", "run_line", "event", "alembic_version"})  # what a look keeps of itself
LATER = NOON + timedelta(days=3)


@pytest.fixture
def lampa(db_session: Any) -> Iterator[Scene]:
    with at_lampa() as scene, clock.moved_to(LATER):
        yield scene


def work(run: Run, most: int = 2) -> Run:
    """Let the worker do all that is open of the run."""
    while run.standing in OPEN:
        runs.work(run.id, service.KINDS, most)
    return run


def rows() -> dict[str, int]:
    """Count the rows of every table but those in which a look keeps itself."""
    names = db.session.scalars(
        text("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
    )
    return {
        name: db.session.execute(text(f"SELECT count(*) FROM {name}")).scalar_one()
        for name in list(names)
        if name not in OWN and not name.startswith("click_")
    }


def contents() -> list[Any]:
    """Return what money and orders are, row by row."""
    return [
        db.session.execute(text(f"SELECT * FROM {name} ORDER BY 1, 2, 3")).all()
        for name in ("orders", "order_message", "deal", "share", "balance", "transfer", "claim")
    ]


def say_words(scene: Scene, **words: str) -> None:
    shop = tenants.shop_by_id(scene.shop_id)
    assert shop is not None
    known = tenants.words(scene.shop_id).words
    tenant_service.change_shop(shop, words=known | words)


def shop_of(scene: Scene) -> Any:
    return tenants.shop_by_id(scene.shop_id)


def some_orders(scene: Scene, many: int = 5, status: str = "packing") -> None:
    for n in range(many):
        buyer = Customer(id=str(n), email=f"buyer{n}@example.org")
        scene.say(f"A{n}", order(status, n, partner_code="VERA10", customer=buyer))


def test_a_look_at_new_words_tells_every_difference_and_writes_nothing(lampa: Scene) -> None:
    some_orders(lampa)
    scene_before, money = rows(), contents()
    say_words(lampa, packing="agreed")
    scene_before |= {"status_map": rows()["status_map"]}
    run = work(service.look_at_words(shop_of(lampa), None))
    assert run.standing is State.PREVIEWED
    assert (run.done, run.total) == (5, 5)
    assert rows() == scene_before
    assert contents() == money
    # Expected sums stay what they are: they only become money.
    assert run.sums["changed"] == 5
    assert run.sums["states"] == {"registered>agreed": 5}
    assert run.sums["cost"] == [5 * 30400, 5 * 30400]
    lines = db.session.execute(queries.order_lines(run.id)).all()
    assert {line.number for line in lines} == {f"A{n}" for n in range(5)}
    assert {tuple(line.facts["state"]) for line in lines} == {("registered", "agreed")}


def test_applied_words_are_as_if_they_had_always_held(lampa: Scene) -> None:
    some_orders(lampa)
    say_words(lampa, packing="agreed")
    run = work(service.look_at_words(shop_of(lampa), None))
    assert lampa.balances()["Vera"].pending == 0
    work(service.apply(run))
    assert run.standing is State.DONE
    assert run.applied == {"changed": 5, "booked": 5}
    accrued = select(Event.facts).where(Event.type == "commission.accrued")
    assert {facts["run"] for facts in db.session.scalars(accrued)} == {run.public_id}
    assert lampa.balances()["Vera"].pending == 5 * 19000
    again = service.replay(queries.all_orders(0, 100))
    assert (list(again.refolded), list(again.posted)) == ([], [])
    # Twice does no harm: another look finds nothing.
    second = work(service.look_at_words(shop_of(lampa), None))
    assert "changed" not in second.sums


def test_words_that_now_cancel_take_back(lampa: Scene) -> None:
    some_orders(lampa, status="paid")
    assert lampa.balances()["Vera"].pending == 5 * 19000
    say_words(lampa, paid="cancelled")
    run = work(service.look_at_words(shop_of(lampa), None))
    assert run.sums["cost"] == [5 * 30400, 0]
    assert [line.change for line in db.session.execute(queries.partner_lines(run.id))]
    work(service.apply(run))
    assert lampa.balances()["Vera"].pending == 0


def test_only_orders_of_the_days_asked_for_change(lampa: Scene) -> None:
    scene = lampa
    old = order("packing", created_at=NOON - timedelta(days=20), partner_code="VERA10")
    scene.say("OLD", old)
    scene.say("NEW", order("packing", partner_code="VERA10", customer=Customer(id="2")))
    say_words(scene, packing="agreed")
    run = work(service.apply(work(service.look_at_words(shop_of(scene), 10))))
    assert run.applied["changed"] == 1
    assert find(scene.shop_id, "OLD").folded.state == "registered"
    assert find(scene.shop_id, "NEW").folded.state == "agreed"


def test_a_message_between_look_and_apply_counts(lampa: Scene) -> None:
    some_orders(lampa, 2)
    say_words(lampa, packing="agreed")
    run = work(service.look_at_words(shop_of(lampa), None))
    buyer = Customer(id="0", email="buyer0@example.org")
    lampa.say("A0", order("cancelled", 60, partner_code="VERA10", customer=buyer))
    work(service.apply(run))
    assert lampa.balances()["Vera"].pending == 19000


def test_words_changed_after_the_look_want_another_look(lampa: Scene) -> None:
    some_orders(lampa, 2)
    say_words(lampa, packing="agreed")
    run = work(service.look_at_words(shop_of(lampa), None))
    say_words(lampa, packing="completed")
    with pytest.raises(Conflict) as refused:
        service.apply(run)
    assert refused.value.code == "stale"
    assert "Look again" in refused.value.message


def test_words_changed_while_it_stood_still_are_not_applied_by_going_on(lampa: Scene) -> None:
    some_orders(lampa)
    say_words(lampa, packing="agreed")
    run = work(service.look_at_words(shop_of(lampa), None))
    service.apply(run)
    runs.work(run.id, service.KINDS, 2)
    runs.act(run, "stop")
    say_words(lampa, packing="cancelled")
    for again in (partial(runs.resume, kinds=service.KINDS), service.apply):
        with pytest.raises(Conflict) as refused:
            again(run)
        assert refused.value.code == "stale"
        assert "Look again" in refused.value.message
    assert run.state == "stopped"
    assert lampa.balances()["Vera"].pending == 2 * 19000
    service.apply(work(service.look_at_words(shop_of(lampa), None)))
    assert lampa.balances()["Vera"].pending == 2 * 19000


def test_a_look_at_words_that_were_changed_is_not_gone_on_with(lampa: Scene) -> None:
    some_orders(lampa)
    say_words(lampa, packing="agreed")
    run = service.look_at_words(shop_of(lampa), None)
    runs.work(run.id, service.KINDS, 2)
    runs.act(run, "stop")
    say_words(lampa, packing="completed")
    with pytest.raises(Conflict):
        runs.resume(run, service.KINDS)
    runs.discard(run, service.KINDS)


def test_two_looks_of_one_kind_do_not_run_at_once(lampa: Scene) -> None:
    say_words(lampa, packing="agreed")
    first = service.look_at_words(shop_of(lampa), None)
    with pytest.raises(Conflict) as refused:
        service.look_at_words(shop_of(lampa), 30)
    assert refused.value.code == "busy"
    work(first)
    assert work(service.look_at_words(shop_of(lampa), 30)).standing is State.PREVIEWED


def test_a_stopped_run_goes_on_where_it_was(lampa: Scene) -> None:
    some_orders(lampa)
    say_words(lampa, packing="agreed")
    run = work(service.look_at_words(shop_of(lampa), None))
    service.apply(run)
    runs.work(run.id, service.KINDS, 2)
    runs.act(run, "stop")
    assert (run.state, run.done) == ("stopped", 2)
    assert not runs.work(run.id, service.KINDS, 2)
    assert lampa.balances()["Vera"].pending == 2 * 19000
    with pytest.raises(Conflict):
        runs.discard(run, service.KINDS)
    work(runs.resume(run, service.KINDS))
    assert (run.state, run.done, run.total) == ("done", 5, 5)
    assert lampa.balances()["Vera"].pending == 5 * 19000
    with pytest.raises(Conflict):
        runs.resume(run, service.KINDS)


def test_a_look_that_is_not_applied_can_be_thrown_away(lampa: Scene) -> None:
    some_orders(lampa, 2)
    say_words(lampa, packing="agreed")
    run = work(service.look_at_words(shop_of(lampa), None))
    runs.discard(run, service.KINDS)
    counts = [db.session.scalar(text(f"SELECT count(*) FROM {t}")) for t in ("run", "run_line")]
    assert counts == [0, 0]


@pytest.mark.parametrize("days", [0, -1, 3651])
def test_days_out_of_range_are_refused(lampa: Scene, days: int) -> None:
    with pytest.raises(DomainError):
        service.look_at_words(shop_of(lampa), days)


def raise_rates(levels: tuple[str, ...] = ("20%", "5%", "1%")) -> None:
    terms.change_terms(programs.base_terms(), levels=list(levels))


def test_terms_are_applied_to_old_deals_and_taken_back(lampa: Scene) -> None:
    some_orders(lampa, status="paid")
    raise_rates()
    assert lampa.balances()["Vera"].pending == 5 * 19000
    before, money = rows(), contents()
    run = work(service.look_at_terms(NOON - timedelta(days=1), terms=programs.base_terms()))
    assert (rows(), contents()) == (before, money)
    assert run.sums["cost"] == [5 * 30400, 5 * 49400]
    assert run.sums["levels"]["1"] == [5 * 19000, 5 * 38000]
    assert queries.winners(run.id) == (1, 0)
    with clock.moved_to(LATER + timedelta(hours=1)):
        raise_rates(("90%", "5%", "1%"))  # said after the look: it looked at what held then
        work(service.apply(run))
        assert lampa.balances()["Vera"].pending == 5 * 38000
        assert not service.replay(queries.all_orders(0, 100)).posted
        # A later message keeps the rates that were applied.
        buyer = Customer(id="0", email="buyer0@example.org")
        view = lampa.say("A0", order("completed", 90, partner_code="VERA10", customer=buyer))
        assert view.deal.commission == 49400
        back = work(service.apply(work(service.undo(run))))
        assert back.applied["changed"] == 5
        assert lampa.balances()["Vera"].pending == 5 * 19000
        assert find(lampa.shop_id, "A0").rated_as_of is None


def test_only_deals_of_the_partners_and_days_asked_for_are_rated_anew(lampa: Scene) -> None:
    some_orders(lampa, 3, status="paid")
    lampa.say("ANNA", order("paid", partner_code="ANNA10", customer=Customer(id="9")))
    raise_rates()
    run = service.look_at_terms(NOON - timedelta(days=1), partners=[lampa.anna.id])
    assert work(run).sums["cost"] == [19000, 38000]
    later = service.look_at_terms(NOON + timedelta(hours=1), partners=[lampa.anna.id])
    assert "cost" not in work(later).sums


def test_who_stands_where_stays_as_it_was_when_the_order_was_made(lampa: Scene) -> None:
    """Rates are read anew; the partner's status and sponsor are not."""
    some_orders(lampa, 1, status="paid")
    from_partners = lampa.vera.id
    text_ = "UPDATE sponsor_edge SET valid_to = :at WHERE partner_id = :id"
    db.session.execute(text(text_), {"at": NOON + timedelta(days=1), "id": from_partners})
    raise_rates(("20%", "7%", "1%"))
    run = work(service.look_at_terms(NOON - timedelta(days=1)))
    assert run.sums["levels"]["2"] == [9500, 13300]


def test_a_start_in_the_future_is_refused(lampa: Scene) -> None:
    with pytest.raises(DomainError):
        service.look_at_terms(LATER + timedelta(days=1))


def test_only_an_applied_rating_is_taken_back(lampa: Scene) -> None:
    run = work(service.look_at_terms(NOON))
    with pytest.raises(Conflict):
        service.undo(run)


def test_an_order_that_cannot_be_done_is_passed_over_and_told(lampa: Scene) -> None:
    some_orders(lampa, 3)
    say_words(lampa, packing="agreed")
    broken = find(lampa.shop_id, "A1").id
    db.session.execute(
        text("UPDATE order_message SET body = '{}' WHERE order_id = :id"), {"id": broken}
    )
    tenant = lampa.tenant_id
    run = service.look_at_words(shop_of(lampa), None)
    run_id = run.id
    db.session.commit()
    jobs.sweep_runs()
    found = jobs.in_transaction(lambda: db.session.get(Run, (tenant, run_id)), tenant)
    assert found is not None
    assert (found.state, found.done) == ("previewed", 3)
    assert found.sums["problems"] == 1
    assert found.sums["changed"] == 2
    view = jobs.in_transaction(lambda: deal_view(broken), tenant)
    assert view is not None
    jobs.in_transaction(
        lambda: db.session.execute(
            text(
                "UPDATE order_message SET body = (SELECT body FROM order_message o"
                " WHERE o.order_id <> order_message.order_id LIMIT 1) WHERE order_id = :id"
            ),
            {"id": broken},
        ),
        tenant,
    )
