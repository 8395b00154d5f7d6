"""Registers: which formats can carry the chosen payouts, the file, and the files made before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Response, request, url_for

from app.errors import NotFound
from app.payruns import queries as pay_runs
from app.registers import queries, service
from app.registers.forms import FORMATS, HEADS, LACKS
from app.registers.office.page import bp
from app.registers.rules import FORMATS as FILES
from app.registers.rules import Format
from app.registers.service.making import SHOWN
from app.site.access import requires
from app.site.people import freshly
from app.web.pages import page

if TYPE_CHECKING:
    from app.payouts.models import Payout
    from app.payruns.models import PayRun
    from app.registers.models import Register

PURPOSE = "Выплата партнёрского вознаграждения"  # a bank's word, in its language
PURPOSE_ABROAD = "Partner payout"
MOST_CHOSEN = 1_000


@bp.get("/new")
@requires("money")
@freshly
def new() -> Response:
    """Show what each format can carry of a run, of chosen payouts, or of all that are approved."""
    run, chosen, wish = _chosen()
    return page(
        "registers/office/new.html",
        run=run,
        wish=wish,
        count=len(chosen),
        choices=[each for each in service.choices(chosen) if not each.foreign],
        words=FORMATS,
        lacks=LACKS,
        shown=SHOWN,
        made=queries.registers(run.id if run else None),
        ready=service.ready(),
        back=_back(run),
    )


@bp.post("/new")
@requires("money")
@freshly
def make() -> Response:
    """Make the register, note that its money is on its way, and answer with the file."""
    try:
        kind = Format(request.form.get("format", ""))
    except ValueError as error:
        raise NotFound from error
    run, chosen, _wish = _chosen()
    return _file(service.make(chosen, kind, run))


@bp.get("/<string:public_id>/file")
@requires("money")
@freshly
def file(public_id: str) -> Response:
    """Answer with the file once more, as it was, or the same payouts in another format (`?as=`)."""
    register = queries.find(public_id) if "\x00" not in public_id else None
    said = request.args.get("as", "")
    if register is None or (said and said not in set(Format)):
        raise NotFound
    return _file(register, Format(said) if said else None)


def _file(register: Register, other: Format | None = None) -> Response:
    kind = other or Format(register.format)
    heads = {name: str(word) for name, word in HEADS.items()}
    purpose = PURPOSE_ABROAD if kind is Format.PAIN else PURPOSE
    answer = Response(service.write(register, heads, purpose, other), content_type=FILES[kind][0])
    name = service.file_name(register, other)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _chosen() -> tuple[PayRun | None, list[Payout], dict[str, Any]]:
    """What the address or the form names: a run, payouts by their numbers, or neither."""
    said, numbers = request.values.get("run", ""), request.values.getlist("payout")[:MOST_CHOSEN]
    if "\x00" in "".join((said, *numbers)):
        raise NotFound
    if said:
        run = pay_runs.find(said)
        if run is None:
            raise NotFound
        return run, queries.to_pay(run_id=run.id), {"run": said}
    chosen = queries.to_pay(numbers=numbers or None)
    return None, chosen, {"payout": numbers}


def _back(run: PayRun | None) -> str:
    if run is None:
        return url_for("office.payouts.index", state="approved")
    return url_for("office.payruns.show", run_id=run.public_id)


__all__ = ["file", "make", "new"]
