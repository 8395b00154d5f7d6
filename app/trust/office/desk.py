"""The fraud desk: what waits, with its evidence, and what staff say of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from app.commissions.models import Deal
from app.commissions.queries import deal_view, order_of_deal
from app.errors import DomainError, NotFound
from app.fraud.models import File
from app.fraud.rules import Standing, Word
from app.orders.models import Order
from app.orders.rules import folded_from_json
from app.partners.models import Partner
from app.partners.queries import actor_names
from app.site.access import requires
from app.trust import queries, service
from app.trust.forms import DecideForm
from app.trust.office.door import bp
from app.trust.office.words import MEANING, SIGNS, WORDS, evidence
from app.web.forms import storable
from app.web.pages import page, see_other
from app.web.tables import Column, Empty, Filter, Table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flask import Response

STANDINGS = [("released", _l("Released")), ("refused", _l("Refused"))]
CHOICES = ("release", "refuse", "hold")


def _address(row: Any) -> str:
    return url_for("office.trust.case", deal=row.deal)


def _signs(row: Any) -> str:
    names = ", ".join(str(SIGNS[sign]) for sign, _facts in row.signs)
    return names or str(_("Held by hand"))


# fmt: off
COLUMNS = (
    Column("number", _l("Order"), main=True, href=_address),
    Column("opened_at", _l("Held since"), render="datetime", sort=File.opened_at),
    Column("partner", _l("Partner"), render="name", sort=Partner.name),
    Column("signs", _l("Signs"), value=_signs),
    Column("state", _l("Order's state"), render="badge", quiet=True),
    Column("commission", _l("Commission"), render="money", sort=Deal.commission, end=True),
)
TICK = Column("tick", _l("Choose"), render="tick", value=lambda row: row.deal)
BY_SIGN = Filter("sign", _l("Sign"), list(SIGNS.items()),
                 lambda s, v: s.where(File.kinds.contains(f" {v} ", autoescape=True)))
BY_STANDING = Filter("standing", _l("Decision"), STANDINGS, lambda s, v: s.where(File.standing == v))
# fmt: on


def _table(*, waiting: bool) -> Table:
    own = (
        (TICK, *COLUMNS)
        if waiting
        else (*COLUMNS, Column("standing", _l("Decision"), render="badge"))
    )
    return Table(
        name="desk",
        caption=_l("Fraud desk"),
        key=Order.id,
        default="-opened_at",
        columns=own,
        filters=(BY_SIGN,) if waiting else (BY_STANDING, BY_SIGN),
        search=lambda s, words: s.where(
            Order.search.contains(words.casefold(), autoescape=True)
            | Partner.search.contains(words.casefold(), autoescape=True)
        ),
        search_label=_l("Order, customer or partner"),
        empty=Empty(
            _l("Nothing waits") if waiting else _l("Nothing was decided yet"),
            _l("Deals that show a sign which you have switched on wait here for your word."),
            icon="shield-check",
            endpoint="office.trust.policy",
            act=_l("Choose the signs"),
        ),
    )


@bp.get("/")
@requires("read")
def index() -> Response:
    """List the deals that wait for a decision."""
    return _index(DecideForm(formdata=None))


@bp.get("/decided")
@requires("read")
def decided() -> Response:
    """List the deals that were released or refused."""
    found = _table(waiting=False).load(queries.cases(waiting=False))
    return page("trust/office/decided.html", "_table.html", desk=found, held=queries.held())


@bp.post("/decide")
@requires("manage")
def decide() -> Response:
    """Hold, release or refuse the deals that were ticked."""
    form, word = DecideForm(), request.form.get("word", "")
    chosen = queries.order_ids(filter(storable, request.form.getlist("deal")))
    if word not in CHOICES:
        raise NotFound
    if not form.validate_on_submit():
        return _index(form, 422)
    try:
        act, many = service.decide(Word(word), sorted(chosen.values()), form.said.data or "")
    except DomainError as error:
        form.complain(error.errors[0].field if error.errors else "", error.message)
        return _index(form, 422)
    undo = url_for("office.trust.undo", act=act) if many else None
    here = request.form.get("here", "")
    if here in chosen:
        return see_other("office.trust.case", deal=here, message=_told(word, many), undo=undo)
    return see_other("office.trust.index", message=_told(word, many), undo=undo)


@bp.post("/acts/<string:act>/undo")
@requires("manage")
def undo(act: str) -> Response:
    """Let what held before a decision hold again."""
    many = service.undo(act)
    words = ngettext("Taken back for %(num)s deal.", "Taken back for %(num)s deals.", many)
    return see_other("office.trust.index", message=words)


@bp.get("/deals/<string:deal>")
@requires("read")
def case(deal: str) -> Response:
    """Show one deal with all that speaks for and against it."""
    order = order_of_deal(deal)
    view = deal_view(order.id) if order else None
    if order is None or view is None or view.partner is None:
        raise NotFound
    file, acts = queries.case(order.id), queries.acts(order.id)
    return page(
        "trust/office/case.html",
        order=order,
        said=folded_from_json(order.folded).snapshot,
        view=view,
        standing=file.standing if file else Standing.CLEAR.value,
        seen=evidence(file.signs) if file else [],
        companions=queries.companions(order.id),
        acts=acts,
        names=actor_names(act.actor for act in acts),
        words=WORDS,
        form=DecideForm(formdata=None),
    )


def _index(form: DecideForm, status: int = 200) -> Response:
    found = _table(waiting=True).load(queries.cases(waiting=True))
    judged = queries.statistics()
    return page(
        "trust/office/index.html",
        "_table.html",
        status=status,
        desk=found,
        form=form,
        held=queries.held(),
        judged=_sorted(judged.values()),
        signs=SIGNS,
        meaning=MEANING,
    )


def _sorted(judged: Iterable[queries.Judged]) -> list[queries.Judged]:
    return sorted(judged, key=lambda each: -(each.held + each.released + each.refused))


def _told(word: str, many: int) -> str:
    if word == "release":
        return str(ngettext("%(num)s deal is released.", "%(num)s deals are released.", many))
    if word == "refuse":
        return str(ngettext("%(num)s deal is refused.", "%(num)s deals are refused.", many))
    return str(ngettext("%(num)s deal is held.", "%(num)s deals are held.", many))
