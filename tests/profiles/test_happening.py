"""What happens to customers sets rules off, gives once, and is kept with every answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select

from app import clock
from app.bonuses import queries as bonuses
from app.extensions import db
from app.members.models import Member
from app.profiles import service
from app.profiles.models import EffectApplication, RuleEvaluation
from app.profiles.service import Happening, happened
from app.tenants import queries as tenants
from tests.intake.scene import FOUNDED, NOON, Scene, at_lampa

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def scene(db_session: object) -> Iterator[Scene]:
    with at_lampa() as found:
        yield found


def gleb(scene: Scene, **said: Any) -> int:
    member = Member(shop_id=scene.shop_id, key="id:77", created_at=FOUNDED, **said)
    db.session.add(member)
    db.session.flush()
    return member.id


def happens(scene: Scene, member_id: int, trigger: str, key: str, **said: Any) -> list[int]:
    merchant = tenants.tenant(scene.tenant_id)
    assert merchant is not None
    known = {name.replace("__", "."): value for name, value in said.items()}
    what = Happening(trigger=trigger, key=key, member_id=member_id, said=known)
    return [each.amount for each in happened(merchant, what)]


def test_the_welcome_is_given_once_however_often_it_is_told(scene: Scene) -> None:
    member = gleb(scene)
    with clock.moved_to(NOON):
        assert happens(scene, member, "member.registered", "registered:77") == [], "it is off"
        service.switch("registration", on=True)
        assert happens(scene, member, "member.registered", "registered:77") == [10_000]
        assert happens(scene, member, "member.registered", "registered:77") == []
        assert happens(scene, member, "member.registered", "registered:77:again") == [], (
            "one for ever"
        )
        found = bonuses.balance(member)
    assert found.available == 10_000
    assert found.next_expiry == (NOON + timedelta(days=90), 10_000)
    assert db.session.scalar(select(func.count(EffectApplication.id))) == 1


def test_a_look_is_kept_with_its_answers_also_where_nothing_is_given(scene: Scene) -> None:
    member = gleb(scene)
    with clock.moved_to(NOON):
        service.switch("review", on=True)
        told = {"review__has_purchase": True, "review__length": 20}
        assert happens(scene, member, "review.published", "review:1", **told) == []
    kept = db.session.scalars(select(RuleEvaluation)).one()
    assert not kept.matched
    assert [(step["fact"], step["got"], step["result"]) for step in kept.trace] == [
        ("review.has_purchase", True, True),
        ("review.length", 20, False),
    ]


def test_five_reviews_a_month_and_the_sixth_waits_for_the_next(scene: Scene) -> None:
    member = gleb(scene)
    with clock.moved_to(FOUNDED):
        service.switch("review", on=True)
    told = {"review__has_purchase": True, "review__length": 80}
    given = []
    for day in range(1, 7):
        with clock.moved_to(NOON + timedelta(days=day)):
            given += happens(scene, member, "review.published", f"review:{day}", **told)
    assert given == [5_000] * 5
    with clock.moved_to(datetime(2026, 11, 1, 12, tzinfo=UTC)):
        assert happens(scene, member, "review.published", "review:7", **told) == [5_000]


def test_a_birthday_needs_a_customer_who_was_there_before(scene: Scene) -> None:
    member = gleb(scene, registered_at=NOON - timedelta(days=10))
    with clock.moved_to(NOON):
        service.switch("birthday", on=True)
        assert happens(scene, member, "schedule.birthday", "birthday:77:2026") == []
    with clock.moved_to(NOON + timedelta(days=365)):
        assert happens(scene, member, "schedule.birthday", "birthday:77:2027") == [30_000]
