"""The back office: all that changed how much customers have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import g, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.bonuses import queries
from app.bonuses.forms import KINDS, WHY
from app.bonuses.office.door import bp
from app.bonuses.queries import Told
from app.ledger.models import Transfer
from app.lists.queries import views
from app.members.models import Member
from app.members.queries import matching
from app.profiles.rules.triggers import TRIGGERS
from app.site.access import may, requires
from app.site.lists import by_shop
from app.web import lists
from app.web.pages import page
from app.web.ranges import Range
from app.web.tables import Column, Empty, Filter, Table

if TYPE_CHECKING:
    from flask import Response

UNTOLD = Told()


@dataclass(frozen=True)
class Row:
    """A line: the move, the customer (None on his own page), and what is known of the act."""

    move: Any
    told: Told
    member: Member | None = None
    undo: str | None = None  # the act's reference, where it may be taken back here
    undone: bool = False


def called(member: Member) -> str:
    """Return how a customer is called where there is no room for more."""
    return member.name or member.email or member.key.partition(":")[2]


def what(row: Row) -> str | None:
    """Say for what bonuses were accrued."""
    if row.move.kind == "bonus.grant" and row.told.why:
        return for_what(row.told.why, row.move.reference)
    return None


def for_what(kind: str, reference: str) -> str:
    """Say for what a lot was given; of a rule, for what happened: "For a published review"."""
    if kind != "profile":
        return str(WHY.get(kind, kind))
    event = reference.removeprefix("profile:").partition(":")[0]
    if event in TRIGGERS:
        phrase = str(_(TRIGGERS[event].phrase))
        return phrase[:1].upper() + phrase[1:]
    return str(WHY["order" if event == "order" else kind])


def why(row: Row) -> str | None:
    """Return the address that says which rule gave it, and why."""
    if row.move.kind != "bonus.grant" or row.told.why != "profile" or not may("read"):
        return None
    if row.told.number:
        return url_for("office.profiles.why", order=row.told.number)
    if row.move.reference.startswith("profile:order:"):
        return None
    return url_for("office.profiles.why_event", of=row.move.reference)


def order(row: Row) -> str | None:
    """Return the address of the order that it was for."""
    return (
        url_for("office.orders.show", deal=row.told.deal) if row.told.deal and may("read") else None
    )


def told(found: list[Any]) -> list[Row]:
    """Return lines with what is known of their acts."""
    known = queries.told_of(row.reference for row in found)
    return [
        Row(row, known.get(row.reference, UNTOLD), getattr(row, "Member", None)) for row in found
    ]


def _account(row: Row) -> str | None:
    return url_for("office.bonuses.account", member_id=row.member.id) if row.member else None


KIND = Column("kind", _l("What"), value=lambda row: KINDS[row.move.kind])
WHAT = Column("why", _l("For what"), value=what, href=why)
AMOUNT = Column(
    "amount", _l("Bonuses"), render="signed", end=True, value=lambda row: row.move.amount
)
REASON = Column("reason", _l("Reason"), render="name", value=lambda row: row.told.reason)
ORDER = Column("number", _l("Order"), render="name", value=lambda row: row.told.number, href=order)
LAPSES = Column("expires_at", _l("Lapse"), render="date", quiet=True,
                value=lambda row: row.told.expires_at)  # fmt: skip
MOVEMENTS = Table(
    name="bonus-transactions",
    listing="bonus-transactions",
    caption=_l("Bonus transactions"),
    key=Transfer.id,
    default="-at",
    columns=(
        Column("at", _l("When"), render="datetime", sort=Transfer.at, value=lambda row: row.move.at),
        Column("customer", _l("Customer"), render="name", main=True, href=_account,
               value=lambda row: row.member and called(row.member)),
        KIND,
        WHAT,
        AMOUNT,
        REASON,
        ORDER,
        LAPSES,
    ),
    filters=(
        Filter("kind", _l("What"), list(KINDS.items()), lambda s, v: s.where(Transfer.kind == v)),
    ),
    ranges=(
        Range("at", _l("When"), Transfer.at, "date"),
        Range("amount", _l("Bonuses"), Transfer.amount, "money"),
    ),
    search=matching,
    search_label=_l("Name, e-mail, phone or the shop's id"),
    empty=Empty(
        _l("No bonuses have moved yet"),
        _l("What is accrued, spent, given back, lapsed or taken back gets a line here."),
        icon="coin",
    ),
)  # fmt: skip


def _table() -> Table:
    return by_shop(MOVEMENTS, Member.shop_id)


lists.register(
    lists.Listing(
        "bonus-transactions",
        "office.bonuses.transactions",
        _table,
        queries.movements,
        told,
        needs="money.read",
    )
)


@bp.get("/transactions")
@requires("read")
def transactions() -> Response:
    """List what moved all customers' bonuses, the newest first."""
    view = _table().load(queries.movements())
    view.rows = told(view.rows)
    view.saved, view.shares = views("bonus-transactions", g.person.id), may("manage")
    lead = _("All that changed how much customers have. The lines sum to what there is.")
    return page("bonuses/office/transactions.html", "_table.html", listed=view, lead=lead)
