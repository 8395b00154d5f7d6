"""A merchant with a partner, and every event that asks for a letter."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from app import clock, jobs
from app.events.models import Event
from app.events.service import record
from app.extensions import db
from app.invitations.forms import TEXTS
from app.invitations.models import Invitation
from app.invitations.rules import Line
from app.invitations.service import Defaults, ask, check_lines
from app.members.models import Member
from app.notifications.models import Message
from app.notifications.rules import RULES, TO_CUSTOMERS, To
from app.participation.models import JoinRequest
from app.partners.models import Partner
from app.partners.service import NewPartner, create
from app.payouts.models import Payout, PayoutMethod
from app.tenancy import public_id
from app.tenants.models import Shop

if TYPE_CHECKING:
    from app.identity.models import Person
    from tests.world import Merchant


def make_partner(merchant: Merchant, name: str = "Anna", **said: Any) -> int:
    """Make a partner with an e-mail of her own, committed; returns the id."""
    email = said.pop("email", f"{name.lower()}-{secrets.token_hex(4)}@example.org")

    def act() -> int:
        return create(NewPartner(name=name, email=email, **said)).id

    return jobs.in_transaction(act, merchant.id)


def address_of(merchant: Merchant, partner_id: int) -> str:
    """Return a partner's e-mail."""
    query = select(Partner.email).where(Partner.id == partner_id)
    found = jobs.in_transaction(lambda: db.session.scalar(query), merchant.id)
    assert found is not None
    return found


def happens(merchant: Merchant, kind: str, subject: str, **facts: Any) -> int:
    """Let an event happen, committed; returns its id."""
    return jobs.in_transaction(lambda: recorded(kind, subject, **facts), merchant.id)


def recorded(kind: str, subject: str, **facts: Any) -> int:
    """Let an event happen in the scope; returns its id."""
    event = record(kind, subject, **facts)
    db.session.flush()
    return event.id


def earns(merchant: Merchant, partner_id: int, amount: int = 199000) -> int:
    """Let a partner earn minor units of roubles."""
    facts = {"partner_id": partner_id, "level": 1, "amount": amount, "currency": "RUB"}
    return happens(merchant, "commission.accrued", "order:1", **facts)


def make_payout(partner_id: int, amount: int = 150000) -> Payout:
    """Make a payout row in the scope, as letters see it."""
    method = db.session.scalars(select(PayoutMethod)).first()
    assert method is not None
    payout = Payout(
        public_id=public_id("po"),
        partner_id=partner_id,
        amount=amount,
        currency="RUB",
        method_id=method.id,
        details=None,
        state="paid",
        reason=None,
        requested_by="system",
        decided_by=None,
        requested_at=clock.now(),
        approved_at=None,
        ended_at=None,
    )
    db.session.add(payout)
    db.session.flush()
    return payout


def make_request(name: str) -> JoinRequest:
    """Make an application that waits for its e-mail to be confirmed, in the scope."""
    made = JoinRequest(
        public_id=public_id("jr"),
        state="sent",
        name=name,
        email="anna@example.org",
        said={},
        locale="en",
        why=[],
        created_at=clock.now(),
    )
    db.session.add(made)
    db.session.flush()
    return made


def subject_of(kind: str, partner: Partner) -> str:
    """Return whom an event of a type is about: the partner, or an application that waits."""
    if kind.startswith("dispute."):
        return "dispute:1"
    asked = kind == "partner.asked"
    return f"request:{make_request(partner.name).id}" if asked else f"partner:{partner.id}"


def of_trust(kind: str, partner: Partner) -> dict[str, object]:
    """Return what events of the fraud desk and of disputes say."""
    if kind.startswith("dispute."):
        said: dict[str, object] = {"dispute": "ds_1", "number": partner.name, "text": partner.name}
        return said | {"due_at": "2026-12-01T00:00:00+03:00", "decision": "declined"}
    if kind in {"deal.held", "deal.refused"}:
        return {"amount": 150000, "currency": "RUB", "signs": ["loop"]}
    return {}


def of_help(kind: str, partner: Partner) -> dict[str, object]:
    """Return what questions and warnings of debts say."""
    if kind.startswith("tariff."):
        bill: dict[str, object] = {"invoice": "iv_1", "number": "1", "month": "2026-11-01"}
        bill |= {"due_at": "2026-12-14T00:00:00+03:00", "days": 3, "unpaid": True}
        return bill | {"amount": 150000, "currency": "RUB", "at": "2026-12-01T00:00:00+03:00"}
    if kind.startswith("debt."):
        sums: dict[str, object] = {"amount": 150000, "debt": 90000, "repays": 90000, "left": 60000}
        return sums | {"currency": "RUB", "on": "2026-12-01"}
    if kind.startswith(("help.", "question.")):
        said: dict[str, object] = {"help": "hp_1", "about": "support", "name": partner.name}
        said |= {"person_id": partner.person_id} if kind == "help.answered" else {}
        return said | {"text": partner.name, "merchant": "lampa", "page": "/lampa/office/"}
    return of_bonuses(kind, partner)


def of_bonuses(kind: str, partner: Partner) -> dict[str, object]:
    """Return what messages to customers, lapsing bonuses and orders that spend too much say."""
    if kind in {"customer.told", "staff.told"}:
        told: dict[str, object] = {"text": "order", "event": "order:1", "rule": 1, "amount": 15000}
        return told | ({"member_id": make_customer(partner)} if kind == "staff.told" else {})
    if kind == "wording.tried":
        return {"texts": {name: said | {"sms": "{amount}"} for name, said in WORDS.items()}}
    if kind == "rank.warned":
        return {"rank": "Gold", "falls_on": "2026-12-01", "lacks": {"orders": 2, "sum": 150000}}
    if kind == "bonus.expiring":
        return {"amount": 150000, "currency": "RUB", "at": "2026-12-01T00:00:00+03:00"}
    if kind == "bonus.cut":
        cut = {"asked": 50_000, "spent": 20_000, "money_asked": 90_000, "money_spent": 0}
        return cut | {"number": partner.name, "currency": "RUB"}
    return {}


def of_codes(kind: str, partner: Partner, locale: str) -> dict[str, object]:
    """Return what events of codes and coupons say."""
    if not kind.startswith(("coupon.", "code.")):
        return {}
    said: dict[str, object] = {"code": partner.name, "value": "10%", "left": 3, "grant": "cg_none"}
    return said | {"member_id": 1, "confirm": True, "address": "203.0.113.0", "locale": locale}


WORDS = {
    "en": {"subject": "News of {shop}", "body": "Hello, {name}!\n\nSales are on.\n\n{cabinet}"},
    "ru": {"subject": "Новости {shop}", "body": "Привет, {name}!\n\nРаспродажа.\n\n{cabinet}"},
}


def invite(name: str) -> Invitation:
    """Invite somebody, in the scope and not committed."""
    email = f"guest-{secrets.token_hex(4)}@example.org"
    wishes, _left_out = check_lines([Line(1, email)], Defaults())
    ask(wishes, (), TEXTS, pace=1, locale="en")
    guest = db.session.scalars(select(Invitation).where(Invitation.email == email)).one()
    guest.name = name
    db.session.flush()
    return guest


def _of_signup(kind: str, partner: Partner) -> tuple[str, dict[str, Any]] | None:
    """Return subject and facts of sign-ups, of the prepaid balance, and of what the operator is told."""
    if kind == "books.broken":
        return "books", {"merchants": [partner.name], "many": 1, "names": ["a rule"]}
    if kind.startswith(("balance.", "spending.")):
        told = {"number": 1001, "asked": 150000, "threshold": 500000, "waiting": 7, "percent": 80}
        return "merchant:1", {**told, "amount": 150000, "most": 200000, "currency": "RUB"}
    if not kind.startswith("signup."):
        return None
    about = {"signup": 1, "name": partner.name, "email": "anna@example.org", "locale": "en"}
    return "signup:1", {**about, "site": "lampa.example", "reason": "No shop there"}


def _own(kind: str, partner: Partner, person: Person) -> tuple[str, dict[str, Any]] | None:
    """Return subject and facts of mailings, invitations and digests."""
    said: dict[str, Any] = {"texts": WORDS, "is_html": False}
    if kind == "mailing.started":
        return "mailing:1", said
    if kind == "mailing.tried":
        return f"person:{person.id}", said | {"partner_id": partner.id}
    if kind == "invitation.sent":
        guest = invite(partner.name)
        return f"invitation:{guest.id}", {"invitation_id": guest.id, "times": 1}
    month = {"month": "2026-10-01", "currency": "RUB", "sales": 3, "earned": 510000, "partners": 4}
    if kind == "digest.month":
        sums = {"paid": 1, "recruits": 2, "available": 5, "pending": 7, "soon": 6}
        return f"partner:{partner.id}", {"partner_id": partner.id, **month, **sums}
    servers = {"webhook.stopped", "connection.failing", "feed.failed", "feed.held"}
    if kind in {"digest.merchant", "sms.stopped", *servers}:
        server = {"webhook": "wh_1", "url": "https://shop.example/in", "why": "failing"}
        server |= {"connection": "cn_1", "shop": "Lampa", "channel": "WooCommerce"}
        feed = {"feed": "fd_1", "name": "Lamps", "known": 9, "gone": 5}
        return "merchant:1", {**month, "paid": 0, **server, **feed}
    return _of_signup(kind, partner)


def recipient_of(kind: str, partner: Partner, person: Person) -> str:
    """Return who a message of a kind is for, by our ids."""
    rule = RULES[kind]
    if kind in TO_CUSTOMERS:
        return f"member:{make_customer(partner)}"
    return f"partner:{partner.id}" if rule.to is To.PARTNER else f"person:{person.id}"


def make_customer(partner: Partner) -> int:
    """Make a partner a customer of the shop too, in the scope; returns the customer's id."""
    shop_id = db.session.scalars(select(Shop.id).order_by(Shop.id)).first()
    made = Member(
        shop_id=shop_id,
        key=f"id:{secrets.token_hex(4)}",
        name=partner.name,
        email="anna@example.org",
        created_at=clock.now(),
    )
    db.session.add(made)
    db.session.flush()
    partner.member_id = made.id
    return made.id


def of_papers(kind: str, payout: Payout) -> dict[str, Any]:
    """Return facts about documents and receipts."""
    if kind.startswith("tariff."):
        paid: dict[str, Any] = {"invoice": "in_1", "number": 7, "month": "2026-10-01"}
        paid |= {"amount": 150000, "currency": "RUB", "due_at": "2026-12-01T00:00:00+03:00"}
        return paid | {"days": 3, "unpaid": True}
    if kind == "receipt.wanted":
        return {"payout": payout.public_id, "amount": 150000, "currency": "RUB", "days": 3}
    if kind in {"pay_run.planned", "pay_run.first_approved"}:
        return {"pay_run": "pr_0123456789abcdef", "count": 3}
    if kind == "payout.first_approved":
        payout.state = "requested"
        return {"payout": payout.public_id}
    if kind == "document.issued":
        days = {"first": "2026-10-01", "last": "2026-10-31"}
        return {"document": "dc_0123456789abcdef", "number": "2026-17", **days}
    return {}


def message_for(
    kind: str, partner: Partner, person: Person, locale: str = "en", **more: object
) -> Message:
    """Make an event of a type and its message, in the scope and not committed."""
    payout = make_payout(partner.id)
    if kind == "partner.reopened":  # told only to whoever was told of the decision
        message_for("partner.rejected", partner, person, locale).state = "sent"
        partner.status = "pending"
    subject, facts = subject_of(kind, partner), {"partner_id": partner.id, "reason": "No site yet"}
    if kind.startswith(("payout.", "receipt.")):
        subject = f"payout:{payout.id}"
    if kind.startswith(("payout.", "commission.")):
        facts |= {"amount": 150000, "currency": "RUB", "level": 2}
    subject, facts = _own(kind, partner, person) or (subject, facts)
    if kind.startswith(("staff.", "person.")):
        subject, facts = f"person:{person.id}", {"person_id": person.id, "role": "manager"}
    if kind.startswith("cap."):
        facts |= {"cap": "partner", "given": 820000, "most": 1000000, "currency": "RUB"}
    if kind == "deal.overridden":
        facts |= {"level": 1, "amount": 70000, "before": 51360, "after": 70000, "currency": "RUB"}
    if kind == "terms.announced":
        facts |= {"terms_id": 1, "name": "Base terms", "version": 2, "days": 90, "currency": "RUB"}
        facts |= {"holds_from": "2026-12-01T00:00:00+03:00", "before": 1100000, "after": 1230000}
        said = {"levels": ["12%", "50.00"], "hold_days": 7, "window_days": 30}
        facts["terms"] = said | {"base": {"shipping": True}, "first_orders": 2}
    facts |= of_trust(kind, partner) | of_codes(kind, partner, locale) | of_papers(kind, payout)
    facts |= of_help(kind, partner)
    if kind == "partner.recruited":
        facts["recruit_id"] = partner.id
    if kind.startswith("partner.group_"):
        facts |= {
            "group": partner.name,
            "falls_on": "2026-11-30",
            "move": "fall",
            "currency": "RUB",
        }
        facts |= {"changes": {"group": ["Gold", partner.name]}, "short": {"turnover": 1200000}}
    message = Message(
        event_id=recorded(kind, subject, **facts | more),
        recipient=recipient_of(kind, partner, person),
        address="anna@example.org",
        channel="email",
        template=kind,
        locale=locale,
        due_at=clock.wall(),
        created_at=clock.wall(),
        lease_until=None,
        sent_at=None,
        problem=None,
    )
    db.session.add(message)
    db.session.flush()
    return message


def messages_of(merchant: Merchant, event_id: int) -> list[tuple[str, str, str, int]]:
    """Return (recipient, address, state, attempts) of an event's messages."""
    columns = (Message.recipient, Message.address, Message.state, Message.attempts)
    query = select(*columns).where(Message.event_id == event_id).order_by(Message.recipient)
    rows = jobs.in_transaction(lambda: db.session.execute(query).all(), merchant.id)
    return [(row[0], row[1], row[2], row[3]) for row in rows]


def message_ids(merchant: Merchant, event_id: int) -> list[int]:
    """Return the ids of an event's messages."""
    query = select(Message.id).where(Message.event_id == event_id).order_by(Message.id)
    return jobs.in_transaction(lambda: list(db.session.scalars(query)), merchant.id)


def make_due(merchant: Merchant, message_id: int) -> None:
    """Let the time of a message come: its pause, or the lease of a sender that died, is over.

    Long over: a sweep takes the oldest first, and what other tests left is not to stand before it.
    """

    def act() -> None:
        message = db.session.scalars(select(Message).where(Message.id == message_id)).one()
        message.due_at = clock.wall() - timedelta(days=365)

    jobs.in_transaction(act, merchant.id)


def position_of(merchant: Merchant, event_id: int) -> int | None:
    """Return the place of an event in the feed."""
    query = select(Event.position).where(Event.id == event_id)
    return jobs.in_transaction(lambda: db.session.scalar(query), merchant.id)
