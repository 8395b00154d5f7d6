"""The cabinet: the bonus account of a partner who is a customer too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, g
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.bonuses import queries
from app.bonuses.office import entries
from app.bonuses.office.accounts import MOVED
from app.earnings import queries as earnings
from app.extensions import db
from app.partners.models import Partner
from app.ranks import queries as ranks
from app.site.access import requires
from app.tenants import queries as tenants
from app.web.pages import page
from app.web.tables import Column, Empty, Table

if TYPE_CHECKING:
    from flask import Response

bp = Blueprint("bonuses", __name__, url_prefix="/bonuses")

STATEMENT = Table(
    name="bonus-statement",
    caption=_l("Statement"),
    key=MOVED,
    counted=False,
    default="-at",
    columns=(
        Column("at", _l("When"), render="datetime", main=True, sort=MOVED, value=lambda row: row.move.at),
        entries.KIND,
        entries.WHAT,
        entries.AMOUNT,
        Column("balance", _l("After it"), render="money", end=True, value=lambda row: row.move.balance),
        entries.REASON,
        Column("number", _l("Order"), render="name", value=lambda row: row.told.number),
        entries.LAPSES,
    ),
    empty=Empty(
        _l("Nothing has moved here yet"),
        _l("Buy in the shop: what you earn and spend in bonuses is listed here."),
        icon="coin",
    ),
)  # fmt: skip


@bp.get("/")
@requires("partner")
def index() -> Response:
    """Show what the partner has as a customer: to spend, waiting, reserved, owed, what lapses when; rank and awards."""
    member_id = _member()
    on = bool(tenants.setting("loyalty"))
    if member_id is None:
        return page("bonuses/cabinet/index.html", member=None, on=on)
    view = STATEMENT.load(queries.statement_of(member_id))
    view.rows = entries.told(view.rows)
    return page(
        "bonuses/cabinet/index.html",
        "_statement.html",
        member=member_id,
        on=on,
        balance=queries.balance(member_id),
        rank=ranks.rank_of(member_id),
        awards=ranks.borne(member_id),
        progress=ranks.progress(member_id),
        goals=earnings.goals(member_id, g.tenant.timezone),
        lots=queries.lots_of(member_id),
        most=queries.LOTS_SHOWN,
        statement=view,
        for_what=entries.for_what,
    )


def hidden() -> frozenset[str]:
    """Return the page's endpoint where it is nothing for this partner: no bonuses here, or no customer."""
    shown = tenants.setting("loyalty") and _member() is not None
    return frozenset() if shown else frozenset({"cabinet.bonuses.index"})


def _member() -> int | None:
    return db.session.scalar(select(Partner.member_id).where(Partner.id == g.partner_id))
