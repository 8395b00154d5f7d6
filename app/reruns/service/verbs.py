"""Verbs on re-runs of older orders."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _

from app import clock
from app.errors import Conflict, DomainError, FieldError
from app.intake import service as intake
from app.orders import service as orders
from app.reruns.service.kinds import TERMS, WORDS, check_words, who_bought
from app.runs import service as runs
from app.tenants import queries as tenants

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.ledger.service import Posting
    from app.programs.models import Group, Terms
    from app.runs.models import Run
    from app.tenants.models import Shop

MOST_DAYS = 3650


def look_at_words(shop: Shop, days: int | None) -> Run:
    """Look at what the shop's words of today would change in orders of the last days (None: in all).

    Raises DomainError for days out of range, Conflict while another look or re-run is under way.
    """
    if days is not None and not 1 <= days <= MOST_DAYS:
        words = _("Between %(low)s and %(high)s days.", low=1, high=MOST_DAYS)
        raise DomainError("invalid", words, FieldError("days", words))
    since = None if days is None else (clock.now() - timedelta(days=days)).isoformat()
    values = {"shop": shop.id, "version": tenants.words(shop.id).version, "since": since}
    return runs.start(WORDS, values | {"days": days}, "preview")


def look_at_terms(
    since: datetime | None,
    *,
    terms: Terms | None = None,
    group: Group | None = None,
    partners: Sequence[int] = (),
) -> Run:
    """Look at what today's rates would change in deals made since then.

    `terms`: of those who are on them, or whose deals were made by them; `group`: of its partners;
    `partners`: of these alone. Raises DomainError for a start that is not past, Conflict as above.
    """
    now = clock.now()
    if since is None or since >= now:
        words = _("Choose a day that has begun.")
        raise DomainError("invalid", words, FieldError("since", words))
    values: dict[str, Any] = {
        "since": since.isoformat(),
        "as_of": now.isoformat(),
        "terms": terms.id if terms else None,
        "group": group.id if group else None,
        "partners": sorted(partners) or None,
        "undo": None,
    }
    return runs.start(TERMS, values, "preview")


def undo(run: Run) -> Run:
    """Look at what taking back an applied re-rating would change: deals get the rates of their time again.

    Raises Conflict for a run that is no re-rating, or was never applied.
    """
    if run.kind != TERMS or run.phase != "apply" or run.parameters["undo"]:
        raise Conflict("not_now", _("This is not possible any more. Look at it again."))
    return runs.start(TERMS, {"undo": run.parameters["as_of"], "as_of": None}, "preview")


def apply(run: Run) -> Run:
    """Apply what was looked at, in the background.

    Raises Conflict where it was not looked at to the end, cannot be applied, or the shop's words were
    changed since.
    """
    if run.kind not in {WORDS, TERMS}:
        raise Conflict("not_now", _("This is not possible any more. Look at it again."))
    check_words(run)
    return runs.act(run, "apply")


@dataclass(frozen=True)
class Replayed:
    """What a replay of a batch found wrong: nothing, if all is well."""

    refolded: Sequence[int]  # orders that stood otherwise than their messages say
    posted: Sequence[Posting]


def replay(order_ids: Sequence[int]) -> Replayed:
    """Fold orders anew from their messages and reconcile them: twice does no harm, once finds what is wrong."""
    intake.in_turn()
    seen = orders.get_all(order_ids)
    folds = orders.read_anew(seen)
    whose = who_bought(seen, folds)
    held = intake.hold(seen, [member for pair in whose.values() for member in pair])
    changed = orders.refold(held, orders.read_anew(held), whose)
    now = {order.id: order for order in (*held, *changed)}
    of = [order.member_id for order in (*held, *changed)]
    return Replayed([order.id for order in changed], intake.reconcile(list(now.values()), of))
