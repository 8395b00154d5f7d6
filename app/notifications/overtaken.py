"""Letters that say what is no longer so when they would leave."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.notifications import queries
from app.papers.queries import has_receipt
from app.payruns import queries as pay_runs
from app.payruns.rules import State as Standing

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.notifications.view import View


def is_overtaken(view: View) -> bool:
    """Whether a letter says what is no longer so: done meanwhile, or a decision was taken back."""
    said = _SAID.get(view.kind)
    return said is not None and said(view)


def _confirmed(view: View) -> bool:
    return view.applicant is None or view.applicant.state != "sent"


def _receipt_is_there(view: View) -> bool:
    return view.payout is None or has_receipt(view.payout.id)


def _run_went_on(view: View) -> bool:
    run = pay_runs.find(view.facts["pay_run"])
    return run is not None and run.standing is not Standing.PREPARED


def _payout_went_on(view: View) -> bool:
    return view.payout is not None and view.payout.state != "requested"


def _taken_back(view: View) -> bool:
    return view.partner is not None and view.partner.status == "pending"


def _untold(view: View) -> bool:
    """That an application waits again is told only to whoever was told of the decision."""
    if view.partner is None:
        return False
    told = ("partner.approved", "partner.rejected")
    sent = any(queries.was_sent(kind, view.recipient) for kind in told)
    return view.partner.status != "pending" or not sent


_SAID: dict[str, Callable[[View], bool]] = {
    "partner.asked": _confirmed,
    "receipt.wanted": _receipt_is_there,
    "pay_run.first_approved": _run_went_on,
    "payout.first_approved": _payout_went_on,
    "partner.reopened": _untold,
    "partner.approved": _taken_back,
    "partner.rejected": _taken_back,
}
