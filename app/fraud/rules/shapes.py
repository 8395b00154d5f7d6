"""What the desk looks at, and what it makes of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime


class Sign(StrEnum):
    """What may speak against a deal; the merchant switches each on."""

    EMAIL = "email"  # the buyer's mailbox is the partner's, written another way
    PHONE = "phone"  # the same telephone, written another way
    DETAILS = "details"  # the partner is paid where another partner is
    DEVICE = "device"  # the click came from a device on which the partner signs in
    FLOOD = "flood"  # very many clicks of the partner right before the order
    COUPON_SITE = "coupon_site"  # the buyer came from a site that lists coupons
    LOOP = "loop"  # the customer orders through the partner and cancels, again and again
    PAID_SEARCH = "paid_search"  # the visit was bought in a search engine
    SITE = "site"  # a verified site brings more than its daily share; told by others


class Word(StrEnum):
    """What staff say of a deal; the last word holds."""

    HOLD = "hold"
    RELEASE = "release"
    REFUSE = "refuse"
    NONE = "none"  # taken back: the signs speak again


class Standing(StrEnum):
    """How a deal stands with the desk."""

    CLEAR = "clear"
    HELD = "held"
    RELEASED = "released"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Policy:
    """Which signs hold a deal, as the merchant had set it when the order was made.

    `sites`: hosts that list coupons. `terms`: ids of the terms that forbid paid search; None: all.
    """

    on: frozenset[Sign] = frozenset()
    sites: tuple[str, ...] = ()
    terms: frozenset[int] | None = None
    flood_clicks: int = 30
    flood_minutes: int = 10
    loops: int = 2
    loop_days: int = 30
    site_share: int = 50  # per cent of a day's orders that one verified site may bring

    @property
    def watches(self) -> bool:
        """Whether anything must be looked up beside the order itself."""
        return bool(self.on & WATCHED)


WATCHED = frozenset(
    {Sign.DETAILS, Sign.DEVICE, Sign.FLOOD, Sign.COUPON_SITE, Sign.PAID_SEARCH, Sign.SITE}
)
FLOOD_RATIO = 5  # times the partner's usual number of clicks in as many minutes
OFF = Policy()


class Visit(NamedTuple):
    """A click that an order names, as its row told; all of it may be unknown."""

    partner_id: int
    device: str | None = None
    host: str | None = None  # of the page that led here
    source: str | None = None  # utm_source
    paid: str | None = None  # the mark of a bought visit


class Flood(NamedTuple):
    """Clicks of a partner in the minutes before an order, and in as many minutes of a usual day, times 100."""

    clicks: int
    usual: int


@dataclass(frozen=True, slots=True)
class Trace:
    """What was seen around an order, kept with it: it only grows, so that a replay finds it again.

    `visits` by the click's number, `floods` by partner, `devices`: since when the partner signs in on
    which; `paid_with`: since when which other partner gave the same payment details; `told`: what
    other parts of the product saw, by sign.
    """

    visits: Mapping[str, Visit] = field(default_factory=dict)
    floods: Mapping[int, Flood] = field(default_factory=dict)
    devices: Mapping[int, Mapping[str, datetime]] = field(default_factory=dict)
    paid_with: Mapping[int, Mapping[int, datetime]] = field(default_factory=dict)
    told: Mapping[Sign, Mapping[str, Any]] = field(default_factory=dict)


NOTHING = Trace()


class Decision(NamedTuple):
    """Staff's last word on a deal, with the words that the partner reads."""

    word: Word
    said: str = ""


class Found(NamedTuple):
    """A sign with what makes it one: plain JSON values for the explanation."""

    sign: Sign
    facts: Mapping[str, Any]


class Bought(NamedTuple):
    """Another order of the customer through the same partner that came to nothing, and when."""

    number: str
    ended_at: datetime


@dataclass(frozen=True, slots=True)
class Scene:
    """One deal as the signs look at it.

    E-mails are those known of the buyer and of the partner; phones as they were written. `free_at`:
    when the money would be free; None: not known yet. `addresses`: entry addresses that name the
    partner. `ended`: the customer's orders made before this one that were cancelled.
    """

    created_at: datetime
    free_at: datetime | None
    partner_id: int
    terms_id: int
    email: str | None = None
    phone: str | None = None
    partner_emails: frozenset[str] = frozenset()
    partner_phones: frozenset[str] = frozenset()
    addresses: tuple[str, ...] = ()
    ended: tuple[Bought, ...] = ()
    trace: Trace = NOTHING
    by_click: bool = True  # a link brought the order, and no code or binding

    def in_time(self, at: datetime) -> bool:
        """Whether what was seen then was seen before the money was free."""
        return self.free_at is None or at <= self.free_at


class Kept(NamedTuple):
    """An order's file as it is stored."""

    trace: Trace
    partner_id: int | None
    signs: Sequence[Any]  # [sign, facts] each
    standing: str
    opened_at: datetime | None


class Case(NamedTuple):
    """What is known of an order beside the order itself."""

    trace: Trace = NOTHING
    decision: Decision | None = None
    kept: Kept | None = None


NO_CASE = Case()


class Seen(NamedTuple):
    """What the desk makes of a deal: how it stands, the signs, and staff's word."""

    standing: Standing = Standing.CLEAR
    signs: tuple[Found, ...] = ()
    decision: Decision | None = None


UNSEEN = Seen()
