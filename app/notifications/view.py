"""What the templates of messages may ask for: the event, who it concerns, sums and links made now."""

from __future__ import annotations

import secrets
from datetime import date, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from babel import dates
from flask_babel import gettext
from sqlalchemy import select

from app import crypto
from app.codes.rules import CONFIRM
from app.commissions.models import Deal
from app.coupons.forms import value_words
from app.coupons.rules import LINK
from app.events.models import Event
from app.extensions import db
from app.facts import service as facts
from app.identity import service as identity
from app.installation import public_address
from app.invitations import queries as invitations
from app.invitations import service as inviting
from app.network.rules import masked
from app.notifications import queries, rules
from app.notifications.customers import CustomerView
from app.notifications.words import ABOUT, CAPS, DATES, ROLES
from app.orders.models import Order
from app.papers.queries import has_receipt
from app.participation import service as participation
from app.participation.queries import answers_of
from app.payouts.models import Payout, PayoutMethod
from app.programs.forms import announced
from app.tenancy import PLATFORM, current_tenant
from app.tenants import queries as tenants
from app.web.colour import hex_text, ink, parse, readable
from app.web.filters import money_text

if TYPE_CHECKING:
    from app.identity.models import Person
    from app.invitations.models import Invitation
    from app.notifications.models import Message
    from app.notifications.written import Written
    from app.participation.models import JoinRequest
    from app.partners.models import Partner
    from app.tenants.models import Tenant

ACCENT = "#1f6f54"  # ours, where the merchant chose none
WHITE = (255, 255, 255)
SIGN_UP = "signup"  # the purpose of the link that confirms one


class UnwantedError(Exception):
    """Nobody wants this letter any more: unsubscribed, or gone."""


class View(CustomerView):
    """What the templates of letters may ask for; nothing of it is kept."""

    def __init__(self, message: Message) -> None:
        self.kind = message.template
        self.recipient = message.recipient
        self.locale = message.locale
        self.channel = message.channel
        self.written: Written | None = None  # what the merchant wrote, where a letter is his own
        self.place = f"[{secrets.token_hex(12)}]"  # where it goes in HTML
        event = db.session.get(Event, (current_tenant(), message.event_id))
        if event is None:
            raise UnwantedError("gone")
        self.event: Event = event
        self.facts: dict[str, Any] = event.facts
        self.merchant: Tenant = queries.tenant()
        self.is_test = self.merchant.twin_of is not None

    @property
    def brand(self) -> str:
        """The merchant's name as its customers know it."""
        return self.merchant.name

    @cached_property
    def colours(self) -> tuple[str, str]:
        """The accent as it can be read on white, and what can be read on it."""
        try:
            accent = parse(str(self.merchant.brand.get("accent") or ACCENT))
        except ValueError:
            accent = parse(ACCENT)
        shade = readable(accent, WHITE)
        return hex_text(shade), ink(shade)

    @cached_property
    def partner(self) -> Partner | None:
        """The partner whom the event concerns."""
        number = rules.partner_of(self.event.subject, self.facts)
        if number is None and self.recipient.startswith("partner:"):
            number = int(self.recipient.partition(":")[2])
        return queries.partner(number) if number else None

    @cached_property
    def applicant(self) -> JoinRequest | None:
        """The application that the event is about."""
        return queries.applicant(self.event.subject)

    @property
    def is_overtaken(self) -> bool:
        """Whether the letter says what is no longer so: a decision was taken back before it left.

        That an application waits again is told only to whoever was told of the decision.
        """
        if self.kind == "partner.asked":
            return self.applicant is None or self.applicant.state != "sent"
        if self.kind == "receipt.wanted":
            return self.payout is None or has_receipt(self.payout.id)
        if self.partner is None:
            return False
        if self.kind == "partner.reopened":
            told = ("partner.approved", "partner.rejected")
            sent = any(queries.was_sent(kind, self.recipient) for kind in told)
            return self.partner.status != "pending" or not sent
        decided = self.kind in {"partner.approved", "partner.rejected"}
        return decided and self.partner.status == "pending"

    @cached_property
    def confirm_link(self) -> str:
        """A fresh link by which an applicant confirms that the e-mail is his."""
        if self.applicant is None:
            raise UnwantedError("gone")
        token = participation.confirmation(self.applicant)
        return public_address(f"/{self.merchant.slug}/join/confirm/{token}")

    @cached_property
    def sign_up_link(self) -> str:
        """The link that proves the e-mail of a sign-up."""
        token = crypto.sign(SIGN_UP, self.facts["signup"])
        return public_address(f"/signup/confirm?token={token}&lang={self.locale}")

    @cached_property
    def answers(self) -> list[tuple[str, Any]]:
        """What the partner answered to the merchant's questions, in the reader's language."""
        if self.partner is None:
            return []
        told = answers_of(self.partner.answers, self.locale, self.merchant.locale)
        return [(each.label, gettext("Yes") if each.value is True else each.value) for each in told]

    @cached_property
    def invitation(self) -> Invitation | None:
        """The invitation that the event is about."""
        number = self.facts.get("invitation_id")
        return invitations.by_id(int(number)) if number else None

    @property
    def is_invitation_open(self) -> bool:
        """Whether the invitation still waits for an answer."""
        return self.invitation is not None and self.invitation.is_open

    @property
    def join_link(self) -> str:
        """The address at which the invitation is answered."""
        if self.invitation is None:
            return public_address("/login")
        return inviting.address(self.invitation, self.merchant.slug)

    @cached_property
    def tips(self) -> str:
        """What the merchant advises his partners of, in the reader's language."""
        said = facts.current(["merchant"], ["digest"]).get("merchant", {}).get("digest")
        known = (said or {}).get("tips") or {}
        return str(known.get(self.locale) or known.get(self.merchant.locale) or "")

    @property
    def month(self) -> str:
        """The month of a digest, such as "October 2026"."""
        day = date.fromisoformat(str(self.facts["month"]))
        return str(dates.format_skeleton("yMMMM", day, locale=self.locale))

    @cached_property
    def recruit(self) -> str | None:
        """The name of who joined the partner's structure, as far as the merchant lets sponsors see it."""
        number = self.facts.get("recruit_id")
        found = queries.partner(number) if number else None
        if found is None:
            return None
        return masked(found.name) if tenants.setting("mask_referred") else found.name

    @cached_property
    def person(self) -> Person | None:
        """The person behind the letter's address, if there is an account."""
        if self.recipient.startswith("person:"):
            return queries.person(int(self.recipient.partition(":")[2]))
        known = self.partner.person_id if self.partner else None
        return queries.person(known) if known else None

    @cached_property
    def payout(self) -> Payout | None:
        """The payout that the event is about."""
        kind, _, number = self.event.subject.partition(":")
        query = select(Payout).where(Payout.id == int(number)) if kind == "payout" else None
        return None if query is None else db.session.scalar(query)

    @property
    def fee(self) -> str:
        """The platform's fee that the partner bears, by locale; nothing where there is none."""
        charged = self.payout is not None and self.payout.fee > 0
        return self.money(self.payout.fee) if charged and self.payout else ""

    @property
    def net(self) -> str:
        """What of a payout reaches the partner, where that is not all of it."""
        less = self.payout is not None and self.payout.charges.total > 0
        return self.money(self.payout.net) if less and self.payout else ""

    @cached_property
    def method(self) -> str | None:
        """The name of the payout's method."""
        number = self.payout.method_id if self.payout else None
        query = select(PayoutMethod.name).where(PayoutMethod.id == number)
        return db.session.scalar(query) if number else None

    @cached_property
    def order_number(self) -> str | None:
        """The shop's number of the order that the event is about."""
        number = self.facts.get("order_id")
        return db.session.scalar(select(Order.number).where(Order.id == number)) if number else None

    @cached_property
    def sale(self) -> str:
        """The address of the sale that the event is about, with why this sum."""
        number = self.facts.get("order_id")
        query = select(Deal.public_id).where(Deal.order_id == number)
        deal = db.session.scalar(query) if number else None
        return self.cabinet(f"sales/{deal}/" if deal else "sales/")

    @property
    def amount(self) -> str:
        """The event's sum, by locale."""
        currency = self.facts.get("currency") or self.merchant.currency
        return money_text(int(self.facts.get("amount") or 0), currency)

    def money(self, minor: int) -> str:
        """Return another sum of the event, minor units, by locale."""
        return money_text(int(minor), self.facts.get("currency") or self.merchant.currency)

    def day(self, name: str) -> str:
        """Return a day that the event names, by locale."""
        said = date.fromisoformat(str(self.facts[name]))
        return dates.format_date(said, DATES.get(self.locale, "medium"), locale=self.locale)

    @property
    def due(self) -> str:
        """By when an answer is promised, or when bonuses lapse, on the merchant's clock."""
        said = self.facts.get("due_at") or self.facts["at"]
        return self.moment(datetime.fromisoformat(str(said)))

    @property
    def worth(self) -> str:
        """What the event's coupon is worth, in the reader's language."""
        return value_words(str(self.facts.get("value") or ""))

    @cached_property
    def coupon_page(self) -> str:
        """Where a customer sees his coupon again."""
        token = crypto.sign(LINK, [current_tenant(), self.facts.get("grant")])
        return public_address(f"/{self.merchant.slug}/coupon/{token}")

    @cached_property
    def confirm_code(self) -> str:
        """Where a customer says that it was he who typed the code."""
        said = [self.facts.get(name) for name in ("member_id", "code", "locale")]
        token = crypto.sign(CONFIRM, [current_tenant(), *said])
        return public_address(f"/{self.merchant.slug}/code/confirm/{token}")

    @property
    def cap(self) -> str:
        """The cap that is nearly reached, in the reader's language."""
        return str(CAPS.get(str(self.facts.get("cap")), ""))

    @property
    def given(self) -> str:
        """How much of the cap is given, by locale."""
        return self._sum("given")

    @property
    def most(self) -> str:
        """The cap itself, by locale."""
        return self._sum("most")

    def _sum(self, name: str) -> str:
        return money_text(int(self.facts.get(name) or 0), self.merchant.currency)

    @property
    def holds_from(self) -> str:
        """From when announced terms hold, on the merchant's clock."""
        return self.moment(datetime.fromisoformat(str(self.facts["holds_from"])))

    @property
    def figures(self) -> tuple[str, str] | None:
        """What the reader earned, and would have earned by announced terms; None without sales."""
        before, after = self.facts.get("before"), self.facts.get("after")
        if before is None or after is None:
            return None
        currency = str(self.facts["currency"])
        return money_text(int(before), currency), money_text(int(after), currency)

    @property
    def change(self) -> str:
        """What a sum gained (or lost, with a minus) from before to after, by locale."""
        gained = int(self.facts.get("after") or 0) - int(self.facts.get("before") or 0)
        currency = self.facts.get("currency") or self.merchant.currency
        return ("+" if gained > 0 else "") + money_text(gained, currency)

    @cached_property
    def said(self) -> list[str]:
        """Announced terms as the reader has them, in plain sentences."""
        said = self.facts.get("terms")
        currency = self.facts.get("currency") or self.merchant.currency
        return announced(said, currency).sentences if said else []

    @property
    def touched(self) -> bool:
        """Whether announced terms change anything for the reader."""
        return bool(self.facts.get("touched", True))

    @property
    def level(self) -> str:
        """The level at which the partner earned."""
        return str(self.facts.get("level") or "")

    @property
    def reason(self) -> str:
        """What somebody wrote to explain it."""
        return str(self.facts.get("reason") or "")

    @property
    def role(self) -> str:
        """The role of an invitation, in the reader's language."""
        return str(ROLES.get(str(self.facts.get("role")), ""))

    @property
    def at(self) -> str:
        """When it happened, on the merchant's clock."""
        return self.moment(self.event.at)

    def moment(self, value: datetime) -> str:
        """Return a moment on the merchant's clock, by locale."""
        local = value.astimezone(ZoneInfo(self.merchant.timezone))
        day = dates.format_date(local, DATES.get(self.locale, "medium"), locale=self.locale)
        return f"{day}, {dates.format_time(local, 'short', locale=self.locale)}"

    @cached_property
    def has_password(self) -> bool:
        """Whether the reader can sign in already."""
        return self.person is not None and self.person.password_hash is not None

    @cached_property
    def password_link(self) -> str:
        """A fresh link that sets the reader's password; to sign in, where that cannot be."""
        purpose = {"person.password_reset": "reset", "staff.invited": "invitation"}
        # Staff read the letters of test mode: a link there must open nobody's account.
        if self.person is None or self.is_test:
            return public_address("/login")
        found = purpose.get(self.kind, "welcome")
        return str(identity.password_link(self.person.id, found, self.locale))

    def cabinet(self, page: str = "") -> str:
        """Return the address of a page of the partner's cabinet."""
        return public_address(f"/{self.merchant.slug}/cabinet/{page}")

    def platform(self, page: str = "") -> str:
        """Return the address of a page of the operator's."""
        return public_address(f"/platform/{page}")

    def of_merchant(self, page: str) -> str:
        """Return the address of a page in the back office of the merchant whose staff the letter is for."""
        return public_address(f"/{self.facts['merchant']}/office/{page}")

    @property
    def about(self) -> str:
        """What a question is about, in the reader's language."""
        return str(ABOUT.get(str(self.facts.get("about")), ""))

    def office(self, page: str = "") -> str:
        """Return the address of a page of the back office."""
        if self.merchant.id == PLATFORM:
            return self.platform(page)
        return public_address(f"/{self.merchant.slug}/office/{page}")
