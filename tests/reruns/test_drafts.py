"""Drafts of terms: tried on the orders of the last days, published from a day, told with own figures."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from app import clock
from app.errors import Conflict, DomainError
from app.events.models import Event
from app.extensions import db
from app.orders.rules import Customer
from app.partners import service as partners
from app.programs import queries as programs
from app.programs import service as terms
from app.programs.models import TermsDraft
from app.reruns import queries, service
from app.runs import service as runs
from app.runs.models import Run
from app.runs.queries import lines_of
from app.runs.rules import OPEN, State
from app.tenants import service as tenants
from app.tenants.queries import settings
from app.tenants.service import change_settings
from tests.intake.scene import NOON, Scene, at_lampa, order
from tests.reruns.test_service import LATER, contents, rows, some_orders, work

if TYPE_CHECKING:
    from collections.abc import Iterator

MOSCOW = ZoneInfo("Europe/Moscow")
EVERYTHING = {"promotional": True, "foreign_coupons": True, "first_orders": None}


@pytest.fixture
def lampa(db_session: Any) -> Iterator[Scene]:
    with at_lampa() as scene, clock.moved_to(LATER):
        yield scene


def draft(earning: dict[str, Any] | None = None, **said: Any) -> TermsDraft:
    levels = said.pop("levels", ["12%", "4%", "1%"])
    return terms.draft_terms(
        programs.base_terms(), EVERYTHING | (earning or {}), levels=levels, **said
    )


def tried(found: TermsDraft) -> Run:
    return work(service.start_backtest(found), 3)


def test_a_draft_is_tried_on_the_last_90_days_and_nothing_is_written(lampa: Scene) -> None:
    some_orders(lampa, 4, status="paid")
    found = draft()
    before, money = rows(), contents()
    run = tried(found)
    assert (rows(), contents()) == (before, money)
    assert run.standing is State.PREVIEWED
    # 1,900.00 an order: 10, 5 and 1 % become 12, 4 and 1 %.
    assert run.sums["levels"] == {
        "1": [4 * 19000, 4 * 22800],
        "2": [4 * 9500, 4 * 7600],
        "3": [4 * 1900, 4 * 1900],
    }
    assert run.sums["cost"] == [4 * 30400, 4 * 32300]
    assert run.sums["turnover"] == 4 * 190000
    assert run.sums["months"] == {"2026-10": [4 * 30400, 4 * 32300]}
    assert queries.winners(run.id) == (1, 1)
    people = [lampa.vera.id, lampa.boris.id, lampa.anna.id]
    lines = lines_of(run.id, "partner", people)
    assert [lines[i].change for i in people] == [4 * 3800, -4 * 1900, 0]


def test_orders_older_than_90_days_play_no_part(lampa: Scene) -> None:
    some_orders(lampa, 2, status="paid")
    with clock.moved_to(NOON + timedelta(days=120)):
        run = tried(draft())
    assert (run.done, "cost" in run.sums) == (0, False)


def test_exclusions_are_tried_too(lampa: Scene) -> None:
    for n in range(3):
        made = NOON + timedelta(hours=n)
        lampa.say(f"A{n}", order("paid", created_at=made, updated_at=made, partner_code="VERA10"))
    run = tried(draft({"first_orders": 1}, levels=["10%", "5%", "1%"]))
    assert run.sums["cost"] == [3 * 30400, 30400]


def test_a_click_that_comes_too_late_now_counts_by_a_longer_window(lampa: Scene) -> None:
    """The window of the draft decides who wins, as it would have."""
    run = tried(draft(levels=["10%", "5%", "1%"], window_days=365))
    assert run.standing is State.PREVIEWED


def test_a_draft_is_changed_and_deleted_and_an_old_try_no_longer_counts(lampa: Scene) -> None:
    found = draft()
    tried(found)
    assert service.backtest_of(found) is not None
    base = programs.base_terms()
    terms.change_draft(found, base, EVERYTHING, levels=["13%", "4%", "1%"])
    assert (found.version, service.backtest_of(found)) == (2, None)
    with pytest.raises(Conflict) as refused:
        service.publish(found, base, None)
    assert refused.value.code == "not_tried"
    terms.delete_draft(found)
    assert programs.find_draft(found.public_id) is None


def test_a_draft_that_cannot_stand_is_refused(lampa: Scene) -> None:
    wrong: tuple[dict[str, Any], ...] = ({"levels": ["ten"]}, {"levels": []}, {"hold_days": 400})
    for said in wrong:
        with pytest.raises(DomainError):
            draft(**said)
    with pytest.raises(DomainError):
        draft({"first_orders": 0})


def test_a_draft_is_published_from_a_day_and_partners_are_told_their_figures(lampa: Scene) -> None:
    some_orders(lampa, 2, status="paid")
    found, base = draft(hold_days=7), programs.base_terms()
    tried(found)
    run = service.publish(found, base, date(2026, 10, 10))
    assert run is not None
    while run.standing in OPEN:
        runs.work(run.id, service.KINDS, 2)
    assert (run.state, run.applied["told"]) == ("done", 3)
    query = select(Event).where(Event.type == "terms.announced").order_by(Event.id)
    told = {event.subject: event.facts for event in db.session.scalars(query)}
    vera = told[f"partner:{lampa.vera.id}"]
    assert (vera["before"], vera["after"], vera["days"]) == (2 * 19000, 2 * 22800, 90)
    assert datetime.fromisoformat(vera["holds_from"]) == datetime(2026, 10, 10, tzinfo=MOSCOW)
    # What holds changes at midnight of the merchant's zone, and not before.
    sold = Customer(id="midnight")
    with clock.moved_to(datetime(2026, 10, 11, tzinfo=MOSCOW)):
        for hour, minute, commission in ((23, 59, 30400), (24, 0, 32300)):
            at = datetime(2026, 10, 9, tzinfo=MOSCOW) + timedelta(hours=hour, minutes=minute)
            said = order("paid", created_at=at, partner_code="VERA10", customer=sold)
            assert lampa.say(f"B{hour}", said).deal.commission == commission
    with pytest.raises(Conflict):
        service.publish(found, base, None)
    with pytest.raises(Conflict):
        terms.delete_draft(found)
    assert base.version == 3  # one for the levels of the scene, one for the draft


def told_of(found: TermsDraft, day: date | None = None) -> dict[str, dict[str, Any]]:
    """Publish a draft; return the announcements by partner."""
    run = service.publish(found, programs.base_terms(), day)
    assert run is not None
    while run.standing in OPEN:
        runs.work(run.id, service.KINDS, 2)
    query = select(Event).where(Event.type == "terms.announced").order_by(Event.id)
    return {event.subject: event.facts for event in db.session.scalars(query)}


def test_figures_are_by_the_groups_cards_and_caps_that_hold_today(lampa: Scene) -> None:
    """What was changed after the sales counts too: partners are told what they will really get."""
    some_orders(lampa, 2, status="paid")
    gold = terms.create_group("Gold", ["20%"])
    partners.change(lampa.vera, group_id=gold.id)
    partners.change(lampa.boris, levels=[None, "7%"])
    tenants.change_settings({"cap_order": 55000})
    found = draft(levels=["12%", "4%", "3%"])
    run = tried(found)
    lines = lines_of(run.id, "partner", [lampa.vera.id, lampa.boris.id, lampa.anna.id])
    # 1,900.00 an order: 380.00, 133.00 and 19.00 of 550.00; then 57.00 of which 37.00 are left.
    assert (lines[lampa.vera.id].before, lines[lampa.vera.id].after) == (76000, 76000)
    assert (lines[lampa.boris.id].before, lines[lampa.boris.id].after) == (26600, 26600)
    assert (lines[lampa.anna.id].before, lines[lampa.anna.id].after) == (3800, 7400)
    told = told_of(found)
    vera, anna = (told[f"partner:{partner.id}"] for partner in (lampa.vera, lampa.anna))
    assert vera["terms"]["levels"] == ["20%", "4%", "3%"]
    assert anna["terms"]["levels"] == ["12%", "4%", "3%"]
    assert told[f"partner:{lampa.boris.id}"]["terms"]["levels"] == ["12%", "7%", "3%"]
    sold = Customer(id="after")
    later = order("paid", 30, partner_code="VERA10", customer=sold, created_at=clock.now())
    assert lampa.say("B", later).deal.commission == 38000 + 13300 + 3700


def test_whom_new_terms_do_not_touch_is_told_so(lampa: Scene) -> None:
    some_orders(lampa, 1, status="paid")
    partners.change(lampa.vera, levels=["20%", "7%", "2%"])
    found = draft(levels=["12%", "4%", "2%"])
    tried(found)
    told = told_of(found)
    assert told[f"partner:{lampa.vera.id}"]["touched"] is False
    assert told[f"partner:{lampa.boris.id}"]["touched"] is True


def test_campaigns_and_what_was_won_stay_as_they_were_in_a_try(lampa: Scene) -> None:
    some_orders(lampa, 1, status="paid")
    terms.create_campaign(name="Now", levels=["50%"])
    run = tried(draft(levels=["12%", "5%", "1%"]))
    assert run.sums["levels"]["1"] == [19000, 22800]


def test_who_is_on_terms_that_are_over_is_told_of_the_base(lampa: Scene) -> None:
    some_orders(lampa, 1, status="paid")
    over = terms.create_terms(
        name="Spring", levels=["30%"], valid_to=clock.now() + timedelta(hours=1)
    )
    partners.change(lampa.vera, terms_id=over.id)
    with clock.moved_to(LATER + timedelta(days=1)):
        found = draft()
        run = tried(found)
        assert run.sums["levels"]["1"] == [19000, 22800]
        assert f"partner:{lampa.vera.id}" in told_of(found)


def test_the_figures_stay_until_all_partners_are_told_them(lampa: Scene) -> None:
    some_orders(lampa, 2, status="paid")
    found = draft()
    looked = tried(found)
    told = service.publish(found, programs.base_terms(), None)
    assert told is not None
    with pytest.raises(Conflict) as refused:
        service.apply(looked)  # there is nothing in it to apply
    assert refused.value.code == "not_now"
    runs.work(told.id, service.KINDS, 2)
    for standing in ("applying", "stopped"):
        assert told.state == standing
        with pytest.raises(Conflict) as refused:
            runs.discard(looked, service.KINDS)
        assert refused.value.code == "needed"
        if standing == "applying":
            runs.act(told, "stop")
    runs.resume(told, service.KINDS)
    work(told)
    runs.discard(looked, service.KINDS)


def test_a_draft_does_not_undo_in_silence_what_was_changed_since(lampa: Scene) -> None:
    base = programs.base_terms()
    found = draft(levels=["12%", "5%", "1%"])
    with clock.moved_to(LATER + timedelta(hours=1)):
        terms.change_terms(base, hold_days=21, levels=["11%", "5%", "1%"])
        terms.change_terms(base, base={"shipping": True})
        change_settings({"promotional": False})
    with clock.moved_to(LATER + timedelta(hours=2)):
        with pytest.raises(Conflict) as refused:
            service.publish(found, base, None, tell=False)
        assert refused.value.code == "moved"
        told = {m.name: (m.was, m.now, m.draft) for m in service.moved(found)}
        assert told == {
            "levels": (["10%", "5%", "1%"], ["11%", "5%", "1%"], ["12%", "5%", "1%"]),
            "hold_days": (14, 21, 14),
            "shipping": (False, True, False),
            "promotional": (True, False, True),
        }
        service.bring_up(found)
        assert (service.moved(found), found.version) == ([], 2)
        service.publish(found, base, None, tell=False)
        now = programs.conditions([base.id])[base.id]
    assert (now.levels, now.hold_days, now.shipping) == (["12%", "5%", "1%"], 21, True)


def test_what_its_author_did_not_see_is_not_undone_either(lampa: Scene) -> None:
    base = programs.base_terms()
    with clock.moved_to(LATER + timedelta(hours=1)):
        terms.change_terms(base, hold_days=21)
    with clock.moved_to(LATER + timedelta(hours=2)):
        found = terms.draft_terms(base, EVERYTHING, seen_at=LATER, levels=["12%"], hold_days=14)
        assert [m.name for m in service.moved(found)] == ["hold_days"]
        service.bring_up(found)
        assert found.facts["terms"]["hold_days"] == 21


def test_a_planned_version_is_withdrawn_and_what_was_changed_since_stays(lampa: Scene) -> None:
    base, day = programs.base_terms(), date(2026, 10, 10)
    found = draft({"promotional": False})
    service.publish(found, base, day, tell=False)
    other = draft({"promotional": False}, levels=["13%"])
    terms.bring_up(other, found.holds_from)
    with pytest.raises(Conflict) as refused:
        service.publish(other, base, day, tell=False)
    assert refused.value.code == "planned"
    with clock.moved_to(LATER + timedelta(hours=1)):
        terms.change_terms(base, levels=["11%"], hold_days=21)
        assert [plan.id for plan in programs.plans_of(base.id, clock.now())] == [found.id]
        assert programs.conditions([base.id])[base.id].label == "Base terms v4"
    on_the_day = datetime(2026, 10, 10, 12, tzinfo=MOSCOW)
    with clock.moved_to(on_the_day):
        now = programs.conditions([base.id])[base.id]
        # The plan takes over what it changes, under a number of its own that comes later.
        assert (now.levels, now.hold_days, now.label) == (["12%", "4%", "1%"], 21, "Base terms v5")
        assert settings()["promotional"] is False
        with pytest.raises(Conflict):
            service.withdraw(found, base)
    with clock.moved_to(LATER + timedelta(hours=2)):
        service.withdraw(found, base)
    with clock.moved_to(on_the_day):
        now = programs.conditions([base.id])[base.id]
        assert (now.levels, now.hold_days, now.label) == (["11%"], 21, "Base terms v4")
        assert settings()["promotional"] is True
    assert (found.published_at, found.holds_from) == (None, None)


def test_nobody_is_told_of_terms_that_were_withdrawn(lampa: Scene) -> None:
    base = programs.base_terms()
    found = draft()
    tried(found)
    told = service.publish(found, base, date(2026, 10, 10))
    assert told is not None
    with pytest.raises(Conflict):
        service.withdraw(found, base)
    runs.act(told, "stop")
    service.withdraw(found, base)
    with pytest.raises(Conflict) as refused:
        runs.resume(told, service.KINDS)
    assert refused.value.code == "stale"


@pytest.mark.parametrize("day", [date(2026, 10, 4), date(2020, 1, 1), date(2030, 1, 1)])
def test_a_day_that_is_not_to_come_is_refused(lampa: Scene, day: date) -> None:
    found = draft()
    tried(found)
    with pytest.raises(DomainError):
        service.publish(found, programs.base_terms(), day)
    assert found.published_at is None


def test_a_draft_may_hold_at_once_without_a_word(lampa: Scene) -> None:
    found = draft({"promotional": False})
    assert service.publish(found, programs.base_terms(), None, tell=False) is None
    now = programs.conditions([programs.base_terms().id])[programs.base_terms().id]
    assert now.levels == ["12%", "4%", "1%"]
