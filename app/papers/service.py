"""Verbs on papers: add, withdraw; say what is needed and withheld; keep a payout back, and remind."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert

from app import clock
from app.creatives.rules import FileError, download_name
from app.creatives.service.media import keep
from app.creatives.service.pictures import redraw
from app.errors import Conflict, DomainError, FieldError, NotFound
from app.events.service import actor, record
from app.extensions import db
from app.facts import service as facts
from app.papers import queries
from app.papers.models import Paper, PaperReminder
from app.papers.queries import OWNER
from app.papers.rules import (
    LONGEST_NUMBER,
    REMINDERS,
    STATUSES,
    Kind,
    Missing,
    Need,
    Rounding,
    link_of,
    paper_type,
    read_rate,
    withheld,
)
from app.tenancy import public_id

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime
    from decimal import Decimal

NAMES = {
    Kind.CONTRACT: _l("a contract"),
    Kind.ACT: _l("a signed act"),
    Kind.RECEIPT: _l("a receipt"),
}
FILE_WORDS = {
    "empty": _l("This file is empty."),
    "too_big": _l("This file is larger than 5 MB."),
}


@dataclass(frozen=True)
class Said:
    """What somebody gives of a paper: a number, a link, a file, or several of these."""

    number: str = ""
    link: str = ""
    file: bytes | None = field(default=None, repr=False)
    filename: str = ""


def add(kind: Kind, partner_id: int, said: Said, payout_id: int | None = None) -> Paper:
    """Add a contract, or the receipt of a payout. Raises DomainError (422) for what cannot be kept.

    A receipt takes the place of the one before it.
    """
    number, link = _number(said.number), _link(said.link)
    if not (number or link or said.file):
        raise _wrong("number", _("Give a number, a link or a file."))
    if payout_id is not None:
        _withdraw_all(Paper.payout_id == payout_id)
    made = Paper(
        public_id=public_id("pp"),
        kind=kind.value,
        partner_id=partner_id,
        payout_id=payout_id,
        number=number,
        link=link,
        added_at=clock.now(),
        added_by=actor(),
        **_file(said),
    )
    return _added(made)


def add_act(partner_id: int, first: date, last: date, number: str) -> Paper:
    """Note that the act of a period is signed."""
    made = Paper(
        public_id=public_id("pp"),
        kind=Kind.ACT.value,
        partner_id=partner_id,
        period_from=first,
        period_to=last,
        number=number,
        link="",
        added_at=clock.now(),
        added_by=actor(),
    )
    return _added(made)


def withdraw_act(partner_id: int, number: str) -> None:
    """Note that an act does not hold any more."""
    _withdraw_all(
        (Paper.partner_id == partner_id) & (Paper.kind == Kind.ACT) & (Paper.number == number)
    )


def withdraw(paper: Paper) -> None:
    """Take a paper back; it is kept, and counts no more. Raises Conflict where it was taken back."""
    db.session.refresh(paper, with_for_update=True)
    if paper.withdrawn_at is not None:
        raise Conflict("withdrawn", _("This paper has been taken back already."))
    paper.withdrawn_at, paper.withdrawn_by = clock.now(), actor()
    db.session.flush()
    record("paper.withdrawn", f"paper:{paper.id}", **_facts(paper))


def set_needs(status: str, needs: Mapping[Kind, Need]) -> None:
    """Say what a tax status needs before a payout is paid; it holds from now on."""
    value = {kind.value: need.value for kind, need in needs.items()}
    if facts.put(OWNER, f"needs:{_status(status)}", value, actor=actor()):
        record("merchant.settings_changed", OWNER, papers={status: value})


def set_rate(status: str, rate: str | None, since: datetime | None = None) -> None:
    """Say how many per cent are withheld from a status' payouts, from now on or from a later moment.

    None: nothing. Raises DomainError (422) for what is no rate.
    """
    try:
        read_rate(rate)
    except ValueError as error:
        raise _wrong("rate", _("Percents go from 0 to 100, with up to four decimals.")) from error
    if facts.put(OWNER, f"rate:{_status(status)}", rate, since=since, actor=actor()):
        start = max(since, clock.now()) if since else clock.now()
        said = {"status": status, "rate": rate, "since": start.isoformat()}
        record("merchant.settings_changed", OWNER, withholding=said)


def set_rounding(rounding: Rounding) -> None:
    """Say to what withheld sums are rounded."""
    if facts.put(OWNER, "rounding", rounding.value, actor=actor()):
        record("merchant.settings_changed", OWNER, rounding=rounding.value)


def withholds() -> bool:
    """Whether anything is withheld of any payout, by today's rates."""
    return any(read_rate(text) for text in queries.rates().values())


def withheld_from(amounts: Mapping[int, int], currency: str) -> dict[int, int]:
    """Return what is withheld of a payout of so much (gross, minor units) to each partner, by today's rates.

    Two statements for any number of partners.
    """
    rates = {status: read_rate(text) for status, text in queries.rates().items()}
    if not any(rates.values()):
        return dict.fromkeys(amounts, 0)
    known, rounding = queries.statuses(amounts), queries.rounding()
    return {
        partner: withheld(amount, rates[known.get(partner) or STATUSES[0]], rounding, currency)
        for partner, amount in amounts.items()
    }


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What would be withheld today: per cents, and the sum in minor units."""

    rate: Decimal
    withheld: int


def foreseen(partner_id: int, amount: int, currency: str) -> Foreseen | None:
    """Return what would be withheld of a payout of so much today; None: nothing."""
    status = queries.statuses([partner_id]).get(partner_id) or STATUSES[0]
    rate = read_rate(queries.rates()[status])
    if rate is None:
        return None
    return Foreseen(rate, withheld(amount, rate, queries.rounding(), currency))


def refuse_missing(partner_id: int) -> None:
    """Raise Conflict (409) while something is missing without which the partner's payout is not paid."""
    found = queries.of_missing([partner_id]).get(partner_id)
    if found is not None and found.blocks:
        raise Conflict("papers_missing", words_of(found))


def words_of(missing: Missing) -> str:
    """Return in a sentence what is missing."""
    names = ", ".join(str(NAMES[kind]) for kind in (*missing.blocks, *missing.warns))
    if missing.blocks:
        return str(_("Before this is paid, there must be: %(papers)s.", papers=names))
    return str(_("Missing: %(papers)s.", papers=names))


_LATE = text(
    """
    SELECT p.id, p.public_id, p.partner_id, p.amount, p.currency, d.days
    FROM payout p
    JOIN partner a ON a.tenant_id = p.tenant_id AND a.id = p.partner_id
    JOIN unnest(CAST(:days AS bigint[])) AS d(days)
      ON p.approved_at <= CAST(:now AS timestamptz) - make_interval(days => d.days::int)
    WHERE a.tax_status = ANY(CAST(:statuses AS text[]))
      AND (p.state IN ('approved', 'sending', 'unknown') OR p.state = 'paid')
      AND p.approved_at > CAST(:oldest AS timestamptz)
      AND NOT EXISTS (SELECT FROM paper r WHERE r.payout_id = p.id AND r.withdrawn_at IS NULL)
      AND NOT EXISTS (SELECT FROM paper_reminder m WHERE m.payout_id = p.id AND m.days >= d.days)
    ORDER BY p.id, d.days DESC LIMIT :most
    """
)
STALE = timedelta(days=60)  # nobody is reminded of what is older


def remind(most: int = 100) -> int:
    """Remind partners of receipts that are missing 3 and 7 days after the approval; return how many were told.

    Each is told once of each day; who is late for both is told once.
    """
    asked = [s for s, each in queries.needs().items() if each[Kind.RECEIPT] is not Need.OFF]
    now = clock.now()
    values: dict[str, Any] = {"now": now, "statuses": asked, "oldest": now - STALE, "most": most}
    rows = db.session.execute(_LATE, values | {"days": list(REMINDERS)}).all() if asked else []
    told: set[int] = set()
    for row in rows:
        made = insert(PaperReminder).values(payout_id=row.id, days=row.days, at=now)
        done = db.session.execute(made.on_conflict_do_nothing().returning(PaperReminder.id))
        if done.first() is None or row.id in told:
            continue
        told.add(row.id)
        record(
            "receipt.wanted",
            f"payout:{row.id}",
            payout=row.public_id,
            partner_id=row.partner_id,
            amount=row.amount,
            currency=row.currency,
            days=row.days,
        )
    return len(rows)


def find(said: str) -> Paper:
    """Return a paper. Raises NotFound."""
    found = queries.find(said) if "\x00" not in said else None
    if found is None:
        raise NotFound
    return found


def _added(made: Paper) -> Paper:
    db.session.add(made)
    db.session.flush()
    record("paper.added", f"paper:{made.id}", **_facts(made))
    return made


def _facts(paper: Paper) -> dict[str, Any]:
    return {"paper": paper.public_id, "kind": paper.kind, "partner_id": paper.partner_id}


def _withdraw_all(which: Any) -> None:
    query = select(Paper).where(which, Paper.withdrawn_at.is_(None)).order_by(Paper.id)
    for paper in db.session.scalars(query.with_for_update()):
        paper.withdrawn_at, paper.withdrawn_by = clock.now(), actor()
    db.session.flush()


def _status(said: str) -> str:
    if said not in STATUSES:
        raise NotFound
    return said


def _number(text_: str) -> str:
    number = " ".join(text_.split())
    if len(number) > LONGEST_NUMBER or not number.isprintable():
        raise _wrong("number", _("A number has at most %(most)s characters.", most=LONGEST_NUMBER))
    return number


def _link(text_: str) -> str:
    if not text_.strip():
        return ""
    try:
        return link_of(text_)
    except ValueError as error:
        words = _("This is no address of a page: it begins with https://.")
        raise _wrong("link", words) from error


def _file(said: Said) -> dict[str, Any]:
    if said.file is None:
        return {}
    try:
        media_type, ending = paper_type(said.file)
        data = said.file
        if media_type == "image":
            drawn = redraw(data)
            data, media_type, ending = drawn.data, drawn.media_type, drawn.extension
    except FileError as error:
        words = FILE_WORDS.get(error.code, _("This is neither a PDF nor a picture."))
        raise _wrong("file", str(words)) from error
    return {
        "digest": keep(data),
        "media_type": media_type,
        "filename": download_name(said.filename, ending),
        "size": len(data),
    }


def _wrong(name: str, message: str) -> DomainError:
    return DomainError("invalid", message, FieldError(name, message))
