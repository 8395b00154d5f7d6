"""Accrue, deduct and write off, one partner or many; and take it back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import g, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.adjustments import queries, service
from app.adjustments.forms import ACTS, AdjustForm
from app.adjustments.models import Adjustment
from app.adjustments.office.door import bp
from app.adjustments.rules import (
    MOST,
    ORIGIN,
    REASON,
    Act,
    Refusal,
    Wish,
    gain,
    key_of,
    read_lines,
    settled,
    total,
    twice,
)
from app.errors import DomainError, NotFound
from app.events.service import actor
from app.money import Money, MoneyError, parse_typed
from app.partners.models import Partner
from app.partners.office.lists import chosen
from app.partners.queries import actor_names
from app.partners.rules import fold_code
from app.payouts.service import own_among
from app.site.access import requires
from app.tenancy import public_id
from app.web.filters import locale_name
from app.web.pages import page, see_other
from app.web.tables import Column, Empty, Filter, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask import Response

    from app.adjustments.rules import Standing

WORDS = {**dict(ACTS), Act.UNDO.value: _l("Taken back")}
ENTRIES = Table(
    name="entries",
    caption=_l("By hand"),
    key=Adjustment.id,
    default="-at",
    columns=(
        Column("at", _l("When"), render="datetime", sort=Adjustment.id),
        Column("partner", _l("Partner"), render="name", main=True, sort=Partner.name),
        Column("act", _l("What"), value=lambda row: WORDS.get(row.act, row.act)),
        Column("amount", _l("Amount"), render="signed", end=True),
        Column("reason", _l("Reason"), render="name"),
        Column("batch", _l("Batch"), render="batch", quiet=True),
        Column("undone_by", _l("Undo"), render="undo"),
    ),
    filters=(
        Filter("act", _l("What"), list(WORDS.items()), lambda s, v: s.where(Adjustment.act == v)),
    ),
    search=lambda s, words: s.where(Partner.search.contains(words.casefold(), autoescape=True)),
    search_label=_l("Name, e-mail or code"),
    empty=Empty(
        _l("Nothing was booked by hand"),
        _l("Prizes, corrections and write-offs are listed here, each with its reason."),
        icon="pencil",
    ),
)


@dataclass(frozen=True)
class Planned:
    """A line of the preview, minor units: the partner, how he stands and would stand, what he would gain.

    `repaid`: what of a debt the booking would repay.
    """

    partner: Partner
    standing: Standing
    after: Standing
    repaid: int
    amount: int
    reason: str


@bp.get("/")
@requires("money.read")
def index() -> Response:
    """List what was booked by hand."""
    found = ENTRIES.load(queries.entries())
    return page("adjustments/office/index.html", "_table.html", entries=found)


@bp.get("/new")
@requires("money")
def new() -> Response:
    """Offer the form; the partners are those ticked, or those that the list's filter shows.

    `amount` (minor units) and `reason`: what the page that leads here knows already; `origin`: what of it
    the entry answers, once.
    """
    codes = request.args.getlist("partner")
    if request.args.get("all"):
        codes = queries.refcodes(chosen(request.args), MOST + 1)
    amount, reason = request.args.get("amount", ""), request.args.get("reason", "")[:REASON]
    known = int(amount) if amount.isascii() and amount.isdigit() and len(amount) < 16 else 0
    origin = request.args.get("origin", "")[:ORIGIN]
    data: dict[str, object] = {"chosen": "\n".join(codes), "reason": reason, "origin": origin}
    if known:
        data["amount"] = Money(known, g.tenant.currency)
    form = AdjustForm(formdata=None, data=data)
    if len(codes) > MOST:
        form.complain("chosen", _too_many())
    return _form(form, 422 if len(codes) > MOST else 200)


@bp.post("/new")
@requires("money")
def create() -> Response:
    """Show what would be booked, with count and sums; book it when that was what was seen."""
    form = AdjustForm()
    planned, wishes = _plan(form) if form.validate_on_submit() else ([], [])
    if not planned or any(form.errors.values()) or form.form_errors:
        return _form(form, 422)
    gives, takes = total([p.amount for p in planned])
    seen = f"{len(planned)}:{gives}:{takes}"
    if form.seen.data != seen or not form.key.data:
        origin = form.origin.data
        form.seen.data, form.key.data = seen, key_of(origin) if origin else public_id("ab")
        return page(
            "adjustments/office/preview.html", form=form, planned=planned, gives=gives, takes=takes
        )
    try:
        batch = service.book(form.key.data, wishes, g.tenant.currency)
    except DomainError as error:
        form.complain(error.errors[0].field if error.errors else "", error.message)
        form.seen.data = form.key.data = ""  # what comes next is shown first
        return _form(form, error.status)
    undo = url_for("office.adjustments.undo_batch", batch=batch.public_id)
    return see_other(
        "office.adjustments.batch", batch=batch.public_id, message=_("Booked."), undo=undo
    )


@bp.get("/batches/<string:batch>")
@requires("money.read")
def batch(batch: str) -> Response:
    """Show what was booked together."""
    found = queries.batch(batch)
    if found is None:
        raise NotFound
    view = ENTRIES.load(queries.entries().where(Adjustment.batch_id == found.id))
    names = actor_names([found.actor])
    return page(
        "adjustments/office/batch.html",
        "_table.html",
        entries=view,
        batch=found,
        by=names.get(found.actor, found.actor),
        standing=queries.standing_entries(found.id),
    )


@bp.post("/batches/<string:batch>/undo")
@requires("money")
def undo_batch(batch: str) -> Response:
    """Take a whole batch back."""
    made = service.undo_batch(batch, g.tenant.currency)
    words = _("Taken back by counter entries.")
    return see_other("office.adjustments.batch", batch=made.public_id, message=words)


@bp.post("/entries/<string:entry>/undo")
@requires("money")
def undo(entry: str) -> Response:
    """Take one entry back."""
    service.undo(entry, g.tenant.currency)
    return see_other("office.adjustments.index", message=_("Taken back by a counter entry."))


def _form(form: AdjustForm, status: int = 200) -> Response:
    return page("adjustments/office/new.html", status=status, form=form)


def _too_many() -> str:
    return str(_("At most %(most)s partners at once: narrow the choice.", most=MOST))


def _plan(form: AdjustForm) -> tuple[list[Planned], list[Wish]]:
    """Read whom the form means and what each would gain; complaints stand at the fields."""
    wanted = [*_chosen(form), *_pasted(form)]
    codes = {code for code, _act, _amount, _reason in wanted}
    if len(wanted) > MOST:
        form.complain("chosen", _too_many())
        return [], []
    known = queries.partners_by_code(codes)
    lost = sorted(code for code in codes if code not in known)
    if lost:
        form.complain("chosen", _("Nobody has this code: %(codes)s.", codes=", ".join(lost[:10])))
    if not wanted:
        form.complain("chosen", _("Choose at least one partner."))
    if form.errors:
        return [], []
    own = own_among((partner.id for partner in known.values()), actor())
    if own:
        form.complain("chosen", _("Your own balance must be changed by somebody else."))
        return [], []
    wishes = [Wish(known[code].id, act, amount, reason) for code, act, amount, reason in wanted]
    if twice(wish.partner_id for wish in wishes):
        form.complain("chosen", _("A partner stands here more than once."))
        return [], []
    return _gains(form, wishes, {p.id: p for p in known.values()}), wishes


def _gains(form: AdjustForm, wishes: Sequence[Wish], partners: dict[int, Partner]) -> list[Planned]:
    standing = service.standings(partners)
    planned = []
    for wish in wishes:
        partner, stands = partners[wish.partner_id], standing[wish.partner_id]
        try:
            after, back = settled(wish, stands)
            planned.append(Planned(partner, stands, after, back, gain(wish, stands), wish.reason))
        except Refusal as error:
            words = service.refuse(error.code).message
            form.complain("amount", f"{partner.name}: {words}")
            return []
    return planned


Wanted = tuple[str, Act, int | None, str]  # folded refcode, act, minor units, reason


def _chosen(form: AdjustForm) -> list[Wanted]:
    codes = list(dict.fromkeys((form.chosen.data or "").split()))
    act, typed = Act(form.act.data), form.amount.data
    if codes and typed is None and act in {Act.ACCRUE, Act.DEDUCT}:
        form.complain("amount", _("Fill this in."))
    amount = typed.minor if typed is not None else None
    return [(fold_code(code), act, amount, form.reason.data) for code in codes]


def _pasted(form: AdjustForm) -> list[Wanted]:
    lines, bad = read_lines(form.lines.data or "")
    found: list[Wanted] = []
    for line in lines:
        try:
            sum_ = parse_typed(line.amount, locale_name(), g.tenant.currency, allow_negative=True)
        except MoneyError:
            bad.append(line.number)
            continue
        act = Act.DEDUCT if sum_ < 0 else Act.ACCRUE
        found.append((fold_code(line.code), act, abs(sum_), line.reason or form.reason.data))
    if bad:
        numbers = ", ".join(str(number) for number in sorted(bad)[:20])
        form.complain("lines", _("These lines cannot be read: %(numbers)s.", numbers=numbers))
    return found
