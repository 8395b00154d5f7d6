"""The cabinet: turn earned money into bonuses, and bonuses into money."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, g
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.bonuses import queries as bonuses
from app.conversions import queries, rules, service
from app.conversions.forms import TurnForm
from app.conversions.models import Conversion
from app.conversions.rules import Way
from app.errors import DomainError, NotFound
from app.money import Money
from app.partners import queries as partners
from app.site.access import requires
from app.tenancy import public_id
from app.tenants.queries import setting
from app.web.filters import money_text
from app.web.pages import page, see_other
from app.web.tables import Column, Empty, Filter, Table

if TYPE_CHECKING:
    from flask import Response

    from app.partners.models import Partner

bp = Blueprint("conversions", __name__, url_prefix="/bonuses/turn")

WAYS = {
    Way.TO_BONUSES.value: _l("Money into bonuses"),
    Way.TO_MONEY.value: _l("Bonuses into money"),
}
TURNS = Table(
    name="turns",
    caption=_l("What was turned"),
    key=Conversion.id,
    counted=False,
    default="-at",
    columns=(
        Column("at", _l("When"), render="datetime", main=True, sort=Conversion.at,
               value=lambda row: row.Conversion.at),
        Column("way", _l("What"), value=lambda row: WAYS[row.Conversion.way]),
        Column("money", _l("Money"), render="money", end=True, sort=Conversion.money,
               value=lambda row: row.Conversion.money),
        Column("bonuses", _l("Bonuses"), render="money", end=True, sort=Conversion.bonuses,
               value=lambda row: row.Conversion.bonuses),
        Column("left", _l("Left of them"), render="money", end=True, quiet=True,
               value=lambda row: row.left),
        Column("expires_at", _l("Lapse"), render="date", quiet=True, value=lambda row: row.expires_at),
    ),
    filters=(
        Filter("way", _l("What"), list(WAYS.items()), lambda s, v: s.where(Conversion.way == v)),
    ),
    empty=Empty(
        _l("Nothing was turned yet"),
        _l("Each time money becomes bonuses, or bonuses become money, it is listed here."),
        icon="coins",
    ),
)  # fmt: skip


@bp.get("/")
@requires("partner")
def index() -> Response:
    """Show both purses, and what can be turned."""
    return _page(_me(), open_=_is_open())


@bp.post("/<any(to_bonuses, to_money):way>")
@requires("partner")
def turn(way: str) -> Response:
    """Turn money into bonuses, or bonuses into money."""
    me, form = _me(), TurnForm(prefix=way)
    if not _is_open():
        raise NotFound
    if not form.validate_on_submit():
        return _page(me, {Way(way): form}, status=422)
    verb = service.convert if way == Way.TO_BONUSES else service.withdraw
    try:
        made = verb(me, form.amount.data.minor, f"form:{me.id}:{form.key.data}")
    except DomainError as error:
        form.complain("amount", error.message)
        return _page(me, {Way(way): form}, status=error.status)
    if way == Way.TO_BONUSES:
        words = _("Bonuses added: %(sum)s.", sum=money_text(made.bonuses))
    else:
        words = _("You can ask for %(sum)s more now.", sum=money_text(made.money))
    return see_other("cabinet.conversions.index", message=words)


def _me() -> Partner:
    me = partners.by_id(g.partner_id)
    if me is None:
        raise NotFound
    return me


def _is_open() -> bool:
    return bool(setting("loyalty"))


def _page(
    me: Partner,
    forms: dict[Way, TurnForm] | None = None,
    status: int = 200,
    *,
    open_: bool = True,
) -> Response:
    program, purse = bonuses.program(), queries.purse(me)
    shown = {}
    for way in sorted(rules.allowed(program)) if open_ and purse.linked else ():
        blank = TurnForm(formdata=None, prefix=way.value)
        blank.key.data = public_id("cv")
        has = purse.money if way is Way.TO_BONUSES else purse.bonuses
        if has > 0:
            blank.amount.data = Money(has, queries.currency())
        shown[way.value] = (forms or {}).get(way, blank)
    return page(
        "conversions/cabinet/index.html",
        "_turns.html",
        status=status,
        purse=purse,
        program=program,
        forms=shown,
        turns=TURNS.load(queries.turns(me.id)),
    )
