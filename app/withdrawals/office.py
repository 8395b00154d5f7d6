"""The back office: requests of partners to have bonuses as money."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, g, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from app import clock
from app.bonuses import queries as bonuses
from app.errors import DomainError, NotFound
from app.events.service import actor
from app.extensions import db
from app.lists.queries import views
from app.partners.models import Partner
from app.site.access import may, requires
from app.web import lists
from app.web.pages import page, see_address, see_other, toast
from app.web.ranges import Range
from app.web.states import STATES
from app.web.tables import Column, Empty, Filter, Table
from app.withdrawals import queries, service
from app.withdrawals.forms import RejectForm
from app.withdrawals.models import Withdrawal
from app.withdrawals.queries import SHOWN
from app.withdrawals.rules import SHOWN as STATES_SHOWN

if TYPE_CHECKING:
    from flask import Response
    from sqlalchemy import Select

bp = Blueprint("withdrawals", __name__, url_prefix="/withdrawals")

MOST = 100  # decided on by one press


def _search(statement: Select[Any], words: str) -> Select[Any]:
    text = words.casefold()
    return statement.where(
        Partner.search.contains(text, autoescape=True) | (Withdrawal.public_id == words)
    )


WITHDRAWALS = Table(
    name="withdrawals",
    listing="withdrawals",
    caption=_l("Withdrawals"),
    key=Withdrawal.id,
    default="-requested",
    columns=(
        Column("tick", _l("Choose"), render="tick", value=lambda row: row.Withdrawal.public_id, tool=True),
        Column("partner", _l("Partner"), render="name", main=True, sort=Partner.name,
               href=lambda row: url_for("office.withdrawals.show", public_id=row.Withdrawal.public_id)),
        Column("refcode", _l("Code"), render="code", quiet=True),
        Column("amount", _l("Bonuses"), render="money", sort=Withdrawal.amount, end=True,
               value=lambda row: row.Withdrawal.amount),
        Column("fee", _l("Fee"), render="money", end=True, quiet=True, value=lambda row: row.Withdrawal.fee),
        Column("method", _l("Method")),
        Column("state", _l("State"), render="badge", value=lambda row: row.shown),
        Column("requested", _l("Asked for"), render="datetime", sort=Withdrawal.requested_at,
               value=lambda row: row.Withdrawal.requested_at),
        Column("ripe", _l("Not before"), render="datetime", quiet=True, value=lambda row: row.Withdrawal.ripe_at),
        Column("reason", _l("Reason"), spare=True, value=lambda row: row.Withdrawal.reason),
    ),
    filters=(
        Filter("state", _l("State"), [(each, STATES[each][0]) for each in STATES_SHOWN],
               lambda s, v: s.where(SHOWN.in_([v]))),
    ),
    ranges=(
        Range("amount", _l("Bonuses"), Withdrawal.amount, "money"),
        Range("asked", _l("Asked for"), Withdrawal.requested_at, "date"),
    ),
    search=_search,
    search_label=_l("Partner or number"),
    empty=Empty(
        _l("Nobody has asked yet"),
        _l("Requests of partners to have their bonuses as money appear here."),
        icon="cash",
    ),
)  # fmt: skip
lists.register(
    lists.Listing(
        "withdrawals",
        "office.withdrawals.index",
        lambda: WITHDRAWALS,
        queries.lines,
        needs="money.read",
    )
)


@bp.get("/")
@requires("money.read")
def index() -> Response:
    """List the requests, with what waits on top."""
    waits, total = queries.waiting()
    view = WITHDRAWALS.load(queries.lines())
    view.saved, view.shares = views("withdrawals", g.person.id), may("manage")
    return page(
        "withdrawals/office/index.html",
        "_table.html",
        listed=view,
        waits=waits,
        total=total,
        may_decide=may("money"),
    )


@bp.post("/many/approve")
@requires("money")
def approve_many() -> Response:
    """Approve those ticked: those that can be, with a word on the others."""
    return _many("approve")


@bp.post("/many/reject")
@requires("money")
def reject_many() -> Response:
    """Refuse those ticked, saying why."""
    return _many("reject")


def _many(act: str) -> Response:
    ids = queries.named(request.form.getlist("withdrawal")[:MOST])
    back = f"{url_for('office.withdrawals.index')}?{request.form.get('query', '')[:2_000]}"
    reason = " ".join(request.form.get("reason", "").split())[:500].replace("\x00", "")
    problem = _("Choose a request first.") if not ids else ""
    if act == "reject" and not reason:
        problem = problem or _("Say why: the partner will read it.")
    if problem:
        toast(problem, "danger")
        return see_address(back)
    done, refused = _decide(ids, act, reason)
    if refused:
        toast(
            ngettext(
                "%(num)s request is left as it was: %(why)s",
                "%(num)s requests are left as they were: %(why)s",
                len(refused),
                why=" ".join(sorted(set(refused))),
            ),
            "danger",
        )
    return see_address(back, message=_("Decided: %(number)s.", number=done))


def _decide(ids: list[int], act: str, reason: str) -> tuple[int, list[str]]:
    done, refused = 0, []
    for each in ids:
        try:
            with db.session.begin_nested():
                if act == "approve":
                    service.approve(each, actor())
                else:
                    service.reject(each, reason, actor())
            done += 1
        except DomainError as error:
            refused.append(error.message)
    return done, refused


@bp.get("/<string:public_id>/")
@requires("money.read")
def show(public_id: str) -> Response:
    """Show one request, and what can be done now."""
    return _card(_line(public_id), RejectForm(formdata=None))


@bp.post("/<string:public_id>/approve")
@requires("money")
def approve(public_id: str) -> Response:
    """Approve: the bonuses become money, and a payout of it goes on at the payout desk."""
    service.approve(_line(public_id).Withdrawal.id, actor())
    return see_other(
        "office.withdrawals.show", public_id=public_id, message=_("Approved: it is a payout now.")
    )


@bp.post("/<string:public_id>/reject")
@requires("money")
def reject(public_id: str) -> Response:
    """Refuse, saying why; the bonuses are the partner's again."""
    row, form = _line(public_id), RejectForm()
    if not form.validate_on_submit():
        return _card(row, form, 422)
    service.reject(row.Withdrawal.id, form.reason.data, actor())
    return see_other(
        "office.withdrawals.show",
        public_id=public_id,
        message=_("Rejected; the bonuses are available to the partner again."),
    )


def _line(public_id: str) -> Any:
    found = queries.line(public_id) if "\x00" not in public_id else None
    if found is None:
        raise NotFound
    return found


def _card(row: Any, form: RejectForm, status: int = 200) -> Response:
    made = row.Withdrawal
    return page(
        "withdrawals/office/show.html",
        status=status,
        row=row,
        made=made,
        form=form,
        balance=bonuses.balance(made.member_id),
        open=made.state == "requested" and may("money"),
        ripe=clock.now() >= made.ripe_at,
    )
