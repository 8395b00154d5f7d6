"""Connectors: each kind of shop is one file that proves, reads, asks and tells that kind.

A notification never counts for what it says happened; it says "order N may have changed". What the shop
shows of the order then, whole, is kept in the inbox and folded into what we hold.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, timedelta

    from app.carts.rules import Seen
    from app.orders.rules import Snapshot

FETCHED = "order.fetched"  # the topic of an order that we asked for, with all that belongs to it
LISTED = "order.listed"  # of one that a sweep listed: whole but for the lines of its refunds


@dataclass(frozen=True)
class Written:
    """What stands on the order's card in the shop where staff may type: empty fields are None."""

    promo_code: str | None = None
    refcode: str | None = None
    terms: str | None = None


@dataclass(frozen=True)
class OrderSaid:
    """The shop describes an order as it stands; `whole`: it lacks nothing that we could ask for."""

    external_id: str
    snapshot: Snapshot
    card: Written = Written()
    whole: bool = True
    seen: Seen | None = None  # what coupons took off; None: what the lines name as their discount


@dataclass(frozen=True)
class OrderGone:
    """The shop deleted an order."""

    external_id: str


@dataclass(frozen=True)
class Product:
    """What the shop's catalogue says of a product; a category by its id, with those above it."""

    external_id: str
    name: str
    price: int | None = None
    url: str | None = None
    promo: bool = False
    shown: bool = True
    categories: tuple[str, ...] = ()


@dataclass(frozen=True)
class Category:
    """A category of the shop; `parent` is another's id."""

    external_id: str
    name: str
    parent: str | None = None


@dataclass(frozen=True)
class ProductSaid:
    """The shop describes a product, and names its categories; of what lies above them it says nothing."""

    product: Product
    categories: tuple[Category, ...] = ()


@dataclass(frozen=True)
class Nothing:
    """A delivery about what we do not follow."""


Said = OrderSaid | OrderGone | ProductSaid | Nothing


class Unreadable(ValueError):
    """A proven delivery that cannot be read; it is parked and shown to the merchant.

    `external_id`: which order it is about, if that much can be read.
    """

    def __init__(self, message: str, external_id: str | None = None) -> None:
        super().__init__(message)
        self.external_id = external_id


class ShopError(Exception):
    """A call to a shop that brought nothing. `code` is one of PROBLEMS in `troubles`.

    `later`: another try may do; `wait`: what the shop asked for; `detail`: for the log, never secret.
    """

    def __init__(
        self, code: str, detail: str = "", *, later: bool = False, wait: timedelta | None = None
    ) -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code, self.detail, self.later, self.wait = code, detail, later, wait


@dataclass(frozen=True)
class Access:
    """A shop that can be called: its address and keys, and where and with what secret it calls us."""

    address: str
    key: str
    secret: str = field(repr=False)
    hook: str = ""
    hook_secret: str = field(default="", repr=False)
    currency: str = ""
    seconds: float | None = (
        None  # that a call may take while somebody waits; None: as long as is usual
    )


@dataclass(frozen=True)
class Fetched:
    """An order as the shop shows it now; `body` goes into the inbox under `topic`."""

    external_id: str
    body: bytes
    topic: str
    changed_at: datetime
    created_at: datetime
    fingerprint: tuple[Any, ...]  # equal for what would book the same
    products: tuple[str, ...] = ()
    refunded: bool = False


@dataclass(frozen=True)
class Page:
    """Orders that changed, oldest first; `cursor` goes on behind them, and `more` says if there are any."""

    orders: Sequence[Fetched]
    cursor: Mapping[str, Any]
    more: bool
    total: int = 0


@dataclass(frozen=True)
class Card:
    """The partner fields on an order's card, as the shop has them, by our names of them."""

    fields: Mapping[str, str]
    at: datetime  # when the order changed last, by the shop's clock


@dataclass(frozen=True)
class CouponWanted:
    """A coupon as the shop is to have it: worth percents, or a sum as a decimal string, or nothing."""

    code: str
    percent: str | None = None
    amount: str | None = None
    uses: int | None = None
    ends: datetime | None = None
    email: str | None = None
    customer: str | None = None  # the shop's id of who alone may use it, where the shop can tell
    minimum: str | None = None  # what the goods must be worth, a decimal string
    alone: bool = False  # no other coupon beside it


@dataclass(frozen=True)
class SetUp:
    """What setting up did to the shop's hooks."""

    made: int = 0
    mended: int = 0  # the shop had switched them off, or they led elsewhere
    removed: int = 0  # doubles


class Connector(Protocol):
    """What every kind of shop offers; a new kind is one file with these and its tests.

    Names of headers are given in small letters. Everything with an Access calls the shop: outside any
    transaction, and raises ShopError.
    """

    kind: str
    words: Mapping[str, str]  # the shop's words for order states, as the kind has them

    def is_ping(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Return True for the unsigned trial call that a shop makes when a hook is set up."""

    def verify(self, headers: Mapping[str, str], body: bytes, secret: str) -> bool:
        """Return True when the signature over the raw body holds."""

    def topic(self, headers: Mapping[str, str]) -> str:
        """Return what the delivery says it is about."""

    def parse(self, topic: str, body: bytes, currency: str) -> Said:
        """Read a proven delivery, sums in minor units of the merchant's currency; raises Unreadable."""

    def fetch(self, access: Access, external_id: str) -> Fetched | None:
        """Return an order with its refunds by line; None: the shop has it no more."""

    def changed_since(self, access: Access, cursor: Mapping[str, Any]) -> Page:
        """Return orders that changed since a cursor, trashed ones among them where the cursor says so."""

    def existing(self, access: Access, external_ids: Sequence[str]) -> set[str]:
        """Return which of these orders the shop still lists."""

    def history(self, access: Access, since: datetime, offset: int) -> Page:
        """Return orders made since an instant, by when they were made, from the one at `offset` on."""

    def products(
        self, access: Access, external_ids: Sequence[str]
    ) -> tuple[Sequence[Product], Sequence[Category]]:
        """Return products, and the categories that they and others above them lie in."""

    def read_card(self, access: Access, external_id: str) -> Card | None:
        """Return the partner fields of an order; None: the shop has it no more."""

    def write_card(self, access: Access, external_id: str, fields: Mapping[str, str]) -> Card:
        """Write these partner fields in one call; return them as the shop then has them."""

    def write_member_group(self, access: Access, who: Mapping[str, str | None], group: str) -> bool:
        """Put a customer (id, else e-mail) into a group; False: the shop does not know him."""

    def put_coupon(self, access: Access, wanted: CouponWanted) -> bool:
        """Have the shop take a coupon; False: it has one of this code already, which stays as it is."""

    def drop_coupon(self, access: Access, code: str) -> bool:
        """Delete a coupon that we made and nobody used; False: there is none of ours."""

    def stop_coupon(self, access: Access, code: str) -> bool:
        """Let a coupon that we made be taken no more; False: there is none of ours."""

    def ensure_setup(self, access: Access) -> SetUp:
        """See that the shop calls us: every hook once, and switched on."""

    def health(self, access: Access) -> Mapping[str, Any]:
        """Look whether the keys are good for what we do; return what to show of the shop."""
