"""BY5: invited by paste, sent at a pace, joined once with exactly what was promised."""

from __future__ import annotations

import re
import secrets
import threading
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, update

from app import clock, jobs
from app.errors import Conflict, DomainError
from app.events.service import drain
from app.extensions import db
from app.facts import service as facts
from app.invitations import queries, service
from app.invitations.forms import TEXTS
from app.invitations.models import Batch, Invitation
from app.invitations.rules import read
from app.invitations.service import Defaults, Said
from app.notifications import letters
from app.notifications import service as notifications
from app.notifications.models import Message
from app.partners import queries as partners
from app.partners.models import Code, Partner
from app.programs import queries as programs
from tests.notifications import scene

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.application import App
    from tests.world import Merchant


@pytest.fixture(autouse=True)
def _app(app: App) -> Iterator[None]:
    with app.app_context():
        yield


def fresh(name: str) -> str:
    return f"{name}-{secrets.token_hex(4)}@example.org"


def asked(merchant: Merchant, text: str, pace: int = 100, **defaults: int) -> int:
    """Invite by a paste; returns the batch."""

    def act() -> int:
        lines, problems = read(text)
        wishes, refused = service.check_lines(lines, Defaults(**defaults))  # type: ignore[arg-type]
        return service.ask(wishes, [*problems, *refused], TEXTS, pace=pace, locale="en").id

    return jobs.in_transaction(act, merchant.id)


def invited(merchant: Merchant, email: str) -> Invitation:
    def read_() -> Invitation:
        query = select(Invitation).where(Invitation.email == email).order_by(Invitation.id.desc())
        found = db.session.scalars(query).first()
        assert found is not None
        db.session.expunge(found)
        return found

    return jobs.in_transaction(read_, merchant.id)


def letter_to(merchant: Merchant, email: str) -> str:
    """Return the newest letter to an address, as it would leave."""

    def write() -> str:
        notifications.promise(drain())
        query = select(Message).where(Message.address == email).order_by(Message.id.desc())
        message = db.session.scalars(query).first()
        assert message is not None
        return letters.compose(message).text

    return jobs.in_transaction(write, merchant.id)


def token_in(text: str) -> str:
    found = re.search(r"/invited/(\w+)", text)
    assert found
    return found[1]


def said(version: int = 1, name: str = "Anna Guest") -> Said:
    return Said(name=name, accepted_version=version)


def joined(merchant: Merchant, token: str) -> int:
    def act() -> int:
        invitation = queries.by_token(token)
        assert invitation is not None
        terms = service.offered_terms(invitation)
        return service.join(invitation, said(terms.version)).id

    return jobs.in_transaction(act, merchant.id)


def test_who_joins_gets_exactly_the_group_terms_sponsor_and_code_of_the_invitation(
    lampa: Merchant, app: App
) -> None:
    client = app.test_client()
    for path, body in (
        ("terms", {"name": "Blog terms", "levels": ["12%"]}),
        ("groups", {"name": "Bloggers", "levels": ["15%"]}),
    ):
        assert client.post(f"/api/v1/{path}", json=body, headers=lampa.bearer).status_code == 201
    boris = scene.make_partner(lampa, "Boris", refcode="boris")
    email = fresh("anna")
    asked(lampa, f"{email}, Anna, bloggers, BLOG TERMS, boris, ANNA10")
    jobs.send_invitations()
    partner_id = joined(lampa, token_in(letter_to(lampa, email)))

    def look() -> None:
        partner = partners.by_id(partner_id)
        assert partner is not None
        group = programs.group_by_id(partner.group_id or 0)
        terms = programs.terms_by_id(partner.terms_id or 0)
        assert group is not None
        assert terms is not None
        assert (partner.status, partner.email, partner.sponsor_id) == ("active", email, boris)
        assert (group.name, terms.name) == ("Bloggers", "Blog terms")
        assert partners.partner_of_code(["anna10"]) == {"anna10": partner_id}
        assert partner.accepted_terms_version == terms.version
        dated = facts.current([f"partner:{partner_id}"])[f"partner:{partner_id}"]
        assert (dated["group"], dated["terms"]) == (group.id, terms.id)

    jobs.in_transaction(look, lampa.id)
    assert invited(lampa, email).state == "joined"


def test_a_token_works_once_and_for_one_of_two_who_press_together(
    app: App, lampa: Merchant
) -> None:
    email = fresh("anna")
    asked(lampa, email)
    jobs.send_invitations()
    token = token_in(letter_to(lampa, email))
    ended: list[str] = []

    def press() -> None:
        with app.app_context():
            try:
                joined(lampa, token)
                ended.append("joined")
            except (Conflict, AssertionError):
                ended.append("refused")

    threads = [threading.Thread(target=press) for _n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(ended) == ["joined", "refused"]
    query = select(Partner.id).where(Partner.email == email)
    assert len(jobs.in_transaction(lambda: db.session.scalars(query).all(), lampa.id)) == 1


def test_the_table_holds_no_token_and_anothers_merchant_does_not_know_it(
    lampa: Merchant, kniga: Merchant
) -> None:
    email = fresh("anna")
    asked(lampa, email)
    jobs.send_invitations()
    token = token_in(letter_to(lampa, email))
    row = invited(lampa, email)
    assert token not in str(row.__dict__)
    assert jobs.in_transaction(lambda: queries.by_token(token), kniga.id) is None
    assert jobs.in_transaction(lambda: queries.by_token(row.token_hash), lampa.id) is None


def test_lines_that_cannot_be_invited_are_kept_with_why(lampa: Merchant) -> None:
    known = fresh("known")
    scene.make_partner(lampa, "Known", email=known, codes=["TAKEN1"])
    first, twin = fresh("first"), fresh("twin")
    text = "\n".join(
        [
            f"{first},,,,,FREE1",
            first.upper(),
            known,
            "not an address",
            f"{fresh('a')},,No such group",
            f"{fresh('b')},,,No such terms",
            f"{fresh('c')},,,,nobody",
            f"{fresh('d')},,,,,TAKEN1",
            f"{fresh('e')},,,,,free1",
            f"{fresh('f')},,,,,a!b",
            twin,
        ]
    )
    batch_id = asked(lampa, text)
    batch = jobs.in_transaction(lambda: _report(batch_id), lampa.id)
    assert batch == [
        (2, "twice"), (3, "partner"), (4, "email"), (5, "group"), (6, "terms"), (7, "sponsor"),
        (8, "code_taken"), (9, "code_twice"), (10, "code"),
    ]  # fmt: skip
    with pytest.raises(DomainError):  # both wait for an answer already
        asked(lampa, f"{first}\n{twin}")


def _report(batch_id: int) -> list[tuple[int, str]]:
    batch = db.session.scalars(select(Batch).where(Batch.id == batch_id)).one()
    return [(line["line"], line["why"]) for line in batch.report]


def test_letters_go_at_the_pace_and_a_pause_holds_them(lampa: Merchant) -> None:
    batch_id = asked(lampa, "\n".join(fresh("many") for _n in range(5)), pace=2)

    def minute_later() -> dict[str, int]:
        past = update(Batch).values(next_at=clock.wall() - timedelta(seconds=1))
        jobs.in_transaction(
            lambda: db.session.execute(past.where(Batch.next_at.is_not(None))), lampa.id
        )
        jobs.send_invitations()
        jobs.send_invitations()  # twice in a minute sends no more
        return jobs.in_transaction(lambda: queries.figures(batch_id), lampa.id)

    assert minute_later()["sent"] == 2

    def hold(*, on: bool) -> None:
        batch = queries.batch(batch_id)
        assert batch is not None
        service.pause(batch, on=on)

    jobs.in_transaction(lambda: hold(on=True), lampa.id)
    assert minute_later()["sent"] == 2
    jobs.in_transaction(lambda: hold(on=False), lampa.id)
    assert minute_later()["sent"] == 4
    assert minute_later()["sent"] == 5
    assert minute_later()["queued"] == 0


def test_a_withdrawn_invitation_answers_nobody_and_its_letter_does_not_leave(
    lampa: Merchant,
) -> None:
    email = fresh("anna")
    asked(lampa, email)
    jobs.send_invitations()
    token = token_in(letter_to(lampa, email))

    def withdraw() -> None:
        found = queries.by_token(token)
        assert found is not None
        service.withdraw(found)

    jobs.in_transaction(withdraw, lampa.id)
    assert jobs.in_transaction(lambda: queries.by_token(token), lampa.id) is None
    jobs.sweep()
    states = select(Message.state).where(Message.address == email)
    assert "sent" not in jobs.in_transaction(lambda: db.session.scalars(states).all(), lampa.id)
    asked(lampa, email)  # and may be invited anew


def test_an_invitation_goes_again_five_times_at_most(lampa: Merchant) -> None:
    email = fresh("anna")
    asked(lampa, email)
    jobs.send_invitations()
    number = invited(lampa, email).id

    def again() -> None:
        found = queries.by_id(number)
        assert found is not None
        service.again(found)

    for _n in range(4):
        jobs.in_transaction(again, lampa.id)
    with pytest.raises(Conflict):
        jobs.in_transaction(again, lampa.id)
    assert invited(lampa, email).times == 5


def test_an_old_invitation_answers_nobody(lampa: Merchant) -> None:
    email = fresh("anna")
    asked(lampa, email)
    jobs.send_invitations()
    token = token_in(letter_to(lampa, email))
    old = update(Invitation).values(sent_at=clock.wall() - timedelta(days=91))
    jobs.in_transaction(lambda: db.session.execute(old), lampa.id)
    assert jobs.in_transaction(lambda: queries.by_token(token), lampa.id) is None


def test_a_blogger_with_a_code_only_becomes_a_full_partner_and_keeps_all(lampa: Merchant) -> None:
    blogger = scene.make_partner(lampa, "Vera", email="", codes=["VERA10"])
    email = fresh("vera")

    def ask() -> None:
        partner = partners.by_id(blogger)
        assert partner is not None
        assert partner.email is None
        service.ask_partner(partner, email, TEXTS)

    jobs.in_transaction(ask, lampa.id)
    with pytest.raises(Conflict):  # one invitation at a time
        jobs.in_transaction(ask, lampa.id)
    jobs.send_invitations()
    assert joined(lampa, token_in(letter_to(lampa, email))) == blogger

    def look() -> None:
        partner = partners.by_id(blogger)
        assert partner is not None
        assert (partner.email, partner.person_id is not None) == (email, True)
        codes = select(Code.key).where(Code.partner_id == blogger, Code.kind == "promo")
        assert db.session.scalars(codes).all() == ["vera10"]

    jobs.in_transaction(look, lampa.id)


@pytest.mark.parametrize("body", ["Hello, {name}", "Hello, {password} {link}"])
def test_a_text_without_the_link_or_with_a_strange_place_is_refused(
    lampa: Merchant, body: str
) -> None:
    texts = {"en": {"subject": "Join", "body": body}}

    def act() -> None:
        wishes, _none = service.check_lines(read(fresh("anna"))[0], Defaults())
        service.ask(wishes, (), texts, pace=1, locale="en")

    with pytest.raises(DomainError):
        jobs.in_transaction(act, lampa.id)
