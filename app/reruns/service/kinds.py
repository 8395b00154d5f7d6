"""The kinds of re-runs: how each finds its orders, looks at what it would change, and changes it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _

from app.commissions.rules import facts_from_rows
from app.errors import Conflict
from app.events import service as events
from app.events.service import Happened
from app.intake import service as intake
from app.intake.service import tenant
from app.members import service as members
from app.members.rules import region_of
from app.orders import service as orders
from app.partners import queries as partners
from app.programs import queries as programs
from app.reruns import queries
from app.reruns.queries import Scope
from app.reruns.rules import BACK, as_of_today, of_partner, overlaid
from app.reruns.service.looking import look
from app.runs import queries as runs
from app.runs.rules import Step
from app.runs.service import Kind
from app.tenants import queries as tenants

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.commissions.rules import World
    from app.ledger.service import Posting
    from app.orders.rules import Folded
    from app.orders.service import Standing
    from app.runs.models import Run
    from app.tenants.queries import Words

WORDS, TERMS, BACKTEST, ANNOUNCE = "status_map", "terms", "backtest", "announce"


def scope_of(run: Run) -> Scope:
    """Return the orders that a re-run takes."""
    values = run.parameters
    if run.kind == WORDS:
        return Scope("shop", {"shop": values["shop"], "since": values["since"]})
    if run.kind == BACKTEST:
        return Scope("since", {"since": values["since"], "until": values["until"]})
    if values.get("undo"):
        return Scope("rated", {"rated": values["undo"]})
    names = ("since", "as_of", "terms", "group", "partners")
    return Scope("terms", {name: values[name] for name in names})


def _count(run: Run) -> int:
    return scope_of(run).count()


def _take(run: Run, cursor: int, most: int) -> Sequence[int]:
    return scope_of(run).after(cursor, most)


def _words(run: Run) -> Words:
    found = tenants.words_of(run.parameters["shop"], run.parameters["version"])
    if found is None:
        raise LookupError("this version of the shop's words does not exist")
    return found


def _look_at_words(run: Run, ids: Sequence[int]) -> Step:
    found = _words(run)

    def remapped(seen: Sequence[Standing]) -> list[Standing]:
        folds = orders.read_anew(seen, found.words, found.version)
        return [replace(order, folded=folds.get(order.id, order.folded)) for order in seen]

    return look(scope_of(run), ids, remapped)


def _apply_words(run: Run, ids: Sequence[int]) -> Step:
    """Read the orders' messages by the run's map, and book what follows."""
    found = _words(run)
    intake.in_turn()
    seen = orders.get_all(ids)
    folds = orders.read_anew(seen, found.words, found.version)
    whose = who_bought(seen, folds)
    held = intake.hold(seen, [member for pair in whose.values() for member in pair])
    changed = orders.remap(held, found.words, found.version, whose)
    before = {order.id: order.member_id for order in held}
    of = [member for o in changed for member in (o.member_id, before[o.id])]
    return _applied(ids, changed, intake.reconcile(changed, of))


def who_bought(
    seen: Sequence[Standing], folds: Mapping[int, Folded]
) -> dict[int, tuple[int | None, int | None]]:
    """Return the customer and the guest of orders whose newest message is another now, by order.

    Of several messages of one moment another may be the newest, and name another customer.
    """
    region = region_of(tenant().currency)
    moved = [o for o in seen if o.id in folds and orders.other_customer(o.folded, folds[o.id])]
    named = [orders.contact_of(folds[o.id].snapshot, o.shop_id, region) for o in moved]
    found = zip(moved, members.resolve(named), strict=True)
    return {order.id: (who.member_id, who.guest_id) for order, who in found}


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _look_at_terms(run: Run, ids: Sequence[int]) -> Step:
    as_of = _instant(run.parameters["as_of"])
    return look(scope_of(run), ids, lambda seen: [replace(o, rated_as_of=as_of) for o in seen])


def _apply_terms(run: Run, ids: Sequence[int]) -> Step:
    """Give the orders the rates of the run's instant, and book what follows."""
    as_of = _instant(run.parameters["as_of"])
    intake.in_turn()
    held = intake.hold(orders.get_all(ids))
    rated = orders.rate_as_of(ids, as_of)
    changed = [replace(order, rated_as_of=as_of) for order in held if order.id in rated]
    return _applied(ids, changed, intake.reconcile(changed, [o.member_id for o in changed]))


def _applied(ids: Sequence[int], changed: Sequence[Standing], posted: Sequence[Posting]) -> Step:
    booked = Counter(posting.order_id for posting in posted if posting.order_id is not None)
    return Step(max(ids), len(ids), {"changed": len(changed), "booked": len(booked)})


def _backtest(run: Run, ids: Sequence[int]) -> Step:
    values = run.parameters
    since, until = (datetime.fromisoformat(values[name]) for name in ("since", "until"))

    def today(world: World) -> World:
        return as_of_today(world, since, until)

    rows = [
        (owner, name, since, value)
        for owner, said in values["facts"].items()
        for name, value in said.items()
    ]
    put = facts_from_rows(rows, tenant().currency)
    return look(scope_of(run), ids, list, lambda w: overlaid(today(w), put, since), today)


def _whom(run: Run) -> tuple[int, str]:
    return run.parameters["terms_id"], run.parameters["holds_from"]


def _announce(run: Run, ids: Sequence[int]) -> Step:
    """Tell partners of new terms, each with what he would have earned by them."""
    values: dict[str, Any] = run.parameters
    lines = runs.lines_of(values["backtest"], "partner", ids)
    names = ("terms_id", "name", "version", "holds_from")
    common = {name: values[name] for name in names} | {"days": BACK, "currency": tenant().currency}
    own, told = partners.own_levels(ids), []
    for partner_id in ids:
        line = lines.get(partner_id)
        figures = {"before": line.before if line else None, "after": line.after if line else None}
        was, will = (of_partner(values[name], own[partner_id]) for name in ("was", "will"))
        said = {"terms": will, "touched": was != will or figures["before"] != figures["after"]}
        facts = {"partner_id": partner_id, **common, **figures, **said}
        told.append(Happened("terms.announced", f"partner:{partner_id}", facts))
    events.record_all(told)
    return Step(max(ids), len(ids), {"told": len(told)})


def is_stale(run: Run) -> bool:
    """Whether the shop's words were changed since a run over them was begun."""
    if run.kind != WORDS:
        return False
    seen: int = run.parameters["version"]
    return tenants.words(run.parameters["shop"]).version != seen


def check_words(run: Run, action: str = "resume") -> None:
    """Raise Conflict where going on would apply words that were changed since."""
    if action == "resume" and is_stale(run):
        words = _("The words were changed meanwhile. Look again at what they would change.")
        raise Conflict("stale", words)


def _unneeded(run: Run, action: str) -> None:
    """Raise Conflict where partners are being told the figures of a backtest."""
    if action == "discard" and runs.unfinished(ANNOUNCE, backtest=run.id):
        words = _("Partners are being told these figures. Throw them away when all are told.")
        raise Conflict("needed", words)


def _still_planned(run: Run, action: str) -> None:
    """Raise Conflict where partners would be told of terms that were withdrawn."""
    draft = programs.find_draft(run.parameters["draft"])
    if action == "resume" and (draft is None or draft.published_at is None):
        raise Conflict("stale", _("These terms were withdrawn: there is nothing to tell."))


KINDS: dict[str, Kind] = {
    WORDS: Kind(_count, _take, _look_at_words, _apply_words, check_words),
    TERMS: Kind(_count, _take, _look_at_terms, _apply_terms),
    BACKTEST: Kind(_count, _take, _backtest, may=_unneeded),
    ANNOUNCE: Kind(
        lambda run: queries.count_on(*_whom(run)),
        lambda run, cursor, most: queries.partners_on(*_whom(run), cursor, most),
        apply=_announce,
        may=_still_planned,
    ),
}
