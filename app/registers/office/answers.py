"""The bank's statements: loaded, looked at, applied."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext

from app.adjustments.queries import booked
from app.adjustments.rules import key_of
from app.errors import NotFound
from app.registers import queries, service
from app.registers.forms import VERDICTS, WRONGS, LoadForm
from app.registers.models import BankFile, BankLine
from app.registers.office.page import bp
from app.registers.rules import BIGGEST, Unreadable, Verdict, waits_for_apply
from app.registers.rules.matching import FOR_PEOPLE
from app.site.access import may, requires
from app.web.pages import page, see_other, toast
from app.web.tables import Column, Empty, Filter, Table

if TYPE_CHECKING:
    from typing import Any

    from flask import Response
    from sqlalchemy import Select

FILES = Table(
    name="bankfiles",
    caption=_l("Bank statements"),
    key=BankFile.id,
    default="-loaded_at",
    columns=(
        Column(
            "name", _l("File"), render="name", main=True,
            href=lambda r: url_for("office.registers.show", statement_id=r.public_id),
        ),
        Column("since", _l("From the day"), render="date"),
        Column("until", _l("To the day"), render="date"),
        Column("loaded_at", _l("Loaded"), render="datetime", sort=BankFile.loaded_at),
        Column("applied_at", lazy_pgettext("bank statement", "Applied"), render="datetime"),
    ),
    empty=Empty(
        _l("No bank statement yet"),
        _l("Load the bank's answer, and payouts are marked as paid or returned by their numbers."),
        icon="building-bank",
    ),
)  # fmt: skip


def _of_kind(statement: Select[Any], value: str) -> Select[Any]:
    if value == "people":
        return statement.where(BankLine.verdict.in_(sorted(FOR_PEOPLE)))
    return statement.where(BankLine.verdict == value)


LINES = Table(
    name="banklines",
    caption=_l("Lines of the statement"),
    key=BankLine.id,
    default="n",
    columns=(
        Column("n", _l("Line"), render="number", main=True, sort=BankLine.n, value=lambda r: r.BankLine.n),
        Column("day", _l("Day"), render="date", value=lambda r: r.BankLine.on_day),
        Column("amount", _l("Sum"), render="signed", end=True, sort=BankLine.amount,
               value=lambda r: r.BankLine.amount if r.BankLine.incoming else -r.BankLine.amount),
        Column("other", _l("Other party"), render="name", value=lambda r: service.words_of(r.BankLine)[1]),
        Column("text", _l("Purpose"), quiet=True, value=lambda r: service.words_of(r.BankLine)[0]),
        Column("verdict", lazy_pgettext("bank statement", "What it is"), render="verdict",
               value=lambda r: r.BankLine.verdict),
        Column("partner", _l("Partner"), render="name"),
        Column("payout", _l("Payout"), render="badge", value=lambda r: r.state,
               href=lambda r: r.payout and url_for("office.payouts.show", public_id=r.payout)),
    ),
    filters=(
        Filter(
            "what", lazy_pgettext("bank statement", "What it is"),
            [("people", _l("For a person to look at")), *((v, words[0]) for v, words in VERDICTS.items())],
            _of_kind,
        ),
    ),
    empty=Empty(_l("No line about this account"), icon="list-details"),
)  # fmt: skip


@bp.get("/")
@requires("money.read")
def index() -> Response:
    """List the statements, and offer to load one."""
    return _index(LoadForm(formdata=None))


@bp.post("/")
@requires("money")
def load() -> Response:
    """Read a statement and weigh its lines; nothing follows from it yet."""
    form = LoadForm()
    sent = form.file.data
    if not form.validate_on_submit() or not hasattr(sent, "read"):
        return _index(form, 422)
    try:
        file, new = service.load(str(sent.filename or ""), sent.read(BIGGEST + 1))
    except Unreadable as error:
        form.complain("file", str(WRONGS[error.why]))
        return _index(form, 422)
    if not new:
        toast(_("This file was loaded before: nothing is done twice."), "info")
    return see_other("office.registers.show", statement_id=file.public_id)


@bp.get("/statements/<string:statement_id>/")
@requires("money.read")
def show(statement_id: str) -> Response:
    """Show what a statement's lines mean, before and after it is applied."""
    file = _file(statement_id)
    sums, listed = queries.sums(file.id), LINES.load(queries.lines(file.id))
    late = [r.BankLine for r in listed.rows if r.BankLine.verdict == Verdict.CAME_LATE]
    origins = {line.id: f"{file.public_id}-{line.n}" for line in late}
    return page(
        "registers/office/show.html",
        "_lines.html",
        origins=origins,
        answers={number: key_of(origin) for number, origin in origins.items()},
        booked=booked(key_of(origin) for origin in origins.values()),
        file=file,
        sums=sums,
        waits=sum(n for v, (n, _total) in sums.items() if waits_for_apply(Verdict(v))),
        people=sum(n for v, (n, _total) in sums.items() if v in FOR_PEOPLE),
        listed=listed,
        verdicts=VERDICTS,
        came_late=Verdict.CAME_LATE,
        may_apply=may("money"),
    )


@bp.post("/statements/<string:statement_id>/apply")
@requires("money")
def apply(statement_id: str) -> Response:
    """Mark what was paid and what came back."""
    done = service.apply(_file(statement_id))
    words = _(
        "Marked as paid: %(paid)s; as returned: %(returned)s.",
        paid=done[Verdict.PAID],
        returned=done[Verdict.RETURNED],
    )
    return see_other("office.registers.show", statement_id=statement_id, message=words)


def _file(public_id: str) -> BankFile:
    found = queries.file(public_id) if "\x00" not in public_id else None
    if found is None:
        raise NotFound
    return found


def _index(form: LoadForm, status: int = 200) -> Response:
    return page(
        "registers/office/index.html",
        "_table.html",
        status=status,
        form=form,
        listed=FILES.load(queries.files()),
        may_load=may("money"),
    )
