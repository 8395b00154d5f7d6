"""Partners rise, are warned, and fall: dated facts, events and letters, on the real database."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from app import clock
from app.errors import DomainError
from app.events import service as events
from app.events.models import Event
from app.extensions import db
from app.facts import service as facts
from app.grades import queries, service
from app.grades.models import GradeCursor, GradeWarning
from app.grades.rules import Plan, Review, Rung
from app.notifications import letters
from app.notifications import service as notifications
from app.partners import queries as partners
from app.partners import service as partner_service
from app.programs import service as programs
from tests.intake.scene import NOON, Scene, at_lampa, order

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.programs.models import Group

ON = Plan(on=True, at_once=True, review=Review.NIGHTLY, warning=14)


@pytest.fixture
def scene(db_session: object) -> Iterator[Scene]:
    with at_lampa() as found:
        yield found


def ladder(**asks: Any) -> tuple[Group, Group]:
    silver, gold = programs.create_group("Silver"), programs.create_group("Gold")
    service.set_rung(silver, Rung(silver.id, 1, days=30, turnover=100_000))
    service.set_rung(gold, Rung(gold.id, 2, days=30, **(asks or {"turnover": 300_000})))
    service.set_plan(ON)
    return silver, gold


def run() -> None:
    while service.step():
        pass


def sold(scene: Scene, number: str, at: datetime) -> None:
    with clock.moved_to(at + timedelta(minutes=5)):
        said = order("completed", partner_code="VERA10", created_at=at, updated_at=at)
        scene.say(number, said, at=at + timedelta(minutes=5))
        while events.drain():
            pass


def group_of(scene: Scene) -> int | None:
    db.session.expire_all()
    found = partners.by_id(scene.vera.id)
    assert found is not None
    return found.group_id


def told(kind: str) -> list[dict[str, Any]]:
    return list(
        db.session.scalars(select(Event.facts).where(Event.type == kind).order_by(Event.id))
    )


def test_a_sale_lifts_a_partner_at_once(scene: Scene) -> None:
    with clock.moved_to(NOON):
        silver, _gold = ladder()
        run()
        assert group_of(scene) is None
    sold(scene, "A1", NOON + timedelta(hours=1))
    with clock.moved_to(NOON + timedelta(hours=2)):
        run()
        assert group_of(scene) == silver.id
        owner = f"partner:{scene.vera.id}"
        rows = facts.history([owner], ["group"])[owner, "group"].rows
        assert [(at, value) for at, value in rows][-1] == (clock.now(), silver.id)
        moved = told("partner.group_moved")
        assert moved[0]["changes"] == {"group": [None, "Silver"]}
        assert (moved[0]["move"], moved[0]["done"]["turnover"]) == ("rise", 190_000)
        run()
        assert len(told("partner.group_moved")) == 1


def test_before_a_fall_comes_a_letter_and_the_fall_on_its_day(scene: Scene) -> None:
    partner_service.change(scene.vera, email="vera@example.org")
    with clock.moved_to(NOON):
        silver, _gold = ladder()
    sold(scene, "A1", NOON + timedelta(hours=1))
    with clock.moved_to(NOON + timedelta(hours=2)):
        run()
        assert group_of(scene) == silver.id
    for days in (31, 32):
        with clock.moved_to(NOON + timedelta(days=days)):
            run()
    (warning,) = db.session.scalars(select(GradeWarning)).all()
    assert (warning.group_id, str(warning.falls_on)) == (silver.id, "2026-11-15")
    with clock.moved_to(NOON + timedelta(days=32)):
        progress = queries.progress(scene.vera)
        assert progress is not None
        assert progress.warning is not None
        messages = notifications.promise(events.drain())
        letter = next(
            composed
            for composed in (letters.compose(notifications.get(i)) for i in messages)
            if "Silver" in composed.subject
        )
        assert "1,000.00" in letter.text
        assert "Nov 15, 2026" in letter.text
    with clock.moved_to(NOON + timedelta(days=44)):
        run()
        assert group_of(scene) == silver.id
    with clock.moved_to(NOON + timedelta(days=45)):
        run()
        assert group_of(scene) is None
        run()
    assert warning.outcome == "fell"
    assert [e["move"] for e in told("partner.group_moved")] == ["rise", "fall"]
    assert told("partner.group_moved")[1]["short"] == {"turnover": 100_000}


def test_who_makes_it_up_in_time_stays(scene: Scene) -> None:
    with clock.moved_to(NOON):
        silver, _gold = ladder()
    sold(scene, "A1", NOON + timedelta(hours=1))
    with clock.moved_to(NOON + timedelta(days=31)):
        partner_service.change(scene.vera, group_id=silver.id)
        run()
    (warning,) = db.session.scalars(select(GradeWarning)).all()
    sold(scene, "A2", NOON + timedelta(days=33))
    with clock.moved_to(NOON + timedelta(days=33, hours=1)):
        run()
    assert warning.outcome == "saved"
    with clock.moved_to(NOON + timedelta(days=46)):
        run()
        assert group_of(scene) == silver.id


def test_pinned_partners_stay(scene: Scene) -> None:
    with clock.moved_to(NOON):
        silver, _gold = ladder()
        assert service.pin(scene.vera, on=True)
        assert not service.pin(scene.vera, on=True)
    sold(scene, "A1", NOON + timedelta(hours=1))
    with clock.moved_to(NOON + timedelta(hours=2)):
        run()
        assert group_of(scene) is None
        service.pin(scene.vera, on=False)
    with clock.moved_to(NOON + timedelta(days=1)):
        run()
        assert group_of(scene) == silver.id


def test_partners_of_the_first_line_count(scene: Scene) -> None:
    with clock.moved_to(NOON):
        _silver, gold = ladder(recruits=1)
        run()
    found = {p.name: p.group_id for p in (scene.anna, scene.boris, scene.vera)}
    db.session.expire_all()
    found = {p.name: p.group_id for p in (scene.anna, scene.boris, scene.vera)}
    assert found == {"Anna": gold.id, "Boris": gold.id, "Vera": None}


def test_a_look_before_switching_on_moves_nobody(scene: Scene) -> None:
    with clock.moved_to(NOON):
        ladder()
        service.set_plan(Plan(on=False))
    sold(scene, "A1", NOON + timedelta(hours=1))
    with clock.moved_to(NOON + timedelta(hours=2)):
        run()
        preview = queries.preview()
        assert (preview.rises, preview.warnings) == (1, 0)
        assert [(each.name, v.move.value) for each, v in preview.movers] == [("Vera", "rise")]
        assert group_of(scene) is None
        assert queries.progress(scene.vera) is None


def test_a_review_that_was_cut_goes_on(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "BATCH", 1)
    with clock.moved_to(NOON):
        _silver, gold = ladder(recruits=1)
        assert service.step()
        assert db.session.scalars(select(GradeCursor.place)).one() == scene.anna.id
        run()
        db.session.expire_all()
        assert scene.boris.group_id == gold.id


@pytest.mark.parametrize(
    ("rung", "field"),
    [
        ({"place": 3, "days": 30}, "turnover"),
        ({"place": 3, "days": 30, "orders": 0}, "turnover"),
        ({"place": 3, "days": 0, "orders": 1}, "days"),
        ({"place": 0, "days": 1, "orders": 1}, "place"),
        ({"place": 1, "days": 1, "orders": 1}, "place"),
    ],
)
def test_conditions_that_cannot_stand_are_named(
    scene: Scene, rung: dict[str, Any], field: str
) -> None:
    ladder()
    bronze = programs.create_group("Bronze")
    with pytest.raises(DomainError) as refused:
        service.set_rung(bronze, Rung(bronze.id, **rung))
    assert [each.field for each in refused.value.errors] == [field]


def test_a_group_leaves_the_ladder(scene: Scene) -> None:
    silver, gold = ladder()
    assert service.set_rung(silver, None)
    assert [rung.group_id for rung in queries.ladder().rungs] == [gold.id]
