"""The back office: accrue to many and deduct from many; looked at first, done in the background, taken back."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from flask import g, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.bonuses import queries, service
from app.bonuses.forms import MassForm
from app.bonuses.office import entries
from app.bonuses.office.door import bp
from app.bonuses.queries import MASS, UNDO
from app.bonuses.queries.mass import DONE, IN, OUT
from app.bonuses.rules import GIVE, MOST, Listed, Unreadable, folded, read_file, read_text
from app.bonuses.service import Mass
from app.errors import DomainError, NotFound
from app.extensions import db
from app.members.models import Member
from app.runs import queries as runs
from app.runs.models import Run, RunLine
from app.runs.rules import LIFECYCLE, OPEN, can_resume, percent_done
from app.site.access import requires
from app.site.lists import name_of
from app.tenants import queries as tenants
from app.web.exports import read_query
from app.web.filters import locale_name
from app.web.lists import LISTINGS
from app.web.pages import page, see_other
from app.web.tables import Column, Empty, Table

if TYPE_CHECKING:
    from flask import Response

SHOWN = 20  # unknown customers that are named
UNREADABLE = {
    "kind": _l("This is no CSV and no XLSX file."),
    "size": _l("The file is too large."),
    "text": _l("The list cannot be read. Is it CSV or XLSX?"),
    "many": _l("At most 200,000 customers at once."),
}
# Lines that people look into, by the name in the address.
LINES = {"in": IN, "out": OUT, "done": DONE}


def title_of(run: Run) -> str:
    """Say what a run does."""
    if run.kind == UNDO:
        return str(_("A mass operation taken back"))
    return str(_("Accrual to many") if run.parameters["act"] == GIVE else _("Deduction from many"))


def _address(run: Run) -> str:
    return url_for("office.bonuses.mass", run_id=run.public_id)


RUNS = Table(
    name="bonus-masses",
    caption=_l("Mass operations"),
    key=Run.id,
    default="-created_at",
    columns=(
        Column("kind", _l("What"), main=True, value=title_of, href=_address),
        Column("created_at", _l("Asked"), render="datetime", sort=Run.id),
        Column("reason", _l("Reason"), render="name", value=lambda r: r.parameters.get("reason")),
        Column("state", _l("State"), render="badge"),
        Column("people", _l("Customers"), render="number", end=True,
               value=lambda r: (r.applied or r.sums).get("people", 0)),
        Column("sum", _l("Bonuses"), render="signed", end=True,
               value=lambda r: (r.applied or r.sums).get("sum", 0)),
    ),
    empty=Empty(
        _l("Nothing was done to many yet"),
        _l("Choose above whom and how much: you see the sum and who is out before anything is booked."),
        icon="users",
    ),
)  # fmt: skip
PEOPLE = Table(
    name="bonus-people",
    caption=_l("Customers"),
    key=RunLine.id,
    default="customer",
    columns=(
        Column("customer", _l("Customer"), render="name", main=True, sort=RunLine.id,
               value=lambda r: entries.called(r.Member),
               href=lambda r: url_for("office.bonuses.account", member_id=r.Member.id)),
        Column("external", _l("The shop's id"), render="name",
               value=lambda r: r.Member.key.partition(":")[2]),
        Column("before", _l("Has"), render="money", end=True, value=lambda r: r.RunLine.before),
        Column("change", _l("Change"), render="signed", end=True, value=lambda r: r.RunLine.change),
    ),
    empty=Empty(_l("Nobody"), icon="users"),
)  # fmt: skip


@bp.get("/mass")
@requires("manage")
def masses() -> Response:
    """Offer the form, and list what was done. The customers are those of the list's filter, if it is given."""
    query = request.args.get("query", "")[:2_000]
    return _masses(MassForm(formdata=None, data={"query": query}))


@bp.post("/mass")
@requires("manage")
def look() -> Response:
    """Begin to look at what it would do."""
    form = _offered(MassForm())
    if form.validate_on_submit():
        try:
            run = _look(form)
        except DomainError as error:
            form.tell(error)
            return _masses(form, error.status)
        if run is not None:
            return see_other("office.bonuses.mass", run_id=run.public_id)
    return _masses(form, 422)


@bp.get("/mass/<string:run_id>")
@requires("manage")
def mass(run_id: str) -> Response:
    """Show how far it is, whom it is about and who is out; while it runs the page asks again by itself."""
    return page("bonuses/office/mass.html", "_mass.html", **_told(_found(run_id)))


@bp.get("/mass/<string:run_id>/<any(done, in, out):which>")
@requires("manage")
def people(run_id: str, which: str) -> Response:
    """List the customers of one kind."""
    run = _found(run_id)
    listed = PEOPLE.load(queries.lines_of(run.id, LINES[which]))
    return page(
        "bonuses/office/people.html", "_table.html", run=run, title=title_of(run), listed=listed
    )


@bp.post("/mass/<string:run_id>/<any(apply, undo):what>")
@requires("manage")
def act(run_id: str, what: str) -> Response:
    """Do what was looked at, or take back what was done; both in the background."""
    run = _found(run_id)
    if what == "apply" and run.kind == MASS:
        service.apply_mass(run)
        return see_other("office.bonuses.mass", run_id=run_id)
    back = service.undo_mass(run)
    return see_other("office.bonuses.mass", run_id=back.public_id)


def _found(run_id: str) -> Run:
    run = runs.find(run_id)
    if run is None or run.kind not in {MASS, UNDO}:
        raise NotFound
    return run


def _told(run: Run) -> dict[str, Any]:
    said = run.parameters
    undo = runs.latest(UNDO, run=run.public_id) if run.kind == MASS else None
    resumable = can_resume(run.standing, run.phase) and undo is None
    ended = run.state in {"done", "stopped", "failed"} and run.phase == "apply"
    return {
        "run": run,
        "title": title_of(run),
        "wish": Mass.read(said) if run.kind == MASS else None,
        "of": runs.find(said["run"]) if run.kind == UNDO else None,
        "undo": undo,
        "percent": percent_done(run.done, run.total),
        "open": run.standing in OPEN,
        "can_resume": resumable,
        "can_apply": LIFECYCLE.allows(run.standing, "apply") and run.state == "previewed",
        "can_undo": run.kind == MASS and ended and undo is None and bool(run.applied.get("people")),
        "out": said.get("out", {}),
        "unknown": said.get("unknown", []),
        "problems": runs.problems(run.id),
        "poll": request.path,
    }


def _offered(form: MassForm) -> MassForm:
    return form.offer((shop.public_id, name_of(shop)) for shop in tenants.shops())


def _masses(form: MassForm, status: int = 200) -> Response:
    _offered(form)
    return page(
        "bonuses/office/masses.html",
        "_table.html",
        status=status,
        form=form,
        listed=RUNS.load(runs.listed((MASS, UNDO))),
        chosen=len(_filtered(form.query.data or "")) if _from_list() else None,
        most=MOST,
        one_shop=len(form.shop.choices) == 1,
    )


def _from_list() -> bool:
    return request.values.get("from") == "list"


def _look(form: MassForm) -> Run | None:
    """Begin the look; None where the form now says what is wrong."""
    wish = Mass(
        act=form.act.data,
        amount=form.amount.data.minor if form.amount.data else None,
        reason=form.reason.data.strip(),
        activates_at=form.activates_at if form.act.data == GIVE else None,
        expires_at=form.expires_at if form.act.data == GIVE else None,
        partly=form.partly.data == "take",
    )
    if _from_list():
        found = _filtered(form.query.data or "")
        if len(found) > MOST:
            form.complain("", str(UNREADABLE["many"]))
            return None
        return service.look_at(wish, dict.fromkeys(found, None))
    listed = _listed(form)
    if listed is None:
        return None
    asked, out, unknown = _known(form, listed)
    return service.look_at(wish, asked, out=out, unknown=unknown)


def _filtered(query: str) -> list[int]:
    """Return the customers whom the list of customers shows with a filter."""
    listing = LISTINGS["customers"]
    _table, asked = read_query(listing, query)
    ids = listing.narrowed(asked).order_by(None).with_only_columns(Member.id).limit(MOST + 1)
    return list(db.session.scalars(ids))


def _listed(form: MassForm) -> Listed | None:
    sent: Any = form.file.data
    data = sent.read() if sent else b""
    own = locale_name(), g.tenant.currency
    try:
        listed = read_file(data, *own) if data else read_text(form.ids.data or "", *own)
    except Unreadable as error:
        form.complain("file" if data else "ids", str(UNREADABLE[error.why]))
        return None
    if listed.bad:
        numbers = ", ".join(str(number) for number in listed.bad[:SHOWN])
        words = _("These lines cannot be read: %(numbers)s.", numbers=numbers)
        form.complain("file" if data else "ids", words)
        return None
    if not listed.lines:
        form.complain("ids", _("Name at least one customer."))
        return None
    return listed


def _known(
    form: MassForm, listed: Listed
) -> tuple[dict[int, int | None], dict[str, int], list[str]]:
    """Return the customers of a list, how many of it are out by why, and some whom the shop does not have."""
    shop = tenants.shop(form.shop.data)
    keys = [folded(line.said) for line in listed.lines]
    known = service.look_up(shop.id, keys) if shop else {}
    asked: dict[int, int | None] = {}
    unknown: list[str] = []
    out: Counter[str] = Counter()
    for line, key in zip(listed.lines, keys, strict=True):
        member = known.get(key)
        if member is None:
            out["unknown"] += 1
            unknown += [line.said] if len(unknown) < SHOWN else []
        elif member in asked:
            out["twice"] += 1
        else:
            asked[member] = line.amount
    return asked, dict(out), unknown
