"""The operator's payout desk: what prepaid balances of all merchants fund, to be sent and told of."""

from __future__ import annotations

from decimal import Decimal
from itertools import groupby, islice
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any, cast

from flask import Blueprint, request, send_file, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from app import clock
from app.errors import DomainError, NotFound
from app.events.service import actor
from app.lists.rules import FORMATS, fill_xlsx, write_csv
from app.money import Money
from app.partners.models import Partner
from app.payouts import queries as payouts
from app.payouts import service as payouts_service
from app.payouts.forms import ACTORS, STEPS
from app.payouts.models import Payout, PayoutMethod
from app.payouts.rules import LIFECYCLE, State
from app.registers import queries as registers
from app.registers.forms import HEADS
from app.registers.rules import head, row
from app.requisites.forms import FIELD_NAMES
from app.settlement import queries, service
from app.settlement.forms import FailureForm
from app.site.access import requires
from app.site.people import freshly
from app.tenancy import role, tenant_scope
from app.tenants.models import Tenant
from app.web.pages import page, see_address, see_other, toast
from app.web.states import STATES
from app.web.tables import Column, Empty, Filter, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from flask import Response
    from sqlalchemy import Select

bp = Blueprint("settlement", __name__, url_prefix="/payouts")
MOST = 200  # payouts of one act on many
AT_ONCE = 1_000  # payouts of the file that are read together
PURPOSE = "Выплата партнёрского вознаграждения"  # a bank's word, in its language
SHOWN = ("approved", "sending", "unknown", "paid", "failed")
ACTS: dict[str, Callable[[int, str], Payout]] = {
    "send": service.send,
    "pay": service.pay,
    "lose": service.lose,
}
DONE = {
    "send": _l("Noted: sent."),
    "pay": _l("Marked as paid."),
    "lose": _l("Noted: it is not known whether the money arrived."),
}


def _search(statement: Select[Any], words: str) -> Select[Any]:
    return statement.where(
        Tenant.name.icontains(words, autoescape=True)
        | Partner.search.contains(words.casefold(), autoescape=True)
        | (Payout.public_id == words)
    )


def _by_method(statement: Select[Any], said: str) -> Select[Any]:
    return statement.where(PayoutMethod.code == said)


def _net(row: Any) -> Money:
    return Money(row.Payout.net, row.Payout.currency)


def _gross(row: Any) -> Money:
    return Money(row.Payout.amount, row.Payout.currency)


def _tax(row: Any) -> Money:
    return Money(row.Payout.withheld, row.Payout.currency)


def _fee(row: Any) -> Money:
    return Money(row.Funding.fee, row.Payout.currency)


def _desk(methods: list[tuple[str, str]]) -> Table:
    return Table(
        name="desk",
        caption=_l("Payouts to send"),
        key=Payout.id,
        default="requested",
        columns=(
            Column("tick", _l("Choose"), render="tick", value=lambda row: row.Payout.public_id, tool=True),
            Column(
                "partner", _l("Partner"), render="name", main=True,
                href=lambda row: url_for("platform.settlement.show", payout=row.Payout.public_id),
            ),
            Column("merchant", _l("Merchant"), render="name"),
            Column("method", _l("Method")),
            Column("net", _l("To send"), render="sum", end=True, value=_net),
            Column("gross", _l("Sum"), render="sum", end=True, quiet=True, value=_gross),
            Column("tax", _l("Tax withheld"), render="sum", end=True, quiet=True, value=_tax),
            Column("fee", _l("Fee"), render="sum", end=True, quiet=True, value=_fee),
            Column("state", _l("State"), render="badge", value=lambda row: row.Payout.state),
            Column(
                "requested", _l("Funded"), render="datetime", sort=Payout.requested_at,
                value=lambda row: row.Payout.requested_at,
            ),
        ),
        filters=(
            Filter("state", _l("State"), [(s, STATES[s][0]) for s in SHOWN], lambda s, v: s.where(Payout.state == v)),
            Filter("method", _l("Method"), methods, _by_method),
        ),
        search=_search,
        search_label=_l("Merchant, partner or number"),
        empty=Empty(_l("Nothing to send"), _l("Payouts that prepaid balances fund appear here."), "cash"),
    )  # fmt: skip


@bp.get("/")
@requires("operator")
def index() -> Response:
    """List what is to be sent, and what has been."""
    groups = queries.to_send()
    with role("partnerka_list"):
        view = _desk(sorted({(g.code, g.method) for g in groups})).load(queries.desk())
    return page(
        "settlement/platform/index.html",
        "_table.html",
        payouts=view,
        groups=groups,
        held=queries.held(),
    )


@bp.get("/file")
@requires("operator")
@freshly
def download() -> Response:
    """Answer with all that is to be sent as CSV or XLSX, the details open; that they were shown is recorded."""
    kind = "xlsx" if request.args.get("as") == "xlsx" else "csv"
    names = [str(_("Merchant")), *(str(HEADS[name]) for name in head())]
    made = cast("IO[bytes]", TemporaryFile())  # noqa: SIM115 - closed when the answer has left
    if kind == "csv":
        made.writelines(write_csv(names, lines()))
    else:
        fill_xlsx(made, str(_("Payouts to send")), names, lines(), in_memory=False)
    made.seek(0)
    day = clock.now().date().isoformat()
    answer = send_file(
        made, FORMATS[kind], as_attachment=True, download_name=f"payouts-{day}.{kind}"
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer


def lines() -> Iterator[list[Any]]:
    """Yield the file's lines, some payouts at a time: neither they nor the file is ever whole in memory."""
    for tenant_id, places in groupby(queries.waiting(), lambda each: each.tenant_id):
        while some := list(islice(places, AT_ONCE)):
            yield from _lines(tenant_id, some)


def _lines(tenant_id: int, places: Sequence[queries.Where]) -> list[list[Any]]:
    """Return the file's lines of some payouts of one merchant."""
    known = {place.id: place.merchant for place in places}
    with tenant_scope(tenant_id):
        chosen = payouts.open_by_ids(known)
        payouts_service.show_all(chosen)
        written = registers.written(chosen)
    return [
        [known[payout.id], *row(line, PURPOSE)]
        for payout, line in zip(chosen, written, strict=True)
    ]


@bp.post("/act")
@requires("operator")
def act() -> Response:
    """Do one thing with all that are ticked; what cannot have it done is told and stays."""
    wanted = request.form.get("act", "")
    verb = ACTS.get(wanted)
    picked = list(dict.fromkeys(request.form.getlist("pick")))[:MOST]
    if verb is None or not picked:
        toast(_("Tick payouts and say what became of them."), "danger")
        return see_other("platform.settlement.index")
    done = sum(_tried(verb, place, actor()) for place in queries.places(picked))
    missed = len(picked) - done
    if missed:
        words = ngettext(
            "%(num)s was not in a state for it.", "%(num)s were not in a state for it.", missed
        )
        toast(words, "danger")
    words = ngettext("%(num)s payout noted.", "%(num)s payouts noted.", done)
    return see_other("platform.settlement.index", message=words if done else None)


def _tried(verb: Callable[[int, str], Payout], place: queries.Where, by: str) -> bool:
    """Do it in the merchant's scope; False where the payout is not in a state for it, or one's own."""
    with tenant_scope(place.tenant_id):
        try:
            verb(place.id, by)
        except DomainError:
            return False  # refused before anything was written
    return True


@bp.get("/<string:payout>/")
@requires("operator")
@freshly
def show(payout: str) -> Response:
    """Show one payout with the details to send it by; after the password was given anew."""
    return _show(payout, FailureForm())


@bp.post("/<string:payout>/<any(lose,pay,send):act>")
@requires("operator")
def decide(payout: str, act: str) -> Response:
    """Say what became of it."""
    place, by = _found(payout), actor()
    with tenant_scope(place.tenant_id):
        ACTS[act](place.id, by)
    return see_address(url_for("platform.settlement.show", payout=payout), message=str(DONE[act]))


@bp.post("/<string:payout>/fail")
@requires("operator")
def fail(payout: str) -> Response:
    """Say that it came back, and why."""
    place, form, by = _found(payout), FailureForm(), actor()
    if not form.validate_on_submit():
        return _show(payout, form, 422)
    try:
        with tenant_scope(place.tenant_id):
            service.fail(place.id, form.reason.data, by)
    except DomainError as error:
        form.tell(error)
        return _show(payout, form, error.status)
    told = _("Marked as failed; the partner and the balance have the money again.")
    return see_address(url_for("platform.settlement.show", payout=payout), message=told)


def _found(payout: str) -> queries.Where:
    found = queries.places([payout]) if "\x00" not in payout else []
    if not found:
        raise NotFound
    return found[0]


def _show(payout: str, form: FailureForm, status: int = 200) -> Response:
    place = _found(payout)
    with tenant_scope(place.tenant_id):
        line, row = payouts.line(payout), queries.of_payout(place.id)
        if line is None or row is None:
            raise NotFound
        details, steps = payouts_service.copied(line.payout), payouts.steps(line.payout)
        partner_id = line.payout.partner_id
        frozen = bool(payouts_service.frozen([partner_id]))
        blocked = bool(payouts_service.blocked([partner_id]))
        if details is not None:
            payouts_service.show(line.payout.partner_id, line.payout)
    return page(
        "settlement/platform/show.html",
        status=status,
        line=line,
        payout=line.payout,
        funding=row,
        rate=Decimal(row.rate),
        merchant=place.merchant,
        details=details,
        field_names=FIELD_NAMES,
        steps=steps,
        words=STEPS,
        actors=ACTORS,
        form=form,
        frozen=frozen and line.payout.state == State.APPROVED,
        blocked=blocked and line.payout.state == State.APPROVED,
        actions=_offered(line.payout, held=frozen or blocked),
    )


def _offered(payout: Payout, *, held: bool) -> list[str]:
    """Return what may be said of a payout; what is held back does not leave."""
    kept = {"reject", "send", "pay"} if held and payout.state == State.APPROVED else {"reject"}
    return [a for a in LIFECYCLE.actions(State(payout.state)) if a not in kept]
