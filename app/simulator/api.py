"""What would this order pay, to whom, and why: an order body in, an order's answer out, nothing written."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from apiflask import APIBlueprint
from flask import g, request

from app import clock
from app.checkout import service as checkout
from app.commissions import explain
from app.earnings import service as earnings
from app.errors import DomainError, FieldError
from app.money import to_decimal_string
from app.orders.api import check_id, deal_of, read, rows_of
from app.orders.rules import State
from app.orders.schemas import SimulationIn, SimulationOut
from app.orders.service import Incoming, read_state
from app.simulator import service
from app.site.access import requires
from app.tenants import queries as tenants

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.checkout.rules import Bound
    from app.orders.rules import Snapshot
    from app.orders.service import Standing

bp = APIBlueprint("simulator", __name__, url_prefix="/simulate", tag="Orders")


@bp.post("")
@bp.input(SimulationIn, location="json", validation=False)
@bp.output(SimulationOut)
@requires("orders", also="read")
def simulate(json_data: dict[str, Any]) -> dict[str, Any]:
    """Take an order as PUT does and say what it would pay; `status` is a completed one unless said.

    `currency` and `created_at` may be left out too: the merchant's, now. With the `id` of an order
    that is there: what this message would make of it.
    """
    words = tenants.words(g.shop_id)
    body = dict(request.get_json())
    external_id = _id(body.pop("id", None))
    done = (word for word, state in words.words.items() if state == State.COMPLETED)
    body.setdefault("status", next(done, State.COMPLETED.value))
    body.setdefault("currency", g.tenant.currency)
    undated = body.get("created_at") is None
    body["created_at"] = clock.now().isoformat() if undated else body["created_at"]
    snapshot = _dated(read(body), undated=undated)
    incoming = Incoming(
        shop_id=g.shop_id,
        external_id=external_id or "",
        snapshot=snapshot,
        state=read_state(snapshot.status, words.words),
        map_version=words.version,
        source="simulator",
        received_at=clock.now(),
    )
    checkout.check(incoming, _narrow)
    found = service.simulate(incoming)
    view = found.view
    return {
        "id": external_id,
        "number": snapshot.number or external_id,
        "status": snapshot.status,
        "state": found.order.folded.state.value,
        "deal": deal_of(view) if view.partner else None,
        "reason": view.deal.reason,
        "reason_text": explain.nothing(view.deal.reason) if view.deal.reason else None,
        "left_out": explain.notes(
            view.deal.notes, {line.id: line.name or line.id for line in snapshot.lines}, found.names
        ),
        "claims": [
            {"kind": c.kind, "evidence": c.evidence, "partner": c.partner, "won": c.won,
             "reason": c.why, "reason_text": explain.nothing(c.why)}
            for c in found.claims
        ],
        "bonus": _bonus(found.order) if tenants.setting("loyalty") else None,
    }  # fmt: skip


def _bonus(order: Standing) -> dict[str, Any]:
    """Return what the order would spend and earn, and the most that it could spend."""
    found, currency = checkout.look(order, _narrow), g.tenant.currency
    shares = {one.line: one.share for one in found.version.shares}
    sums = {
        "balance": found.balance,
        "max_spend": found.most,
        "spent": found.spent,
        "held": found.held,
        "earn": earnings.foreseen(g.tenant, order, shares),
        "consideration": found.version.consideration,
    }
    return {
        **{name: to_decimal_string(amount, currency) for name, amount in sums.items()},
        "receipt": rows_of(found.version.rows, currency),
        "reasons": checkout.reasons(found.bounds, currency),
    }


def _narrow(order: Standing) -> Sequence[Bound]:
    return earnings.bounds(g.tenant, order)


def _dated(snapshot: Snapshot, *, undated: bool) -> Snapshot:
    """Let an order without its own time be no later than what is said of it; refuse what was before it."""
    said = {"completed_at": snapshot.completed_at, "updated_at": snapshot.updated_at}
    times = {name: at for name, at in said.items() if at is not None}
    if undated:
        return replace(snapshot, created_at=min([snapshot.created_at, *times.values()]))
    wrong = [name for name, at in times.items() if at < snapshot.created_at]
    if wrong:
        message = "This is before the order was created."
        errors = [FieldError(name, message) for name in wrong]
        raise DomainError("invalid", "The order's times contradict each other.", *errors)
    return snapshot


def _id(said: Any) -> str | None:
    if said is None:
        return None
    if not isinstance(said, str) or not said:
        message = "The id must be a string of 1 to 128 characters."
        raise DomainError("invalid", message, FieldError("id", message))
    return check_id(said)
