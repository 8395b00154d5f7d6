"""Held, released, refused: what becomes of the money, whatever comes first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import select, text

from app import clock
from app.commissions.queries import deal_view
from app.errors import Conflict, DomainError, NotFound
from app.events.models import Event
from app.extensions import db
from app.fraud import service as fraud
from app.fraud.models import File
from app.fraud.rules import Policy, Sign, Word
from app.installation import settings
from app.intake import service as intake
from app.ledger.queries import PartnerBalance
from app.links.rules import click_key, milliseconds_of, seal_click
from app.links.service import ensure_default
from app.orders.rules import Customer
from app.orders.service import find
from app.partners.service import change
from app.tenancy import current_tenant
from app.trust import service
from tests.intake.scene import FOUNDED, NOON, Scene, at_lampa, order

HOLD = timedelta(days=14)
OWN = Customer(
    id="5", email="ver.a+shop@gmail.com", name="Vera"
)  # her own mailbox, by another name
MINUTE = timedelta(minutes=1)


@pytest.fixture
def lampa(db_session: Any) -> Iterator[Scene]:
    """Lampa watches for mailboxes, loops, floods, coupon sites and bought visits."""
    on = frozenset(Sign) - {Sign.DETAILS}
    with at_lampa() as scene:
        with clock.moved_to(FOUNDED):
            change(scene.vera, email="vera@gmail.com")
            fraud.say_policy(Policy(on=on, sites=("promokodi.example",)))
        yield scene


def sold(status: str = "completed", minutes: int = 0, **said: Any) -> Any:
    return order(status, minutes, **({"partner_code": "VERA10", "customer": OWN} | said))


def vera(scene: Scene) -> PartnerBalance:
    return scene.balances()["Vera"]


def number(scene: Scene, name: str = "A1") -> int:
    return find(scene.shop_id, name).id


def happened(kind: str) -> list[Event]:
    db.session.flush()
    return list(db.session.scalars(select(Event).where(Event.type == kind).order_by(Event.id)))


def transfers() -> int:
    return int(db.session.scalar(text("SELECT count(*) FROM transfer")) or 0)


def test_a_held_deal_stays_on_hold_after_its_days_until_it_is_released(lampa: Scene) -> None:
    with clock.moved_to(NOON):
        view = lampa.say("A1", sold())
    assert (view.held, view.deal.available_at, view.deal.matures_at) == (True, None, None)
    with clock.moved_to(NOON + HOLD + MINUTE):
        intake.rework([number(lampa)])
        assert (vera(lampa).pending, vera(lampa).available) == (19000, 0)
        batch, changed = service.decide(Word.RELEASE, [number(lampa)])
        assert changed == 1
        assert (vera(lampa).pending, vera(lampa).available) == (0, 19000)
        after = deal_view(number(lampa))
        assert after is not None
        assert not after.held
        assert after.deal.available_at == NOON + HOLD
        service.undo(batch)
        assert (vera(lampa).pending, vera(lampa).available) == (19000, 0)


def test_a_refused_deal_pays_nothing_at_any_level_and_says_the_word(lampa: Scene) -> None:
    with clock.moved_to(NOON):
        lampa.say("A1", sold())
        batch, _changed = service.decide(Word.REFUSE, [number(lampa)], "This is your own order.")
        after = deal_view(number(lampa))
        assert after is not None
        assert (after.deal.commission, after.deal.reason) == (0, "refused")
        assert after.deal.notes[0] == {"reason": "refused", "text": "This is your own order."}
        assert all(b.pending == 0 for b in lampa.balances().values())
        service.undo(batch)
        assert vera(lampa).pending == 19000
    [told] = happened("deal.refused")
    assert (told.facts["amount"], told.facts["reason"]) == (30400, "This is your own order.")


def test_refusing_what_was_available_takes_it_back_and_undoing_it_gives_it_again(
    lampa: Scene,
) -> None:
    honest = Customer(id="77", email="gleb@example.org")
    with clock.moved_to(NOON + HOLD + MINUTE):
        lampa.say("A1", sold(customer=honest))
        assert vera(lampa).available == 19000
        batch, _changed = service.decide(Word.REFUSE, [number(lampa)], "Found out later.")
        assert (vera(lampa).available, vera(lampa).debt) == (0, 0)
        service.undo(batch)
        assert vera(lampa).available == 19000


def test_staff_hold_a_deal_that_shows_no_sign_and_the_money_comes_back_on_hold(
    lampa: Scene,
) -> None:
    honest = Customer(id="77", email="gleb@example.org")
    with clock.moved_to(NOON + HOLD + MINUTE):
        lampa.say("A1", sold(customer=honest))
        service.decide(Word.HOLD, [number(lampa)])
        assert (vera(lampa).pending, vera(lampa).available) == (19000, 0)
    assert len(happened("deal.held")) == 1


def test_the_same_word_twice_and_a_replay_post_nothing(lampa: Scene) -> None:
    with clock.moved_to(NOON + HOLD + MINUTE):
        lampa.say("A1", sold())
        service.decide(Word.RELEASE, [number(lampa)])
        before = transfers()
        assert service.decide(Word.RELEASE, [number(lampa)])[1] == 0
        assert intake.rework([number(lampa)]) == ()
        lampa.say("A1", sold())
        assert transfers() == before


def test_an_undo_leaves_what_was_decided_since(lampa: Scene) -> None:
    with clock.moved_to(NOON):
        lampa.say("A1", sold())
        released, _ = service.decide(Word.RELEASE, [number(lampa)])
        refused, _ = service.decide(Word.REFUSE, [number(lampa)], "No.")
        with pytest.raises(Conflict):
            service.undo(released)
        assert vera(lampa).pending == 0
        service.undo(refused)
        view = deal_view(number(lampa))
        assert view is not None
        assert (view.held, vera(lampa).pending) == (False, 19000)
        with pytest.raises(Conflict):
            service.undo(refused)
    with pytest.raises(NotFound):
        service.undo("fd_nothing")


def test_a_refusal_without_a_word_and_an_empty_choice_are_no_decision(lampa: Scene) -> None:
    with clock.moved_to(NOON):
        lampa.say("A1", sold())
    for ids, said in (([number(lampa)], "  "), ([], "No."), ([number(lampa)], "x" * 501)):
        with pytest.raises(DomainError):
            service.decide(Word.REFUSE, ids, said)
    assert vera(lampa).pending == 19000


def test_whatever_comes_first_message_or_decision_the_sums_are_the_same(lampa: Scene) -> None:
    """Each step once, in every order in which the order is there before it is decided on."""

    def play(steps: tuple[int, ...], word: Word) -> tuple[Any, ...]:
        acts = (
            lambda: lampa.say("A1", sold("paid", 1)),
            lambda: lampa.say("A1", sold("completed", 2)),
            lambda: lampa.say("A2", sold("completed", 3)),
            lambda: service.decide(word, [number(lampa)], "No."),
            lambda: lampa.say("A1", sold("completed", 4, lines=())),
            lambda: lampa.say("A1", sold("completed", 5)),
        )
        savepoint = db.session.begin_nested()
        try:
            with clock.moved_to(NOON + HOLD + timedelta(days=1)):
                for step in steps:
                    acts[step]()
                return tuple(lampa.balances().items())
        finally:
            savepoint.rollback()
            db.session.expunge_all()

    for word in (Word.RELEASE, Word.REFUSE, Word.HOLD):
        ways = [
            w for w in permutations(range(6)) if w.index(3) > min(w.index(i) for i in (0, 1, 4, 5))
        ]
        ends = {play(way, word) for way in ways[:: len(ways) // 9]}
        assert len(ends) == 1, word


def test_a_third_order_after_two_that_were_cancelled_is_held(lampa: Scene) -> None:
    buyer = Customer(id="77", email="gleb@example.org")
    with clock.moved_to(NOON + MINUTE):
        for n in (1, 2):
            made = NOON - timedelta(days=n)
            lampa.say(f"A{n}", sold("cancelled", created_at=made, updated_at=made, customer=buyer))
        view = lampa.say("A3", sold(customer=buyer))
    file = db.session.get_one(File, (current_tenant(), view.deal.order_id))
    assert view.held
    assert file.signs == [["loop", {"orders": ["A2", "A1"], "times": 2, "days": 30}]]


def clicks(scene: Scene, many: int, minutes_before: int, **row: Any) -> str:
    """Write clicks on Vera's link before the order; return the last one's token."""
    link = ensure_default(scene.vera)
    assert link is not None
    values = {"ip": "198.51.100.0", "ua": "Mozilla/5.0 (X11)", "ref": None, "params": "{}"} | row
    for n in range(many):
        at = NOON - timedelta(minutes=minutes_before) + timedelta(milliseconds=n)
        db.session.execute(
            text(
                "INSERT INTO click (at, nonce, link_id, partner_id, kind, ip, user_agent, referrer,"
                " params) VALUES (:at, :n, :link, :partner, 'redirect', :ip, :ua, :ref, :params)"
            ),
            {"at": at, "n": n, "link": link.id, "partner": scene.vera.id, **values},
        )
    key = click_key(settings().secret_key)
    return seal_click(key, current_tenant(), link.id, milliseconds_of(at), n)


def by_click(token: str) -> Any:
    return order("paid", customer=Customer(id="77", email="gleb@example.org"), click=token)


def signs_of(view: Any) -> list[str]:
    file = db.session.get(File, (current_tenant(), view.deal.order_id))
    return [sign for sign, _facts in file.signs] if file else []


def test_a_burst_of_clicks_right_before_the_order_is_held_and_the_same_number_in_a_day_is_not(
    lampa: Scene,
) -> None:
    with clock.moved_to(NOON):
        assert signs_of(lampa.say("A1", by_click(clicks(lampa, 40, 3)))) == ["flood"]


def test_clicks_of_a_whole_day_are_no_burst(lampa: Scene) -> None:
    with clock.moved_to(NOON):
        assert signs_of(lampa.say("A1", by_click(clicks(lampa, 40, 300)))) == []


def test_a_click_from_a_coupon_site_and_a_bought_one_are_held(lampa: Scene) -> None:
    token = clicks(lampa, 1, 3, ref="https://promokodi.example/lampa", params='{"gclid": "x"}')
    with clock.moved_to(NOON):
        assert signs_of(lampa.say("A1", by_click(token))) == ["coupon_site", "paid_search"]


def test_what_was_seen_once_is_found_again_after_its_rows_are_gone(lampa: Scene) -> None:
    token = clicks(lampa, 40, 3, ref="https://promokodi.example/lampa")
    with clock.moved_to(NOON + HOLD + MINUTE):
        told = replace(by_click(token), status="completed")
        first = signs_of(lampa.say("A1", told))
        db.session.execute(text("DELETE FROM click WHERE partner_id = :p"), {"p": lampa.vera.id})
        assert intake.rework([number(lampa)]) == ()
        again = deal_view(number(lampa))
        assert signs_of(again) == first == ["flood", "coupon_site"]


def test_orders_made_before_the_merchant_switched_a_sign_on_are_not_held(lampa: Scene) -> None:
    with clock.moved_to(NOON):
        view = lampa.say("A1", sold(created_at=FOUNDED - timedelta(days=3)))
    assert not view.held


def test_another_part_of_the_product_tells_of_a_sign(lampa: Scene) -> None:
    buyer = Customer(id="77", email="gleb@example.org")
    with clock.moved_to(NOON):
        lampa.say("A1", sold(customer=buyer))
        fraud.tell(Sign.SITE, {number(lampa): {"site": "blog.example", "share": "80"}})
        fraud.tell(Sign.SITE, {number(lampa): {"site": "blog.example", "share": "80"}})
        intake.rework([number(lampa)])
        view = deal_view(number(lampa))
        assert view is not None
        assert view.held


def test_two_partners_who_are_paid_to_one_account_are_both_held(lampa: Scene) -> None:
    buyer = Customer(id="77", email="gleb@example.org")
    with clock.moved_to(FOUNDED):
        fraud.say_policy(Policy(on=frozenset({Sign.DETAILS})))
        fraud.mark_details(lampa.vera.id, ["4081 7810 0000"])
        fraud.mark_details(lampa.vera.id, ["4081 7810 0000"])
        fraud.mark_details(lampa.boris.id, ["408178100000"])
    with clock.moved_to(NOON):
        view = lampa.say("A1", sold(customer=buyer))
    assert signs_of(view) == ["details"]
