"""The cashier's page: find the customer, take the sum, earn or spend, and cancel what was wrong."""

from __future__ import annotations

from datetime import datetime, time
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from flask import Response, g, request, session, url_for
from flask_babel import gettext as _

from app import clock
from app.bonuses.office.entries import called
from app.errors import DomainError, NotFound
from app.members import queries as members
from app.members.rules import region_of
from app.network.rules import masked
from app.site.access import may, requires
from app.tenancy import public_id
from app.tenants import queries as tenants
from app.tills import queries, service
from app.tills.forms import SaleForm
from app.tills.office.door import bp
from app.tills.rules import Sale, Way, number_of
from app.web.pages import page, see_other

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.members.models import Member
    from app.tills.models import Till, TillReceipt

LONGEST_SEARCH = 100
MOST_FOUND = 20  # customers that a browser keeps as found


@bp.get("/")
@requires("till")
def index() -> Response:
    """Show the till: who stands before it, the sale, and what was sold today."""
    till = _till()
    if till is None:
        return _choose()
    text = request.args.get("who", "").replace("\x00", "")[:LONGEST_SEARCH]
    found = queries.found(till.shop_id, text, region_of(g.tenant.currency)) if text else []
    wanted = request.args.get("at", "")
    _remember(found)
    chosen = next((each for each in found if str(each.id) == wanted), None)
    chosen = found[0] if len(found) == 1 else chosen
    form = _sale_form(chosen, empty=True)
    return _desk(till, form, chosen, text=text, found=found)


@bp.post("/choose")
@requires("till")
def choose() -> Response:
    """Stand at a till, or at another one."""
    wanted = request.form.get("till", "")
    till = (
        queries.by_id(int(wanted))
        if wanted.isascii() and wanted.isdecimal() and len(wanted) < 18
        else None
    )
    if till is None or till.retired_at is not None:
        session.pop(_name(), None)
    else:
        session[_name()] = till.id
    return see_other("office.tills.index")


@bp.post("/sale")
@requires("till")
def sale() -> Response:
    """Reckon a sale, or take it."""
    till = _till()
    if till is None:
        return see_other("office.tills.index")
    form, member = SaleForm(), None
    if form.member.data:
        member = _member(till, form.member.data)
    if not form.validate_on_submit():
        return _desk(till, form, member, status=422)
    said = _said(form, member)
    try:
        if request.form.get("act") == "reckon":
            return _desk(till, form, member, quote=service.reckon(g.tenant, till, said))
        row = service.take(g.tenant, till, said)
    except DomainError as error:
        _tell(form, error)
        return _desk(till, form, member, status=error.status)
    return see_other("office.tills.receipt", receipt=row.receipt)


@bp.get("/receipts/<string:receipt>")
@requires("till")
def receipt(receipt: str) -> Response:
    """Show what came of a receipt: what to take in money, and what the customer has now."""
    row = _receipt(receipt)
    member = members.by_id(row.member_id) if row.member_id else None
    return page(
        "tills/office/receipt.html",
        row=row,
        number=number_of(row.receipt),
        till=queries.by_id(row.till_id),
        member=member,
        name=_shown(member),
        balance=service.balance(member.id) if member else None,
    )


@bp.post("/receipts/<string:receipt>/cancel")
@requires("till")
def cancel(receipt: str) -> Response:
    """Cancel a receipt of today; an older one is the managers' to cancel."""
    row = _receipt(receipt)
    if row.made_at < _midnight() and not may("manage"):
        raise NotFound
    service.cancel(g.tenant, row)
    return see_other("office.tills.receipt", receipt=row.receipt, message=_("Cancelled."))


def _tell(form: SaleForm, error: DomainError) -> None:
    """Put what the order's rules refuse at the till's own fields."""
    for each in error.errors:
        form.complain({"bonus.spend": "spend"}.get(each.field, each.field), each.message)
    if not error.errors:
        form.tell(error)


def _name() -> str:
    return f"till:{g.tenant.id}"


def _till() -> Till | None:
    """Return the till that this browser stands at; where there is one alone, it is that."""
    known = session.get(_name())
    till = queries.by_id(known) if isinstance(known, int) else None
    if till is not None and till.retired_at is None:
        return till
    tills = queries.tills()
    return tills[0] if len(tills) == 1 else None


def _choose() -> Response:
    return page("tills/office/choose.html", tills=queries.tills())


def _sale_form(member: Member | None, *, empty: bool = False) -> SaleForm:
    data = {"receipt": public_id("rc"), "member": str(member.id) if member else ""}
    return SaleForm(formdata=None, data=data) if empty else SaleForm()


def _remember(found: Sequence[Member]) -> None:
    """Keep whom this browser found: a sale is for one of them, and not for whoever's id is guessed."""
    ids = [each.id for each in found]
    if ids:
        before = [each for each in _found_before() if each not in ids]
        session[f"found:{g.tenant.id}"] = [*ids, *before][:MOST_FOUND]


def _found_before() -> list[int]:
    known = session.get(f"found:{g.tenant.id}")
    return known if isinstance(known, list) else []


def _member(till: Till, text: str) -> Member | None:
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 18 else 0
    found = members.by_id(number) if number in _found_before() or may("read") else None
    if found is None or found.shop_id != till.shop_id or not found.key.startswith("id:"):
        raise NotFound
    return found


def _said(form: SaleForm, member: Member | None) -> Sale:
    way = Way(form.way.data)
    return Sale(
        receipt=form.receipt.data,
        amount=form.amount.data.minor,
        way=way,
        spend=form.spend.data.minor if form.spend.data and way is Way.SPEND else None,
        customer=member.key.removeprefix("id:") if member else None,
        code=(form.code.data or "").strip() or None,
    )


def _receipt(name: str) -> TillReceipt:
    row = queries.receipt(name)
    if row is None:
        raise NotFound
    return row


def _midnight() -> datetime:
    zone = ZoneInfo(g.tenant.timezone)
    return datetime.combine(clock.today(g.tenant.timezone), time(), tzinfo=zone)


def _shown(member: Member | None) -> str:
    """Return a customer's name for a cashier: whole for who may read customers, else masked."""
    if member is None:
        return ""
    return called(member) if may("read") else masked(member.name or called(member))


def _desk(
    till: Till,
    form: SaleForm,
    member: Member | None,
    *,
    status: int = 200,
    text: str = "",
    **more: Any,
) -> Response:
    today = _midnight()
    found, older = queries.since(till.id, today, request.args.get("before", type=int))
    rows = [
        (row.TillReceipt, number_of(row.TillReceipt.receipt), _shown(row.Member)) for row in found
    ]
    return page(
        "tills/office/index.html",
        status=status,
        till=till,
        several=len(queries.tills()) > 1,
        form=form,
        member=member,
        name=_shown(member),
        balance=service.balance(member.id) if member else None,
        on=bool(tenants.setting("loyalty")),
        text=text,
        rows=rows,
        older=older,
        totals=queries.totals(till.id, today),
        people=[
            (_shown(each), url_for("office.tills.index", who=text, at=each.id))
            for each in more.pop("found", [])
        ],
        quote=more.get("quote"),
    )
