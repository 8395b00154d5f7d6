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

    from flask_babel.speaklater import LazyString

    from app.carts.rules import Seen
    from app.orders.rules import Snapshot

FETCHED = "order.fetched"  # the topic of an order that we asked for, with all that belongs to it
LISTED = "order.listed"  # of one that a sweep listed: whole but for the lines of its refunds
QUERY = ":query"  # among a delivery's headers: the query of the address that was called

# What a kind of shop can do beside telling us of orders.
SCREEN = "screen"  # its own screen sends us keys
HOOKS = "hooks"  # it calls us, by hooks that we make
COUPONS = "coupons"
GROUPS = "groups"
CARD = "card"
HISTORY = "history"
THANKS = "thanks"  # the page that thanks for an order carries what proves whose it is


@dataclass(frozen=True)
class Written:
    """What stands on the order's card in the shop where staff may type: empty fields are None."""

    promo_code: str | None = None
    refcode: str | None = None
    terms: str | None = None


@dataclass(frozen=True)
class OrderSaid:
    """The shop describes an order as it stands; `whole`: it lacks nothing that we could ask for.

    `undated`: the shop says no time, and the order was made when it came.
    """

    external_id: str
    snapshot: Snapshot
    card: Written = Written()
    whole: bool = True
    undated: bool = False
    # What coupons took off; None: the lines are what is paid, and no more is known.
    seen: Seen | None = None


@dataclass(frozen=True)
class OrderGone:
    """The shop deleted an order."""

    external_id: str


@dataclass(frozen=True)
class OrderTouched:
    """An order may have changed, or be gone; how it stands is to be asked."""

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
class Person:
    """A customer as the shop knows him; times with an offset, a birthday as an ISO date."""

    external_id: str
    email: str | None = None
    phone: str | None = None
    name: str | None = None
    group: str | None = None
    birthday: str | None = None
    registered_at: datetime | None = None


@dataclass(frozen=True)
class Review:
    """A review that the shop shows, by a customer whom it names by his id or his e-mail."""

    external_id: str
    at: datetime
    member: str | None = None
    email: str | None = None
    product: str | None = None
    rating: int | None = None
    length: int | None = None  # of its text, in characters
    verified: bool | None = None  # the shop knows that its author bought it


@dataclass(frozen=True)
class PersonSaid:
    """The shop describes a customer."""

    person: Person


@dataclass(frozen=True)
class Nothing:
    """A delivery about what we do not follow."""


Said = OrderSaid | OrderGone | OrderTouched | ProductSaid | PersonSaid | Nothing


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
    key: str = field(repr=False)  # of some kinds it is all that opens the shop
    secret: str = field(repr=False)
    hook: str = ""
    hook_secret: str = field(default="", repr=False)
    currency: str = ""
    pulls: frozenset[str] = frozenset()  # what the merchant wants beside orders
    zone: str = "UTC"  # in which the shop counts its days, by its IANA name
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
class Pulled:
    """A page of what a shop has beside orders; `cursor` goes on behind it, `more` says if there is any.

    Behind the last one, `cursor` is where to look for what is new.
    """

    cursor: Mapping[str, Any]
    more: bool
    products: Sequence[Product] = ()
    categories: Sequence[Category] = ()
    people: Sequence[Person] = ()
    reviews: Sequence[Review] = ()
    total: int | None = None  # of which this is a page, where the shop says it


class Pull(Protocol):
    """How a kind of shop shows its goods, customers or reviews; an empty cursor begins at the beginning."""

    def __call__(self, access: Access, cursor: Mapping[str, Any]) -> Pulled:
        """Return the page behind a cursor. Raises ShopError."""


GOODS, PEOPLE, REVIEWS = "goods", "people", "reviews"


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


class Listener(Protocol):
    """What every kind of shop has; a new kind is one file with these and its tests, and a line in `registry`.

    Names of headers are given in small letters.
    """

    kind: str
    title: str  # as people know it
    words: Mapping[str, str]  # the shop's words for order states, as the kind has them
    asks: tuple[
        str, ...
    ]  # what is pasted to connect, of: address, key, secret; none: it only calls us
    # Words to people by name: of what is asked ("key", and its label as "key.label"), of how the hook is made
    # ("hook"), and of a trouble where this kind has better ones.
    hints: Mapping[str, LazyString]
    offers: frozenset[str]

    def is_ping(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Return True for the unsigned trial call that a shop makes when a hook is set up."""

    def verify(self, headers: Mapping[str, str], body: bytes, secret: str) -> bool:
        """Return True when the signature over the raw body holds."""

    def topic(self, headers: Mapping[str, str]) -> str:
        """Return what the delivery says it is about."""

    def parse(self, topic: str, body: bytes, currency: str) -> Said:
        """Read a proven delivery, sums in minor units of the merchant's currency; raises Unreadable."""


class Connector(Listener, Protocol):
    """A kind of shop that we can call.

    Everything with an Access calls the shop: outside any transaction, and raises ShopError. What a kind
    does not offer it takes from `lacking`.
    """

    streams: tuple[str, ...]  # of changed orders; each has a cursor of its own
    pulls: Mapping[str, Pull]  # by GOODS, PEOPLE, REVIEWS

    def read_address(self, text: str, key: str, secret: str) -> tuple[str, str, str]:
        """Return address, key and secret out of what was pasted; the address has a scheme."""

    def beginning(self, at: datetime, zone: str) -> dict[str, dict[str, Any]]:
        """Return the cursors of the streams from an instant on.

        Its "since" is a time without an offset, of the shop's zone where it counts so, of UTC else; a
        sweep moves it back by an overlap, but where its "page" is above 1.
        """

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

    def proved(self, access: Access, external_id: str, key: str) -> bool:
        """Tell whether a visitor who shows this key is the one who made an order."""

    def read_card(self, access: Access, external_id: str) -> Card | None:
        """Return the partner fields of an order; None: the shop has it no more."""

    def write_card(self, access: Access, external_id: str, fields: Mapping[str, str]) -> Card:
        """Write these partner fields in one call; return them as the shop then has them."""

    def write_member_group(self, access: Access, who: Mapping[str, str | None], group: str) -> bool:
        """Put a customer (id, else e-mail) into a group; False: the shop does not know him."""

    def put_coupon(self, access: Access, wanted: CouponWanted) -> bool:
        """Have the shop take a coupon; False: it has one of this code already, which stays as it is."""

    def stop_coupon(self, access: Access, code: str) -> bool:
        """Let a coupon that we made be taken no more; False: there is none of ours."""

    def drop_coupon(self, access: Access, code: str) -> bool:
        """Delete a coupon that we made and nobody used; False: there is none of ours."""

    def ensure_setup(self, access: Access) -> SetUp:
        """See that the shop calls us, and has what we write into: each once, and switched on."""

    def take_down(self, access: Access) -> None:
        """Remove the hooks that call us."""

    def health(self, access: Access) -> Mapping[str, Any]:
        """Look whether the keys are good for what we do; return what to keep of the shop.

        Of: currency, version, zone, and statuses: [{"word", "name", "state"}], states as proposals.
        """
