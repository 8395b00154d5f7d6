"""Approve many payouts: as long work, each by its own rules, with a word on those that cannot be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _
from sqlalchemy import select

from app.errors import DomainError, FieldError
from app.events.service import actor
from app.extensions import db
from app.partners.models import Partner
from app.payouts.models import Payout
from app.payouts.rules import State
from app.payouts.service.decisions import approve
from app.runs import service as runs
from app.runs.models import RunLine
from app.runs.rules import Line, Step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.runs.models import Run

KIND = "payouts.approve"
MOST, AT_ONCE, SHOWN = 10_000, 100, 200  # payouts of one act; while somebody waits; refusals shown
REFUSED = "refused"


def start(payout_ids: Sequence[int]) -> Run:
    """Begin to approve payouts; few are done before this returns, many by the worker.

    Raises DomainError for none or too many, Conflict while another such act is under way.
    """
    ids = sorted(set(payout_ids))
    if not ids:
        raise _refusal(_("Choose a payout first."))
    if len(ids) > MOST:
        raise _refusal(_("At most %(most)s payouts at once.", most=MOST))
    run = runs.start(KIND, {"ids": ids}, "apply")
    if len(ids) <= AT_ONCE:
        while runs.work(run.id, KINDS):
            pass
        db.session.refresh(run)
    return run


def _refusal(words: str) -> DomainError:
    return DomainError("invalid", words, FieldError("payouts", words))


def _apply(_run: Run, ids: Sequence[int]) -> Step:
    lines, done = [], 0
    for payout_id in _by_partner(ids):
        try:
            with db.session.begin_nested():
                waits = approve(payout_id, actor()).state == State.REQUESTED
            done += not waits
            if waits:
                lines.append(
                    Line(
                        REFUSED,
                        payout_id,
                        0,
                        0,
                        {"why": _("Noted. Another person must approve it now.")},
                    )
                )
        except DomainError as error:
            lines.append(Line(REFUSED, payout_id, 0, 0, {"why": error.message}))
    return Step(ids[-1], len(ids), {"changed": done, "refused": len(lines)}, lines)


def _by_partner(ids: Sequence[int]) -> Sequence[int]:
    """Return payouts in the order in which all others lock partners' balances."""
    query = select(Payout.id).where(Payout.id.in_(ids)).order_by(Payout.partner_id, Payout.id)
    return db.session.scalars(query).all()


KINDS = {
    KIND: runs.Kind(
        count=lambda run: len(run.parameters["ids"]),
        take=lambda run, cursor, most: [i for i in run.parameters["ids"] if i > cursor][:most],
        apply=_apply,
    )
}


def refused(run: Run) -> list[Any]:
    """Return the first payouts that could not be approved: number, partner, why."""
    query = (
        select(Payout.public_id, Partner.name, RunLine.facts["why"].astext.label("why"))
        .join(RunLine, (RunLine.tenant_id == Payout.tenant_id) & (RunLine.subject == Payout.id))
        .join(Partner, (Partner.tenant_id == Payout.tenant_id) & (Partner.id == Payout.partner_id))
        .where(RunLine.run_id == run.id, RunLine.kind == REFUSED)
    )
    return list(db.session.execute(query.order_by(Payout.id).limit(SHOWN)))


def ids_of(statement: Any) -> list[int]:
    """Return the ids of a list's payouts, one more than may be approved at once at most."""
    return list(
        db.session.scalars(statement.order_by(None).with_only_columns(Payout.id).limit(MOST + 1))
    )


def named(numbers: Sequence[str]) -> list[int]:
    """Return the ids of payouts by their numbers; nobody's are left out."""
    return list(db.session.scalars(select(Payout.id).where(Payout.public_id.in_(numbers))))
