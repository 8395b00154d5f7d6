from __future__ import annotations

import io
import json
import os
import secrets
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from PIL import Image
from sqlalchemy import func, select

from app import clock
from app.attribution.models import Click
from app.billing.models import TopUp
from app.bonuses.models import Lot
from app.bonuses.queries import balances
from app.codes.queries import by_code
from app.config import Config
from app.creatives.models import Creative, CreativeLink
from app.documents.models import Document
from app.earnings.models import MemberEvent
from app.events import service as events
from app.events.models import Event
from app.extensions import db
from app.intake import service as intake
from app.intake.models import Inbox
from app.invitations.models import Invitation
from app.jobs import drain
from app.ledger.models import Transfer
from app.mailings.models import Mailing
from app.members.models import Member
from app.notifications.models import Message
from app.notifications.service import promise
from app.onboarding import demo
from app.onboarding.demo import drawings, history, opening, visits
from app.onboarding.demo.cast import KNIGA, LAMPA, PLAYS, ZONE, Play
from app.onboarding.demo.tools import SIZES, WORDS
from app.orders.models import Order
from app.orders.rules import Customer, Line, Snapshot, State
from app.orders.service import Incoming
from app.partners.models import Partner
from app.payruns import service as payruns
from app.payruns.models import PayRun
from app.payruns.rules import Pays
from app.periods.models import Closing
from app.profiles.models import ProfileRule
from app.runs.models import Run
from app.statements.rules import month_before
from app.tenancy import tenant_scope
from app.tenants import queries as tenants
from tests.world import sign_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from flask.testing import FlaskClient

    from app.application import App

KEYS = ["url", "merchant", "api_key", "office", "accountant", "cabinet", "platform", "mailbox"]


def small() -> tuple[Play, ...]:
    """The demo's two merchants with some of their sales, at addresses that nobody has."""
    mark = secrets.token_hex(3)
    return (
        replace(LAMPA, slug=f"lampa-{mark}", orders=40, visits=60),
        replace(KNIGA, slug=f"kniga-{mark}", orders=32, visits=30),
    )


@pytest.fixture
def plays() -> tuple[Play, ...]:
    return small()


@dataclass(frozen=True)
class Filled:
    """A demo that was filled once for the tests that only look."""

    plays: tuple[Play, ...]
    target: Path
    done: list[str]


@pytest.fixture(scope="module")
def filled(app: App, tmp_path_factory: pytest.TempPathFactory) -> Filled:
    plays, target = small(), tmp_path_factory.mktemp("demo") / "demo.json"
    with app.app_context():
        return Filled(plays, target, list(demo.seed(target, plays)))


@pytest.fixture
def scene(app: App, _sound: None) -> Iterator[None]:
    with app.app_context():
        yield
        db.session.rollback()


def counted(play: Play, table: type) -> int:
    with tenant_scope(opening.staged(play).tenant.id):
        return db.session.scalar(select(func.count()).select_from(table)) or 0


def test_the_whole_demo_has_forty_products_and_twelve_partners() -> None:
    assert sum(len(shelf.wares) for play in PLAYS for shelf in play.shelves) == 40
    assert sum(len(play.actors) + bool(play.applicant) for play in PLAYS) == 12
    assert sum(play.orders for play in PLAYS) == 400


def test_the_logins_are_told_first_and_open_every_door(
    scene: None, plays: tuple[Play, ...], tmp_path: Path, client: FlaskClient
) -> None:
    target = tmp_path / "demo.json"
    assert next(demo.seed(target, plays)) == "logins"
    told = json.loads(target.read_text())
    assert list(told) == KEYS
    assert target.stat().st_mode & 0o077 == 0
    assert list(tmp_path.iterdir()) == [target]
    for door, address in (
        ("office", f"/{plays[0].slug}/office/"),
        ("cabinet", f"/{plays[0].slug}/cabinet/"),
    ):
        sign_in(client, told[door]["login"], told[door]["password"])
        assert client.get(address).status_code == 200
        client.post("/logout")
    answer = client.get("/api/v1/partners", headers={"Authorization": f"Bearer {told['api_key']}"})
    assert told["cabinet"]["refcode"] in answer.text


def test_the_past_is_made_by_visits_and_messages_and_a_second_call_adds_nothing(
    scene: None, filled: Filled
) -> None:
    assert len(filled.done) == 5
    tables = (Click, Order, Transfer, Event)
    told, before = filled.target.read_text(), [counted(p, t) for p in filled.plays for t in tables]
    assert before[0] == 60
    # one waits at the counter, three are paid with bonuses in part, three are a rights holder's own
    assert before[1] == filled.plays[0].orders + 7
    assert list(demo.seed(filled.target, filled.plays)) == ["logins"]
    assert [counted(p, t) for p in filled.plays for t in tables] == before
    assert filled.target.read_text() == told


def test_a_newcomer_sees_materials_codes_an_invitation_and_a_letter_half_written(
    scene: None, filled: Filled
) -> None:
    for play in filled.plays:
        with tenant_scope(opening.staged(play).tenant.id):
            kinds = sorted(db.session.scalars(select(Creative.kind)))
            assert kinds == ["banner", "banner", "banner", "letter", "text"]
            assert db.session.scalar(select(func.count()).select_from(CreativeLink)) == 2
            guest = db.session.scalars(select(Invitation)).one()
            assert guest.state in {"queued", "sent"}
            assert db.session.scalars(select(Mailing.state)).one() == "draft"
            whose, code, limit = WORDS[play.tools].code
            row = by_code(code)
            assert row is not None
            assert (row.partner.refcode, row.conditions.limit) == (whose, limit)


@pytest.mark.parametrize("draw", [drawings.lamp, drawings.books])
@pytest.mark.parametrize("size", SIZES)
def test_banners_are_drawn_in_their_sizes(
    draw: Callable[[int, int], bytes], size: tuple[int, int]
) -> None:
    drawn = Image.open(io.BytesIO(draw(*size)))
    assert (drawn.size, drawn.format) == (size, "PNG")
    colours = drawn.convert("RGB").getcolors(2**20)
    assert colours is not None
    # Not one plane: three colours at least cover a two-hundredth of it each.
    wide = [count for count, _colour in colours if 200 * count >= size[0] * size[1]]
    assert len(wide) >= 3


def test_the_money_desk_is_alive(scene: None, filled: Filled) -> None:
    for play in filled.plays:
        stage = opening.staged(play)
        last = month_before((stage.opening - timedelta(days=2)).astimezone(ZoneInfo(ZONE)).date())
        with tenant_scope(stage.tenant.id):
            runs = db.session.scalars(select(PayRun.state).order_by(PayRun.id)).all()
            assert runs[-1] in {"draft", "prepared"}  # somebody has to look at it
            assert set(runs) <= {"done", "cancelled", "draft", "prepared"}
            invoices = db.session.scalars(select(TopUp).order_by(TopUp.id)).all()
            assert [each.state for each in invoices] == ["paid", "open"]
            assert invoices[0].received == invoices[0].amount
            issued = db.session.execute(select(Document.kind, Document.period_from)).all()
            assert {kind for kind, _first in issued} == {"act", "statement"}
            assert {first for _kind, first in issued} == {last}
            closed = db.session.scalars(select(Closing.month)).all()
            assert last in closed
            assert tenants.legal() is not None
    with tenant_scope(opening.staged(filled.plays[0]).tenant.id):
        runs = db.session.scalars(select(PayRun.state).order_by(PayRun.id)).all()
    assert "done" in runs


def test_bonuses_are_alive(scene: None, filled: Filled) -> None:
    for play in filled.plays:
        stage = opening.staged(play)
        with tenant_scope(stage.tenant.id):
            rules = db.session.execute(select(ProfileRule.profile, ProfileRule.state)).all()
            assert ("order", "published") in [tuple(row) for row in rules]
            assert ("order", "draft") in [tuple(row) for row in rules], "a draft waits"
            [tried] = db.session.scalars(select(Run).where(Run.kind == "rule"))
            assert (tried.state, tried.sums["orders"] > 0) == ("previewed", True)
            [mass] = db.session.scalars(select(Run).where(Run.kind == "bonus_mass"))
            assert (mass.state, mass.applied["people"] > 0) == ("done", True)
            soon = select(func.count()).where(
                Lot.expires_at.between(stage.opening, stage.opening + timedelta(days=7)),
                Lot.remaining > 0,
            )
            assert (db.session.scalar(soon) or 0) > 0, "bonuses that lapse soon"
            kinds = set(db.session.scalars(select(Transfer.kind).distinct()))
            assert {"bonus.grant", "bonus.claw"} <= kinds
            assert any(b.debt for b in balances(db.session.scalars(select(Member.id))).values())
            reviewed = select(func.count()).select_from(MemberEvent)
            assert (db.session.scalar(reviewed) or 0) > 3
    with tenant_scope(opening.staged(filled.plays[0]).tenant.id):
        assert "bonus.spend" in set(db.session.scalars(select(Transfer.kind).distinct()))


def test_orders_of_the_second_merchant_came_by_its_webhook(scene: None, filled: Filled) -> None:
    with tenant_scope(opening.staged(filled.plays[1]).tenant.id):
        rows = db.session.execute(select(Inbox.state, func.count()).group_by(Inbox.state)).all()
    states = {row[0]: row[1] for row in rows}
    assert states["parked"] == 1
    assert states["done"] > filled.plays[1].orders
    assert "waiting" not in states


def test_the_past_sends_no_letters_and_the_last_days_a_few(scene: None, filled: Filled) -> None:
    drain()
    letters = sum(counted(play, Message) for play in filled.plays)
    assert 0 < letters < 80  # of several hundred; more on days of digests and of months that end
    with tenant_scope(opening.staged(filled.plays[0]).tenant.id):
        assert db.session.scalar(select(func.count()).where(Event.drained_at.is_(None))) == 0


def test_a_sale_of_today_is_told_to_every_partner_who_earns(scene: None, filled: Filled) -> None:
    stage = opening.staged(filled.plays[0])
    with tenant_scope(stage.tenant.id):
        assert not any(db.session.scalars(select(Partner.muted)))
        promise(events.drain())
        now = clock.now()
        line = Line(id="1", product="t-banker", name="Lamp", quantity=Decimal(1), price=990000)
        snapshot = Snapshot(status="paid", currency="RUB", created_at=now, lines=(line,),
                            customer=Customer(email="new@buyer.example"), partner_code="SOFIA5")  # fmt: skip
        intake.apply(
            Incoming(stage.shop.id, "today", snapshot, State.AGREED, 1, "api", received_at=now)
        )
        promised = promise(events.drain())
        told = db.session.execute(
            select(Message.template, Message.address).where(Message.id.in_(promised))
        ).all()
    earners = [stage.play.mail(name) for name in ("sofia", "pavel", "marina")]
    assert sorted(tuple(row) for row in told) == sorted(("commission.accrued", e) for e in earners)


def test_a_demo_cut_off_among_the_visits_goes_on_where_it_was(
    scene: None, plays: tuple[Play, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "demo.json"
    next(demo.seed(target, plays))
    stage = opening.staged(plays[0])
    with tenant_scope(stage.tenant.id):
        whole = visits.plan(stage)
    monkeypatch.setattr(visits, "plan", lambda _stage: whole[:20])  # as far as it came
    assert visits.happen(stage) == 20
    monkeypatch.undo()
    list(demo.seed(target, plays))
    assert counted(plays[0], Click) == 60
    assert history.is_played(opening.staged(plays[0]))


def test_a_demo_cut_off_before_its_sales_comes_up_though_a_pay_run_was_begun_meanwhile(
    scene: None, plays: tuple[Play, ...], tmp_path: Path
) -> None:
    target = tmp_path / "demo.json"
    next(demo.seed(target, plays))
    with tenant_scope(opening.staged(plays[0]).tenant.id):
        payruns.make(Pays.AVAILABLE, clock.today(ZONE))
        db.session.commit()
    assert len(list(demo.seed(target, plays))) == 5
    assert history.is_played(opening.staged(plays[0]))
    with tenant_scope(opening.staged(plays[0]).tenant.id):
        states = db.session.scalars(select(PayRun.state).order_by(PayRun.id)).all()
    assert states[0] == "cancelled"
    assert states[-1] in {"draft", "prepared"}


def test_lost_logins_are_made_anew(scene: None, plays: tuple[Play, ...], tmp_path: Path) -> None:
    target = tmp_path / "demo.json"
    next(demo.seed(target, plays))
    first = json.loads(target.read_text())
    target.unlink()
    next(demo.seed(target, plays))
    second = json.loads(target.read_text())
    assert second["office"]["login"] == first["office"]["login"]
    assert second["office"]["password"] != first["office"]["password"]
    with tenant_scope(opening.staged(plays[0]).tenant.id):
        assert tenants.by_key(second["api_key"]) is not None


def test_the_partners_stand_on_four_levels_one_blocked_and_one_waiting(
    scene: None, plays: tuple[Play, ...], tmp_path: Path
) -> None:
    next(demo.seed(tmp_path / "demo.json", plays))
    with tenant_scope(opening.staged(plays[0]).tenant.id):
        rows = {p.id: p for p in db.session.scalars(select(Partner))}
        assert sorted(p.status for p in rows.values()).count("blocked") == 1
        assert sorted(p.status for p in rows.values()).count("pending") == 1
        depths = []
        for partner in rows.values():
            depth, at = 1, partner
            while at.sponsor_id is not None:
                depth, at = depth + 1, rows[at.sponsor_id]
            depths.append(depth)
    assert max(depths) == 4


def test_an_address_that_is_somebody_elses_is_left_alone(
    scene: None, plays: tuple[Play, ...], tmp_path: Path
) -> None:
    next(demo.seed(tmp_path / "demo.json", plays))
    tenant = opening.staged(plays[0]).tenant
    tenant.email = "me@lampa.test"
    db.session.commit()
    with pytest.raises(demo.Unfit, match=plays[0].slug):
        next(demo.seed(tmp_path / "demo.json", plays))


def test_production_gets_no_demo(
    app: App, scene: None, plays: tuple[Play, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.extensions, "partnerka", Config(env="production"))
    with pytest.raises(demo.Unfit):
        next(demo.seed(tmp_path / "demo.json", plays))


def test_the_command_says_in_a_sentence_why_not(
    app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.extensions, "partnerka", Config(env="production"))
    monkeypatch.setattr(os, "nice", lambda _steps: 0)  # this process tests on at its own pace
    said = app.test_cli_runner().invoke(args=["seed-demo", "--write", str(tmp_path / "demo.json")])
    assert said.exit_code == 1
    assert "not for production" in said.output
    assert not list(tmp_path.iterdir())
