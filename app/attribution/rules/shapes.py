"""What attribution is told and what it answers: evidence, who bought, verdicts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from app.partners.rules import Identity, Status

# How a contact enrolled: the shop said so; by a form on a page; by a code typed on our page, before
# and after the owner of the e-mail said it was he; or so it stood in the system that the merchant came from.
REGISTERED, SUBSCRIBED, TYPED, CONFIRMED = "registered", "subscribed", "typed", "confirmed"
IMPORTED = "imported"
UNPROVEN = frozenset({SUBSCRIBED, TYPED})  # anybody can fill in a form with a customer's address
SKEW = timedelta(minutes=5)  # how far a touch may seem to come after its order


class Kind(StrEnum):
    """Kinds of evidence, in the usual order of rank."""

    STAFF = "staff"
    PARTNER_CODE = "partner_code"
    COUPON = "coupon"
    OWN = "own"  # the buyer is a partner, where own purchases earn cashback
    BINDING = "binding"
    CLICK = "click"
    REF = "ref"
    SITE = "site"
    ENTRY = "entry"


class Reason(StrEnum):
    """Why a claim won or lost; also why an order has no partner."""

    WON = "won"
    WEAKER = "weaker"
    NO_CLAIM = "no_claim"
    UNKNOWN = "unknown"  # nobody's code
    BOT = "bot"
    HIDDEN_FRAME = "hidden_frame"
    SELF_REFERRAL = "self_referral"
    BLOCKED = "blocked"
    INACTIVE = "inactive"  # not yet approved, rejected or removed
    AFTER_ORDER = "after_order"
    OUTSIDE_WINDOW = "outside_window"
    EXISTING_CUSTOMER = "existing_customer"
    FOREIGN = "foreign"  # another partner's code, where those are ignored
    CLICK_PRESENT = "click_present"  # a bare ref beside a click says nothing new
    CODE_RETIRED = "code_retired"  # switched off; a renamed code still counts
    CODE_EARLY = "code_early"
    CODE_EXPIRED = "code_expired"
    CODE_OTHER_SHOP = "code_other_shop"
    CODE_USED_UP = "code_used_up"


@dataclass(frozen=True, slots=True)
class Settings:
    """How a merchant attributes sales; the window is in days, its end included."""

    window_days: int = 90
    click: Literal["first", "last"] = "last"
    conflict: Literal["code", "link"] = "code"
    lifetime: bool = True
    existing: Literal["attract", "ignore"] = "attract"
    foreign_code: Literal["order", "rebind", "ignore"] = "order"


@dataclass(frozen=True, slots=True)
class Claim:
    """One piece of evidence for a partner; without a time of its own it counts as of the order.

    `position` is the place in the shop's list of coupons. `flaw` is a reason found outside, such
    as a click that turned out a bot's.
    """

    kind: Kind
    evidence: str
    partner_id: int | None
    touch_at: datetime | None = None
    position: int = 0
    flaw: Reason | None = None
    given: bool = False  # a coupon for a first order, which the customer was given


@dataclass(frozen=True, slots=True)
class Buyer:
    """Who bought: e-mail and phone normalised by the caller; None where not known."""

    member_id: int | None = None
    email: str | None = None
    phone: str | None = None
    registered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Binding:
    """The customer belongs to a partner since then; `order_id` None: by registration."""

    partner_id: int
    since: datetime
    how: str
    order_id: int | None = None


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What spoke for a partner when a contact registered or subscribed, before or beside any order.

    `since` is when it was told, `how` by what: "registered", "subscribed", "typed", "confirmed".
    `buyer` is the contact.
    """

    claim: Claim
    since: datetime
    how: str
    buyer: Buyer
    id: int = 0


@dataclass(frozen=True, slots=True)
class OrderClaims:
    """An order as attribution sees it; `external_id`, the shop's own, settles which of a moment is first."""

    order_id: int
    created_at: datetime
    buyer: Buyer
    claims: tuple[Claim, ...]
    external_id: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a claim."""

    claim: Claim
    reason: Reason

    @property
    def won(self) -> bool:
        """Whether the order is this claim's."""
        return self.reason is Reason.WON


@dataclass(frozen=True, slots=True)
class Verdict:
    """The decision on one order: the winning claim, or the reason why there is none."""

    order_id: int
    winner: Claim | None
    outcomes: tuple[Outcome, ...]
    reason: Reason


@dataclass(frozen=True, slots=True)
class Attribution:
    """Verdicts on a customer's orders by order id, the binding they end in, and what enrolments came to."""

    verdicts: Mapping[int, Verdict]
    binding: Binding | None
    enrolments: tuple[tuple[Enrolment, Reason], ...] = ()


class Standing(Protocol):
    """What attribution asks about partners and settings, as of an instant."""

    def status(self, partner_id: int, at: datetime) -> Status:
        """Return where the partner stood."""

    def identity(self, partner_id: int) -> Identity:
        """Return by what the partner is known as a buyer."""

    def own_partner(self, buyer: Buyer, at: datetime) -> int | None:
        """Return the active partner who the buyer is, where own purchases earned cashback."""

    def window_days(self, partner_id: int, at: datetime) -> int:
        """Return the window of the terms that the partner was on."""

    def settings(self, at: datetime) -> Settings:
        """Return how the merchant attributed."""
