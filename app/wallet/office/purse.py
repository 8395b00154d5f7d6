"""One partner's wallet: the money, the payment details, and paying from it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from flask import g, request
from flask_babel import force_locale
from flask_babel import gettext as _

from app.errors import DomainError, NotFound
from app.events.service import actor
from app.money import Money
from app.papers import service as papers
from app.partners import queries as partners
from app.payouts import queries as payouts
from app.payouts import service as payouts_service
from app.payouts.rules import State
from app.requisites.forms import FIELD_NAMES, STATUS_NAMES
from app.site.access import may, requires
from app.site.people import freshly
from app.tenants.queries import legal
from app.wallet import queries, rules, service
from app.wallet.forms import PayForm
from app.wallet.office.lists import bp
from app.web.pages import page, see_other

if TYPE_CHECKING:
    from flask import Response

    from app.partners.models import Partner
    from app.requisites.rules import Details
    from app.wallet.queries import Line
    from app.wallet.service import Transfer

WORDS: dict[str, Any] = {"field_names": FIELD_NAMES, "status_names": STATUS_NAMES}


@bp.get("/wallet/<string:refcode>/")
@requires("money.read")
def purse(refcode: str) -> Response:
    """Show the wallet, the amount prefilled with what is owed."""
    line = _line(refcode)
    form = _form(line)
    owed = max(line.purse.owed, 0)
    form.amount.data = Money(owed, g.tenant.currency) if owed else None
    return _page(line, form)


@bp.post("/wallet/<string:refcode>/")
@requires("money")
def pay(refcode: str) -> Response:
    """Record the payment."""
    line = _line(refcode)
    form = _form(line)
    if not form.validate_on_submit():
        return _page(line, form, status=422)
    try:
        made = service.pay(
            line.partner,
            form.amount.data.minor,
            form.method.data,
            actor(),
            seen=_seen(),
            reason=form.reason.data or None,
            may_advance=bool(form.advance.data),
        )
    except DomainError as error:
        form.tell(error)
        return _page(line, form, status=error.status)
    return see_other("office.payouts.show", public_id=made.public_id, message=_("Paid; recorded."))


@bp.post("/wallet/<string:refcode>/open")
@requires("money")
@freshly
def unmask(refcode: str) -> Response:
    """Show the details open, with the transfer's QR, after the password was given anew; it is recorded."""
    line = _line(refcode)
    form = _form(line)
    details = line.details.get(form.method.data or "")
    if not form.validate_on_submit() or details is None:
        if details is None:
            form.complain("method", _("The partner has given no details for this method."))
        return _page(line, form, status=422)
    payouts_service.show(line.partner.id)
    amount = form.amount.data.minor
    tax = _tax(line.partner.id, amount)
    made = _transfer(details, amount - tax, line.partner.refcode, tax)
    return _page(line, form, transfer=made)


@bp.post("/payouts/<string:public_id>/open")
@requires("money")
@freshly
def unmask_payout(public_id: str) -> Response:
    """Show the details that a payout carries, open, with the transfer's QR; it is recorded."""
    line = payouts.line(public_id) if "\x00" not in public_id else None
    details = payouts_service.copied(line.payout) if line is not None else None
    if line is None or details is None:
        raise NotFound
    payouts_service.show(line.payout.partner_id, line.payout)
    payout = line.payout
    tax = payout.withheld
    if payout.state == State.REQUESTED:  # it is kept back from the approval on
        tax = min(_tax(payout.partner_id, payout.amount), payout.amount - payout.fee)
    made = _transfer(details, payout.amount - payout.fee - tax, public_id, tax)
    return page("wallet/office/transfer.html", line=line, transfer=made, **WORDS)


@bp.post("/wallet/<string:refcode>/allow")
@requires("money")
def allow(refcode: str) -> Response:
    """Let a partner change the details again."""
    payouts_service.allow_changes(_line(refcode).partner)
    return see_other(
        "office.wallet.purse", refcode=refcode, message=_("The partner can change details again.")
    )


def _tax(partner_id: int, amount: int) -> int:
    """Return what is withheld of a payment of so much, as recording it will: it is not sent."""
    return papers.withheld_from({partner_id: amount}, g.tenant.currency)[partner_id]


def _transfer(details: Details, amount: int, number: str, withheld: int) -> Transfer:
    known = legal()
    with force_locale(g.tenant.locale):  # the bank reads it, not who is signed in
        made = service.transfer(
            details,
            amount,
            g.tenant.currency,
            number=number,
            brand=g.tenant.name,
            vat=known.vat if known else "",
        )
    return replace(made, withheld=withheld)


def _line(refcode: str) -> Line:
    found: Partner | None = partners.by_refcode(refcode) if "\x00" not in refcode else None
    if found is None or found.status not in queries.LISTED:
        raise NotFound
    return queries.line(found)


def _form(line: Line) -> PayForm:
    form = PayForm()
    form.method.choices = [
        (code, f"{name} · {line.details[code].masked()}" if code in line.details else name)
        for code, name in line.around.methods.items()
    ]
    if request.method == "GET":
        form.method.data = next(iter(line.details), next(iter(line.around.methods), None))
    return form


def _seen() -> int:
    said = request.form.get("seen", "")
    return int(said) if said.isascii() and said.isdecimal() and len(said) < 19 else -1


def _page(
    line: Line, form: PayForm, transfer: Transfer | None = None, status: int = 200
) -> Response:
    amount = form.amount.data.minor if form.amount.data else 0
    context: dict[str, Any] = {
        "line": line,
        "partner": line.partner,
        "purse": line.purse,
        "form": form,
        "transfer": transfer,
        "advance": rules.advance(amount, line.purse.available),
        "opened": payouts.open_of(line.partner.id),
        "past": payouts.newest(10, partner_id=line.partner.id),
        "seen": _seen() if request.method == "POST" else service.newest(line.partner.id),
        **WORDS,
        "may_pay": may("money"),
    }
    return page("wallet/office/purse.html", "_pay.html", status, **context)
