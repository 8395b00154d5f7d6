"""One act on many partners: as long work, with what was before, so that it can be undone."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _
from sqlalchemy import func, select

from app.errors import DomainError, FieldError
from app.extensions import db
from app.partners.models import Partner
from app.partners.rules import LIFECYCLE, Status
from app.partners.service import states
from app.partners.service.entering import change
from app.programs import queries as programs
from app.runs import service as runs
from app.runs.models import RunLine
from app.runs.rules import Line, Step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.runs.models import Run

KIND, UNDO = "partners.bulk", "partners.bulk_undo"
MOST, AT_ONCE = 10_000, 200  # partners of one act; of those done while somebody waits
CHANGED = "changed"


class Act(StrEnum):
    """What can be done to many."""

    GROUP = "group"
    TERMS = "terms"
    APPROVE = "approve"
    BLOCK = "block"
    UNBLOCK = "unblock"


COLUMNS = {Act.GROUP: "group_id", Act.TERMS: "terms_id"}
BACK = {
    Act.BLOCK: Act.UNBLOCK,
    Act.UNBLOCK: Act.BLOCK,
}  # an approval's letter cannot be called back


def start(act: Act, value: int | None, partner_ids: Sequence[int]) -> Run:
    """Begin an act on partners; few are done before this returns, many by the worker.

    `value`: the group or the terms (None: no group, the base terms). Raises DomainError for none or
    too many partners and for nobody's group or terms, Conflict while another such act is under way.
    """
    ids = sorted(set(partner_ids))
    if not ids:
        raise _refusal(_("Choose somebody first."))
    if len(ids) > MOST:
        raise _refusal(_("At most %(most)s partners at once.", most=MOST))
    find = {Act.GROUP: programs.group_by_id, Act.TERMS: programs.terms_by_id}.get(act)
    if find is not None and value is not None and find(value) is None:
        raise _refusal(_("Choose one of the list."))
    said = {"act": act.value, "value": value, "ids": ids}
    return _begun(runs.start(KIND, said, "apply"), len(ids))


def undo(run: Run) -> Run:
    """Take an act back where nothing was changed since. Raises DomainError for what has no way back."""
    if not can_undo(run):
        raise _refusal(_("This cannot be taken back."))
    query = select(RunLine.subject).where(RunLine.run_id == run.id, RunLine.kind == CHANGED)
    ids = sorted(db.session.scalars(query))
    said = {"act": run.parameters["act"], "of": run.id, "ids": ids}
    return _begun(runs.start(UNDO, said, "apply"), len(ids))


def can_undo(run: Run) -> bool:
    """Tell whether an act has a way back, and changed anything."""
    act = Act(run.parameters["act"])
    return run.kind == KIND and (act in COLUMNS or act in BACK) and bool(run.applied.get("changed"))


def _begun(run: Run, number: int) -> Run:
    if number <= AT_ONCE:
        while runs.work(run.id, KINDS):
            pass
        db.session.refresh(run)
    return run


def _refusal(words: str) -> DomainError:
    return DomainError("invalid", words, FieldError("partners", words))


def _take(run: Run, cursor: int, most: int) -> Sequence[int]:
    return [i for i in run.parameters["ids"] if i > cursor][:most]


def _partners(ids: Sequence[int]) -> Sequence[Partner]:
    return db.session.scalars(
        select(Partner).where(Partner.id.in_(ids)).order_by(Partner.id).with_for_update()
    ).all()


def _apply(run: Run, ids: Sequence[int]) -> Step:
    act, value = Act(run.parameters["act"]), run.parameters["value"]
    done = {p.id: said for p in _partners(ids) if (said := _do(act, value, p)) is not None}
    lines = [
        Line(CHANGED, i, 0, 0, {"before": said[0], "after": said[1]}) for i, said in done.items()
    ]
    return Step(ids[-1], len(ids), {"changed": len(done)}, lines)


def _do(act: Act, value: int | None, partner: Partner) -> tuple[Any, Any] | None:
    """Do it to one; return what was and what is now, None where there was nothing to do."""
    column = COLUMNS.get(act)
    if column is not None:
        before = getattr(partner, column)
        if before == value or partner.status == Status.REMOVED:
            return None
        change(partner, **{column: value})
        return before, value
    status = partner.status
    if act.value not in LIFECYCLE.actions(Status(status)) or status == Status.REJECTED:
        return None
    states.act(partner, act.value)
    return status, partner.status


def _back(run: Run, ids: Sequence[int]) -> Step:
    query = select(RunLine).where(
        RunLine.run_id == run.parameters["of"], RunLine.kind == CHANGED, RunLine.subject.in_(ids)
    )
    lines = {line.subject: line.facts for line in db.session.scalars(query)}
    act = Act(run.parameters["act"])
    done = 0
    for partner in _partners(ids):
        said, column = lines[partner.id], COLUMNS.get(act)
        if column is None:
            done += partner.status == said["after"] and _do(BACK[act], None, partner) is not None
        elif getattr(partner, column) == said["after"]:
            change(partner, **{column: said["before"]})
            done += 1
    return Step(ids[-1], len(ids), {"changed": done})


def _count(run: Run) -> int:
    return len(run.parameters["ids"])


KINDS = {
    KIND: runs.Kind(count=_count, take=_take, apply=_apply),
    UNDO: runs.Kind(count=_count, take=_take, apply=_back),
}


def ids_of(statement: Any) -> list[int]:
    """Return the ids of a list's partners, one more than may be done at once at most."""
    return list(
        db.session.scalars(statement.order_by(None).with_only_columns(Partner.id).limit(MOST + 1))
    )


def named(refcodes: Sequence[str]) -> list[int]:
    """Return the ids of partners by their refcodes as they are now; nobody's are left out."""
    query = select(Partner.id).where(func.lower(Partner.refcode).in_([r.lower() for r in refcodes]))
    return list(db.session.scalars(query))
