"""New words applied to old orders: the same money as if they had always held, whatever came when."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from app import clock
from app.commissions.queries import booked, deal_view
from app.extensions import db
from app.orders.rules import Snapshot
from app.orders.service import find
from app.programs import service as terms
from app.reruns import queries, service
from app.runs import service as runs
from app.runs.rules import OPEN
from app.tenants import queries as tenants
from app.tenants import service as tenant_service
from tests.harness.profiles import CAMPAIGN
from tests.intake.scene import FOUNDED, NOON, Scene, at_lampa
from tests.intake.test_convergence import EVERY_RULE, MOMENTS, said

Told = list[tuple[int, Snapshot]]
STATES = ("registered", "agreed", "completed", "cancelled", "refunded")
WORDS = ("new", "paid", "completed", "cancelled", "refunded", "packing")


@pytest.fixture(scope="module", params=["plain", "every rule"])
def lampa(app: Any, request: pytest.FixtureRequest) -> Iterator[Scene]:
    """One shop for all examples; each runs in a savepoint that is rolled back."""
    with app.app_context():
        with at_lampa() as scene:
            if request.param != "plain":
                with clock.moved_to(FOUNDED):
                    tenant_service.change_settings(EVERY_RULE)
                    terms.create_campaign(name="Autumn", levels=["20%"], starts_at=MOMENTS[1])
            yield scene
        db.session.rollback()
        db.session.remove()


def mapped(scene: Scene, words: dict[str, str]) -> None:
    shop = tenants.shop_by_id(scene.shop_id)
    assert shop is not None
    known = tenants.words(scene.shop_id).words
    tenant_service.change_shop(shop, words=known | words)


def applied(scene: Scene) -> None:
    """Apply the words of today to every order, three at a time."""
    shop = tenants.shop_by_id(scene.shop_id)
    assert shop is not None
    run = service.look_at_words(shop, None)
    while run.standing in OPEN:
        runs.work(run.id, service.KINDS, 3)
    service.apply(run)
    while run.standing in OPEN:
        runs.work(run.id, service.KINDS, 3)


def money(scene: Scene, told: Told) -> dict[str, Any]:
    found: dict[str, Any] = {"balances": scene.balances()}
    for which in sorted({which for which, _ in told}):
        row = find(scene.shop_id, f"A{which}")
        view = deal_view(row.id)
        assert view is not None
        sums = sorted((k.line, k.level, k.partner_id, n) for k, n in booked([row.id]).items())
        deal = view.deal
        found[f"A{which}"] = (sums, deal.commission, deal.partner_id, deal.state, deal.available_at)
    return found


@st.composite
def histories(draw: st.DrawFn) -> tuple[Told, Told, Told, dict[str, str]]:
    """Draw messages before and after the words change, all of them shuffled, and the new words."""
    told = draw(st.lists(said, min_size=1, max_size=6))
    cut = draw(st.integers(0, len(told)))
    words = draw(st.dictionaries(st.sampled_from(WORDS), st.sampled_from(STATES), max_size=4))
    shuffled = draw(st.permutations(told + draw(st.lists(st.sampled_from(told), max_size=3))))
    return told[:cut], told[cut:], shuffled, words


@given(histories(), st.sampled_from([3, 40]), st.booleans())
@settings(max_examples=10, phases=[Phase.explicit, Phase.generate])
def test_applied_words_converge_as_if_they_had_held_from_the_start(
    lampa: Scene, history: tuple[Told, Told, Told, dict[str, str]], days: int, last: bool
) -> None:
    check(lampa, history, days, apply_last=last)


@pytest.mark.long
@given(histories(), st.sampled_from([3, 40]), st.booleans())
@CAMPAIGN
def test_hundreds_of_histories_converge_with_applied_words(
    lampa: Scene, history: tuple[Told, Told, Told, dict[str, str]], days: int, last: bool
) -> None:
    check(lampa, history, days, apply_last=last)


def check(
    lampa: Scene,
    history: tuple[Told, Told, Told, dict[str, str]],
    now_days: int,
    *,
    apply_last: bool,
) -> None:
    """Play a history with the words changed in its midst, and the same with the words from the start."""
    before, after, shuffled, words = history
    with clock.moved_to(NOON + timedelta(days=now_days)):
        from_the_start = db.session.begin_nested()
        mapped(lampa, words)
        lampa.say_together([(f"A{n}", s) for n, s in shuffled])
        expected = money(lampa, shuffled)
        from_the_start.rollback()
        db.session.expunge_all()

        later = db.session.begin_nested()
        for n, snapshot in before:
            lampa.say(f"A{n}", snapshot)
        if apply_last:
            mapped(lampa, words)
            lampa.say_together([(f"A{n}", s) for n, s in after])
            applied(lampa)
        else:
            mapped(lampa, words)
            applied(lampa)
            lampa.say_together([(f"A{n}", s) for n, s in after])
        assert money(lampa, shuffled) == expected
        # Every message once more, in another order, and a replay: nothing moves.
        lampa.say_together([(f"A{n}", s) for n, s in shuffled])
        assert money(lampa, shuffled) == expected
        again = service.replay(queries.all_orders(0, 100))
        assert (list(again.refolded), list(again.posted)) == ([], [])
        later.rollback()
        db.session.expunge_all()
