"""RP30: to one, several, a segment or all; at a pace; paused, stopped; never twice, never against a will."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, update

from app import clock, jobs
from app.adjustments import service as adjustments
from app.adjustments.rules import Act, Wish
from app.errors import Conflict, DomainError
from app.events.service import drain
from app.extensions import db
from app.mailings import queries, service
from app.mailings.models import Mailing
from app.mailings.rules import Segment
from app.notifications import letters
from app.notifications import service as notifications
from app.notifications.models import Message
from app.notifications.view import UnwantedError
from app.participation import service as participation
from app.partners import queries as partners
from app.partners import service as partner_service
from app.partners.models import Partner
from app.programs import queries as programs
from app.tenancy import public_id
from tests.notifications import scene

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from app.application import App
    from tests.harness.mailbox import Mailbox
from tests.world import Merchant

TEXTS = {
    "en": {
        "subject": "News for {name}",
        "body": "Your code {refcode}, balance {balance}.\n\n{link}",
    },
    "ru": {"subject": "Новости для {name}", "body": "Ваш код {refcode}.\n\n{link}"},
}


@pytest.fixture(autouse=True)
def _app(app: App) -> Iterator[None]:
    with app.app_context():
        yield


def do(merchant: Merchant, act: Callable[[], Any]) -> Any:
    return jobs.in_transaction(act, merchant.id)


def drafted(merchant: Merchant, segment: Segment | None = None, **said: Any) -> int:
    wish: dict[str, Any] = {"texts": TEXTS, "segment": segment or Segment(), "pace": 100} | said
    return int(do(merchant, lambda: service.write(None, **wish).id))


def act(merchant: Merchant, mailing_id: int, verb: Callable[..., None], *args: Any) -> None:
    def run() -> None:
        verb(db.session.scalars(select(Mailing).where(Mailing.id == mailing_id)).one(), *args)

    do(merchant, run)


def state_of(merchant: Merchant, mailing_id: int) -> tuple[str, int, int]:
    def read() -> tuple[str, int, int]:
        found = db.session.scalars(select(Mailing).where(Mailing.id == mailing_id)).one()
        return found.state, found.written, found.total

    return do(merchant, read)  # type: ignore[no-any-return]


def minute_later(merchant: Merchant) -> None:
    past = update(Mailing).where(Mailing.next_at.is_not(None))
    do(
        merchant,
        lambda: db.session.execute(past.values(next_at=clock.wall() - timedelta(seconds=1))),
    )
    jobs.go_on_mailings()
    jobs.go_on_mailings()  # twice in a minute writes nothing more


def addresses(merchant: Merchant) -> list[str]:
    query = select(Message.address).where(Message.template == "mailing.started")
    return sorted(do(merchant, lambda: db.session.scalars(query).all()))


def people(merchant: Merchant, count: int = 3, **said: Any) -> list[int]:
    return [scene.make_partner(merchant, f"P{n}", **said) for n in range(count)]


def sorted_addresses(merchant: Merchant, ids: list[int]) -> list[str]:
    return sorted(scene.address_of(merchant, i) for i in ids)


def test_a_mailing_goes_to_all_once_each_in_his_own_language(
    lampa: Merchant, mailbox: Mailbox
) -> None:
    ids = people(lampa)
    russian = scene.make_partner(lampa, "Вера", locale="ru")
    mailing = drafted(lampa)
    act(lampa, mailing, service.start)
    minute_later(lampa)
    minute_later(lampa)
    assert state_of(lampa, mailing) == ("done", 4, 4)
    assert addresses(lampa) == sorted_addresses(lampa, [*ids, russian])
    due = update(Message).values(due_at=clock.wall())
    do(lampa, lambda: db.session.execute(due))
    found = do(
        lampa,
        lambda: list(
            db.session.scalars(select(Message.id).where(Message.template == "mailing.started"))
        ),
    )
    for message in found:
        jobs.send_message(lampa.id, message)
        jobs.send_message(lampa.id, message)
    assert len(mailbox.letters) == 4
    # A long name is folded in the head, and read with the fold's space.
    by_subject = {" ".join(str(letter["Subject"]).split()): letter for letter in mailbox.letters}
    assert {"News for P0", "Новости для Вера"} <= set(by_subject)
    letter = by_subject["News for P0"]
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "{" not in letter.get_body(("plain",)).get_content()


@pytest.mark.parametrize("kind", ["group", "terms", "blocked", "balance", "some", "none", "chosen"])
def test_a_segment_is_who_fits_and_nobody_else(app: App, lampa: Merchant, kind: str) -> None:
    one, other, _third = people(lampa)
    client = app.test_client()
    segment = Segment()
    if kind == "group":
        made = client.post(
            "/api/v1/groups", json={"name": "Gold", "levels": ["1%"]}, headers=lampa.bearer
        )
        assert made.status_code == 201
        group_id = do(lampa, lambda: _change(one, "group"))
        segment = Segment(group_id=group_id)
    if kind == "terms":
        made = client.post(
            "/api/v1/terms", json={"name": "New", "levels": ["1%"]}, headers=lampa.bearer
        )
        assert made.status_code == 201
        terms_id = do(lampa, lambda: _change(one, "terms"))
        segment = Segment(terms_id=terms_id)
    if kind == "blocked":
        do(lampa, lambda: partner_service.block(_partner(one)))
        segment = Segment(status="blocked")
    if kind == "balance":
        do(lampa, lambda: _pay_in(one, 5000))
        do(lampa, lambda: _pay_in(other, 20000))
        segment = Segment(least=100, most=10000)
    if kind in {"some", "none"}:
        refcode = do(lampa, lambda: _partner(one).refcode)
        order = {
            "status": "paid", "currency": "RUB", "created_at": clock.wall().isoformat(), "partner_code": refcode,
            "lines": [{"id": "1", "quantity": "1", "price": "100.00"}],
        }  # fmt: skip
        assert client.put("/api/v1/orders/1", json=order, headers=lampa.bearer).status_code == 200
        segment = Segment(sales=kind)
    if kind == "chosen":
        segment = Segment(refcodes=(do(lampa, lambda: _partner(one).refcode).upper(),))
    found = do(lampa, lambda: {p.id for p in queries.first(segment, 10)})
    assert found == ({one} if kind != "none" else {other, _third})


def _partner(partner_id: int) -> Any:
    found = partners.by_id(partner_id)
    assert found is not None
    return found


def _change(partner_id: int, what: str) -> int:
    known = programs.all_groups() if what == "group" else programs.all_terms()
    chosen = next(each for each in known if each.name in {"Gold", "New"})
    partner_service.change(_partner(partner_id), **{f"{what}_id": chosen.id})
    return int(chosen.id)


def _pay_in(partner_id: int, amount: int) -> None:
    adjustments.book(public_id("ab"), [Wish(partner_id, Act.ACCRUE, amount, "Prize")], "RUB")


def test_letters_go_at_the_pace_and_pause_resume_stop_hold(lampa: Merchant) -> None:
    people(lampa, 5)
    mailing = drafted(lampa, pace=2)
    act(lampa, mailing, service.start)
    minute_later(lampa)
    assert state_of(lampa, mailing) == ("sending", 2, 5)
    act(lampa, mailing, service.pause)
    minute_later(lampa)
    assert state_of(lampa, mailing) == ("paused", 2, 5)
    act(lampa, mailing, service.resume)
    minute_later(lampa)
    assert state_of(lampa, mailing)[1] == 4
    act(lampa, mailing, service.stop)
    minute_later(lampa)
    assert state_of(lampa, mailing) == ("stopped", 4, 5)
    waiting = select(Message.id).where(
        Message.template == "mailing.started", Message.state == "due"
    )
    assert not do(lampa, lambda: db.session.scalars(waiting).all())
    with pytest.raises(Conflict):
        act(lampa, mailing, service.resume)


def test_a_worker_killed_between_two_minutes_leaves_nobody_out_and_writes_to_nobody_twice(
    lampa: Merchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = people(lampa, 4)
    mailing = drafted(lampa, pace=2)
    act(lampa, mailing, service.start)

    def killed() -> None:
        service.go_on(mailing)
        raise SystemExit  # before the commit

    with pytest.raises(SystemExit):
        do(lampa, killed)
    assert addresses(lampa) == []
    for _n in range(4):
        minute_later(lampa)
    assert addresses(lampa) == sorted_addresses(lampa, ids)
    assert state_of(lampa, mailing)[0] == "done"


def test_who_wants_no_mailings_gets_none_not_even_one_that_waits(app: App, lampa: Merchant) -> None:
    (one,) = people(lampa, 1)
    mailing = drafted(lampa)
    act(lampa, mailing, service.start)
    minute_later(lampa)
    query = select(Message.id).where(Message.template == "mailing.started")
    message = do(lampa, lambda: db.session.scalar(query))
    letter = do(lampa, lambda: letters.compose(notifications.get(message)))
    address = letter.headers["List-Unsubscribe"].strip("<>").removeprefix("http://localhost")
    client = app.test_client()
    assert client.post(address, data={"List-Unsubscribe": "One-Click"}).status_code == 200
    assert do(lampa, lambda: "mailing.started" in _partner(one).muted)
    with pytest.raises(UnwantedError):
        do(lampa, lambda: letters.compose(notifications.get(message)))
    jobs.send_message(lampa.id, message)
    assert do(lampa, lambda: notifications.get(message).state) == "dead"


def test_a_planned_mailing_begins_by_itself_and_can_be_taken_back(lampa: Merchant) -> None:
    people(lampa, 1)
    mailing = drafted(lampa)
    with pytest.raises(DomainError):
        act(lampa, mailing, service.start, clock.wall() - timedelta(hours=1))
    later = clock.wall() + timedelta(hours=1)
    act(lampa, mailing, service.start, later)
    jobs.go_on_mailings()
    assert state_of(lampa, mailing)[0] == "scheduled"
    act(lampa, mailing, service.unschedule)
    act(lampa, mailing, service.start, later)
    minute_later(lampa)
    assert state_of(lampa, mailing) == ("sending", 1, 1)


def test_a_copy_to_oneself_is_filled_in_as_for_the_partner(lampa: Merchant) -> None:
    (one,) = people(lampa, 1)
    mailing, owner = drafted(lampa), lampa.staff["owner"]
    act(lampa, mailing, service.try_out, owner.id, one)

    def write() -> Any:
        notifications.promise(drain())
        query = select(Message).where(Message.template == "mailing.tried")
        message = db.session.scalars(query).one()
        return message.address, letters.compose(message)

    address, letter = do(lampa, write)
    assert (address, letter.subject) == (owner.email, "News for P0")
    assert addresses(lampa) == []


def test_html_goes_as_it_was_cleaned_with_what_fills_it_escaped(lampa: Merchant) -> None:
    nasty = f"<b onclick=x>Eve</b> {secrets.token_hex(2)}"
    scene.make_partner(lampa, nasty, email="eve@example.org")
    texts = {
        "en": {
            "subject": "{name}",
            "body": '<p onclick="x">Hi, {name}: <a href="{link}">go</a></p><br>',
        }
    }
    mailing = drafted(lampa, texts=texts, is_html=True)
    act(lampa, mailing, service.start)
    minute_later(lampa)
    query = select(Message).where(Message.template == "mailing.started")
    letter = do(lampa, lambda: letters.compose(db.session.scalars(query).one()))
    assert "<p>Hi, &lt;b onclick=x&gt;Eve&lt;/b&gt;" in letter.html
    assert 'href="http://localhost/r/' in letter.html
    assert "\n" not in letter.subject
    assert "Hi, <b onclick=x>Eve</b>" in letter.text
    assert "go (http://localhost/r/" in letter.text


@pytest.mark.parametrize(
    "said",
    [
        {"texts": {}},
        {"texts": {"en": {"subject": "", "body": "x"}}},
        {"texts": {"en": {"subject": "x", "body": "{secret}"}}},
        {"pace": 0},
        {"pace": 601},
        {"segment": Segment(refcodes=("nobody-has-this",))},
    ],
)
def test_what_cannot_be_sent_is_refused(lampa: Merchant, said: dict[str, Any]) -> None:
    with pytest.raises(DomainError):
        drafted(lampa, **said)


def test_a_mailing_to_nobody_does_not_begin(lampa: Merchant) -> None:
    with pytest.raises(DomainError):
        act(lampa, drafted(lampa), service.start)


def test_where_the_form_asks_for_it_only_who_agreed_to_letters_gets_any(lampa: Merchant) -> None:
    """Anna agreed, Boris agreed and took it back, Vera was never asked; the last word counts."""
    anna, boris, vera = (scene.make_partner(lampa, name) for name in ("Anna", "Boris", "Vera"))
    everybody = Segment()
    assert do(lampa, lambda: queries.count(everybody)) == 3
    assert do(lampa, lambda: queries.unasked(everybody)) == 0

    def ask() -> None:
        participation.publish("marketing", {"en": "News once a month."}, again=False)
        for partner_id, words in ((anna, (False, True)), (boris, (True, False))):
            who = db.session.scalars(select(Partner).where(Partner.id == partner_id)).one()
            for given in words:
                participation.agree(who, [("marketing", None, 1)], None, given=given)

    do(lampa, ask)

    def read(segment: Segment) -> list[int]:
        return [p.id for p in queries.first(segment)]

    assert do(lampa, lambda: read(everybody)) == [anna]
    assert do(lampa, lambda: queries.unasked(everybody)) == 2
    assert do(lampa, lambda: read(Segment(ids=(boris, vera)))) == []
    # Asked no more: nothing is kept from anybody.
    do(lampa, lambda: participation.publish("marketing", {}, again=False))
    assert do(lampa, lambda: read(Segment(ids=(boris, vera)))) == [boris, vera]


def test_a_segment_is_stored_whole() -> None:
    for segment in (Segment(ids=(1, 2)), Segment(refcodes=("anna",)), Segment(least=5, days=7)):
        assert Segment.of(segment.stored()) == segment
    assert Segment.of({"status": "active"}) == Segment()
