"""The cabinet: turn earned money into bonuses; the way back is asked for under withdrawals."""

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


@bp.post("/to_bonuses")
@requires("partner")
def turn() -> Response:
    """Turn money into bonuses."""
    me, form = _me(), TurnForm(prefix=Way.TO_BONUSES.value)
    if not _is_open():
        raise NotFound
    if not form.validate_on_submit():
        return _page(me, form, status=422)
    try:
        made = service.convert(me, form.amount.data.minor, f"form:{me.id}:{form.key.data}")
    except DomainError as error:
        form.complain("amount", error.message)
        return _page(me, form, status=error.status)
    words = _("Bonuses added: %(sum)s.", sum=money_text(made.bonuses))
    return see_other("cabinet.conversions.index", message=words)


def _me() -> Partner:
    me = partners.by_id(g.partner_id)
    if me is None:
        raise NotFound
    return me


def _is_open() -> bool:
    return bool(setting("loyalty"))


def _page(
    me: Partner, form: TurnForm | None = None, status: int = 200, *, open_: bool = True
) -> Response:
    program, purse = bonuses.program(), queries.purse(me)
    ways = rules.allowed(program) if open_ and purse.linked else frozenset()
    if form is None:
        form = TurnForm(formdata=None, prefix=Way.TO_BONUSES.value)
        form.key.data = public_id("cv")
    return page(
        "conversions/cabinet/index.html",
        "_turns.html",
        status=status,
        purse=purse,
        program=program,
        form=form,
        ways={way.value for way in ways},
        turns=TURNS.load(queries.turns(me.id)),
    )
