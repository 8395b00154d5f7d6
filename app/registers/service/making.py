"""Registers of approved payouts: what each format can carry, the file itself, and that the money is on its way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from sqlalchemy import func, insert, select

from app import clock
from app.errors import Conflict
from app.events.service import actor, record
from app.extensions import db
from app.lists.rules import write_csv
from app.payouts import service as payouts
from app.payruns import queries as pay_runs
from app.payruns import service as pay_run_service
from app.registers import queries
from app.registers.models import Register, RegisterLine
from app.registers.rules import (
    FORMATS,
    Format,
    Lack,
    head,
    lacking,
    payer_lacks,
    rewritten,
    row,
    write_book,
    write_onec,
    write_pain,
)
from app.tenancy import current_tenant, public_id
from app.tenants import queries as tenants

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.payouts.models import Payout
    from app.payruns.models import PayRun
    from app.registers.rules import Line

AT_ONCE = 5_000
SHOWN = 50  # lines that are named on a page


@dataclass(frozen=True)
class Choice:
    """What a format can carry of the chosen payouts, and which lines it cannot, each with its lack."""

    format: Format
    fit: int
    total: int  # minor units
    left_out: Sequence[tuple[Line, Lack]]
    changed: Sequence[tuple[Line, str]]  # names that are written otherwise
    payer: bool  # the merchant's own details do

    @property
    def foreign(self) -> bool:
        """Whether all of the payouts are in another currency than the format's: nobody need see it."""
        return not self.fit and any(lack is Lack.CURRENCY for _line, lack in self.left_out)


def choices(chosen: Sequence[Payout]) -> list[Choice]:
    """Look at what each format can carry."""
    lines, payer = queries.to_write(chosen), tenants.legal()
    return [_choice(kind, lines, ready=not payer_lacks(payer, kind)) for kind in Format]


def _choice(kind: Format, lines: Sequence[Line], *, ready: bool) -> Choice:
    lacks = [(line, lacking(line, kind)) for line in lines]
    fit = [line for line, lack in lacks if lack is None]
    changed = [(line, name) for line in fit if (name := rewritten(line, kind)) is not None]
    return Choice(
        kind,
        len(fit),
        sum(line.amount for line in fit),
        [(line, lack) for line, lack in lacks if lack is not None],
        changed,
        ready,
    )


def make(chosen: Sequence[Payout], kind: Format, run: PayRun | None = None) -> Register:
    """Make a register of those that the format can carry, and note that their money is on its way.

    Those it cannot carry, and those that are kept back, stay approved. Raises Conflict where nothing
    is left to pay, or the merchant's own details are missing.
    """
    if payer_lacks(tenants.legal(), kind):
        words = _("Fill in your own legal details and account first.")
        raise Conflict("payer", words)
    lines = {line.number: line for line in queries.to_write(chosen)}
    fit = [p for p in chosen if lacking(lines[p.public_id], kind) is None]
    sent = set(_send(fit))
    taken = [p for p in fit if p.id in sent]
    if not taken:
        raise Conflict("nothing", _("Nothing is left to be sent in this format."))
    lock = select(func.pg_advisory_xact_lock(func.hashtext("register"), current_tenant()))
    db.session.execute(lock)
    register = Register(
        public_id=public_id("rg"),
        format=kind.value,
        number=queries.last_number() + 1,
        run_id=run.id if run else None,
        made_by=actor(),
        made_at=clock.now(),
        counted=len(taken),
        total=sum(p.net for p in taken),
    )
    db.session.add(register)
    db.session.flush()
    rows = [
        {"register_id": register.id, "payout_id": p.id, "n": n}
        for n, p in enumerate(taken, start=1)
    ]
    db.session.execute(insert(RegisterLine), rows)
    if run is not None:
        pay_run_service.sending(run)
    _told(register, run)
    return register


def _send(chosen: Sequence[Payout]) -> list[int]:
    currency = pay_runs.tenant().currency
    ids, sent = [p.id for p in chosen], []
    for start in range(0, len(ids), AT_ONCE):
        sent += payouts.send_all(ids[start : start + AT_ONCE], currency, actor())
    return sent


def _told(register: Register, run: PayRun | None) -> None:
    record(
        "register.made",
        f"register:{register.id}",
        register=register.public_id,
        format=register.format,
        count=register.counted,
        amount=register.total,
        **({"pay_run": run.public_id} if run else {}),
    )


def ready() -> list[Format]:
    """Return the formats for which the merchant's own details suffice."""
    payer = tenants.legal()
    return [kind for kind in Format if not payer_lacks(payer, kind)]


def write(
    register: Register, heads: Mapping[str, str], purpose: str, other: Format | None = None
) -> bytes:
    """Write a register's file, the same whenever it is asked for again; a download is recorded.

    `heads`: the words for the columns of a table; `purpose` goes before each payout's number; `other`: a
    format to write it in instead of its own. Raises Conflict where that cannot carry all of its payouts.
    """
    lines, kind = queries.written(queries.payouts_of(register)), other or Format(register.format)
    zone = ZoneInfo(pay_runs.tenant().timezone)
    payer = tenants.legal()
    if other and (payer_lacks(payer, other) or any(lacking(line, other) for line in lines)):
        raise Conflict("format", _("This format cannot carry all payouts of the register."))
    record(
        "register.downloaded", f"register:{register.id}", register=register.public_id, format=kind
    )
    if kind is Format.ONEC and payer is not None:
        return write_onec(lines, payer, register.made_at.astimezone(zone), purpose)
    if kind is Format.PAIN and payer is not None:
        day = register.made_at.astimezone(zone).date()
        return write_pain(lines, payer, day, purpose, register.public_id.replace("_", "-"))
    names = [heads[name] for name in head()]
    rows = [row(line, purpose) for line in lines]
    if kind is Format.XLSX:
        return write_book(str(register.number), names, rows)
    return b"".join(write_csv(names, rows))


def file_name(register: Register, other: Format | None = None) -> str:
    """Return the name of a register's file, in its own format or in another."""
    return f"register-{register.number}.{FORMATS[other or Format(register.format)][1]}"
