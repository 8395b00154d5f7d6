"""The cabinet: ask for a payout, see what became of it, and say where the money goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, g, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app import clock
from app.errors import DomainError, NotFound
from app.ledger.queries import PartnerBalance, partner_balances
from app.money import Money
from app.papers import service as papers
from app.papers.queries import wants_receipt
from app.partners import queries as partners
from app.payouts import queries, rules, service
from app.payouts.forms import STEPS, RequestForm
from app.payouts.models import Payout
from app.payouts.rules import Standing, State
from app.requisites.forms import FORMS, WAY_FIELDS, filled
from app.requisites.rules import WAYS, Card, Details, Kind, Payee
from app.settlement import queries as settlement
from app.settlement.forms import OWN_OUTS as OUTS
from app.settlement.forms import OWN_WAITS as WAITS
from app.site.access import requires
from app.site.people import freshly
from app.web.pages import page, see_other
from app.web.states import STATES
from app.web.tables import Column, Empty, Filter, Table

if TYPE_CHECKING:
    from flask import Response

    from app.partners.models import Partner
    from app.payouts.models import PayoutMethod
    from app.requisites.forms import PayeeForm
    from app.requisites.rules import Way

bp = Blueprint("payouts", __name__, url_prefix="/payouts")

HISTORY = Table(
    name="payouts",
    caption=_l("History of payouts"),
    key=Payout.id,
    default="-requested",
    columns=(
        Column(
            "requested", _l("Asked for"), render="datetime", main=True, sort=Payout.requested_at,
            value=lambda row: row.Payout.requested_at,
            href=lambda row: url_for("cabinet.payouts.show", public_id=row.Payout.public_id),
        ),
        Column(
            "amount", _l("Amount"), render="money", sort=Payout.amount, end=True,
            value=lambda row: row.Payout.amount,
        ),
        Column("method", _l("Method")),
        Column("state", _l("State"), render="badge", value=lambda row: row.Payout.state),
        Column("ended", _l("Closed"), render="datetime", value=lambda row: row.Payout.ended_at),
    ),
    filters=(
        Filter(
            "state", _l("State"), [(s.value, STATES[s.value][0]) for s in State],
            lambda s, v: s.where(Payout.state == v),
        ),
    ),
    empty=Empty(
        _l("No payouts yet"),
        _l("What you earn becomes available after the hold; then you can ask for it here."),
        icon="cash",
    ),
)  # fmt: skip


@bp.get("/")
@requires("partner")
def index() -> Response:
    """Show the balance, what can be asked for now, and the history."""
    balance = partner_balances([g.partner_id])[g.partner_id]
    return _index(_request_form(balance), balance)


@bp.post("/")
@requires("partner")
def ask() -> Response:
    """Ask for a payout."""
    balance = partner_balances([g.partner_id])[g.partner_id]
    form = _request_form(balance)
    if not form.validate_on_submit():
        return _index(form, balance, status=422)
    try:
        service.request(
            g.partner_id, form.amount.data.minor, form.method.data, f"partner:{g.partner_id}"
        )
    except DomainError as error:
        form.complain(error.errors[0].field if error.errors else "", error.message)
        return _index(form, balance, status=error.status)
    return see_other(
        "cabinet.payouts.index", message=_("Asked for. You get a letter when it is decided.")
    )


@bp.get("/<string:public_id>/")
@requires("partner")
def show(public_id: str) -> Response:
    """Show one of the partner's own payouts, with its history and the masked details."""
    line = _own(public_id)
    return page(
        "payouts/cabinet/show.html",
        line=line,
        payout=line.payout,
        details=service.copied(line.payout),
        steps=queries.steps(line.payout),
        words=STEPS,
        can_cancel=rules.LIFECYCLE.allows(State(line.payout.state), "cancel"),
        receipt_wanted=wants_receipt(line.payout.id, g.partner_id),
    )


@bp.post("/<string:public_id>/cancel")
@requires("partner")
def cancel(public_id: str) -> Response:
    """Take a request back while nobody has decided on it."""
    service.cancel(_own(public_id).payout.id, g.partner_id, f"partner:{g.partner_id}")
    return see_other(
        "cabinet.payouts.index", message=_("Taken back; the money is available again.")
    )


@bp.get("/details")
@requires("partner")
@freshly
def details() -> Response:
    """Show where the money goes, method by method; after the password was given anew."""
    partner, method = _partner(), _method()
    payee = service.kept(partner).payee or Payee(partner.name)
    form = FORMS[Kind(method.kind)](data=filled(payee, _known(partner, method)))
    return _details(partner, method, form)


@bp.post("/details")
@requires("partner")
@freshly
def change_details() -> Response:
    """Keep the details for a method."""
    partner, method = _partner(), _method()
    form = FORMS[Kind(method.kind)]()
    if not form.validate_on_submit():
        return _details(partner, method, form, status=422)
    way, known = WAYS[Kind(method.kind)].make(form.said), _known(partner, method)
    if isinstance(known, Card) and not way.number:
        way = known  # a card's number is never shown again, so it need not be typed again
    try:
        given = Details(Payee.make(form.said), way)
        changed = service.set_details(partner, method.code, given)
    except DomainError as error:
        form.tell(error)
        return _details(partner, method, form, status=error.status)
    return see_other("cabinet.payouts.index", message=_("Saved.") if changed else None)


@bp.post("/details/back")
@requires("partner")
@freshly
def take_back_details() -> Response:
    """Take a change back while it waits."""
    service.take_back_change(_partner())
    return see_other("cabinet.payouts.details", message=_("Your former details hold again."))


def _known(partner: Partner, method: PayoutMethod) -> Way | None:
    """Return what the partner gave for the method, where it is of its kind."""
    way = service.kept(partner).ways.get(method.code)
    return way if way is not None and way.kind == method.kind else None


def _own(public_id: str) -> queries.Line:
    found = queries.line(public_id) if "\x00" not in public_id else None
    if found is None or found.payout.partner_id != g.partner_id:
        raise NotFound
    return found


def _partner() -> Partner:
    found = partners.by_id(g.partner_id)
    if found is None:
        raise NotFound
    return found


def _method() -> PayoutMethod:
    """Return the method that the address names, else the first."""
    offered = queries.methods()
    asked = request.args.get("method")
    chosen = next((m for m in offered if m.code == asked), offered[0] if offered else None)
    if chosen is None:
        raise NotFound
    return chosen


def _request_form(balance: PartnerBalance) -> RequestForm:
    amount = Money(balance.available, g.tenant.currency)
    form = RequestForm(data={"amount": amount} if amount else None)
    known, kinds = service.details_of(_partner()), {m.code: m.kind for m in queries.methods()}
    known = {code: d for code, d in known.items() if d.kind == kinds.get(code)}
    form.method.choices = [
        (m.code, f"{m.name} · {known[m.code].masked()}" if m.code in known else m.name)
        for m in queries.methods()
        if m.code in known or not known
    ]
    return form


def _index(form: RequestForm, balance: PartnerBalance, status: int = 200) -> Response:
    partner, opened = _partner(), queries.open_of(g.partner_id)
    standing = Standing(
        active=partner.status == "active",
        has_open=opened is not None,
        available=balance.available,
        debt=balance.debt,
        minimum=queries.minimum(),
        has_details=any(_known(partner, m) is not None for m in queries.methods()),
        usable_from=partner.details_usable_at,
        frozen=partner.details_frozen_at is not None,
        spends_only=queries.spends_only(),
    )
    mine = queries.lines().where(Payout.partner_id == g.partner_id)
    context: dict[str, Any] = {
        "form": form,
        "balance": balance,
        "opened": opened,
        "standing": standing,
        "obstacle": rules.obstacle(standing, clock.now()),
        "payouts": HISTORY.load(mine),
        "auto": settlement.standing(g.partner_id) if queries.by_platform() else None,
        "tax": papers.foreseen(g.partner_id, balance.available, g.tenant.currency),
        "pending": service.is_pending(partner),
        "outs": OUTS,
        "waits": WAITS,
        "links_to_bonuses": partner.member_id is not None,
    }
    return page("payouts/cabinet/index.html", "_table.html", status, **context)


def _details(
    partner: Partner, method: PayoutMethod, form: PayeeForm, status: int = 200
) -> Response:
    return page(
        "payouts/cabinet/details.html",
        status=status,
        form=form,
        method=method,
        methods=queries.methods(),
        partner=partner,
        known=_known(partner, method),
        pending=service.is_pending(partner),
        fields=WAY_FIELDS[Kind(method.kind)],
        usable_from=partner.details_usable_at,
    )
