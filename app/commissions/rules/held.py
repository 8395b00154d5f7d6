"""What the fraud desk makes of a deal, and what that does to its money."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from app.attribution.rules import Kind
from app.commissions.rules.shapes import Bucket, Note
from app.fraud.rules import UNSEEN, Bought, Scene, Seen, Sign, Standing, look, query_of
from app.orders.rules import State
from app.partners.rules import fold_code

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from app.attribution.rules import Verdict
    from app.commissions.rules.shapes import OrderInput
    from app.commissions.rules.world import Terms, World

_BY_LINK = frozenset({Kind.CLICK, Kind.REF, Kind.SITE, Kind.ENTRY})


@dataclass(frozen=True, slots=True)
class History:
    """All orders of one customer, by when they were made, who won each, and each one's number."""

    orders: Sequence[OrderInput]
    verdicts: Mapping[int, Verdict]
    numbers: Mapping[int, int]


def looked_at(
    order: OrderInput,
    partner_id: int,
    terms: Terms,
    world: World,
    free_at: datetime | None,
    whole: History,
) -> Seen:
    """Return what the desk makes of a deal, by the policy of when its order was made.

    `free_at`: when the money would be available; None: not known yet.
    """
    created_at = order.folded.snapshot.created_at
    policy = world.fraud_policy(created_at)
    if not policy.on and order.case.decision is None:
        return UNSEEN
    known, said = world.identity(partner_id), order.folded.snapshot.customer
    since = created_at - timedelta(days=policy.loop_days)
    loops, won = Sign.LOOP in policy.on, whole.verdicts[order.order_id].winner
    scene = Scene(
        created_at=created_at,
        free_at=free_at,
        partner_id=partner_id,
        terms_id=terms.id,
        email=order.buyer.email,
        phone=order.buyer.phone or said.phone,
        partner_emails=known.emails,
        partner_phones=known.phones,
        addresses=tuple(_addresses(order, partner_id)),
        ended=tuple(_ended(order, partner_id, since, whole)) if loops else (),
        trace=order.case.trace,
        by_click=won is not None and won.kind in _BY_LINK,
    )
    return look(scene, policy, order.case.decision)


def kept_back(bucket: Bucket | None, seen: Seen) -> Bucket | None:
    """Return where a deal's money stands: held is not available, refused is nothing (None)."""
    if seen.standing is Standing.REFUSED:
        return None
    held = seen.standing is Standing.HELD
    return Bucket.PENDING if held and bucket is Bucket.AVAILABLE else bucket


def said_of(seen: Seen, nothing: bool) -> tuple[Note, ...]:  # noqa: FBT001 - a fact, not a switch
    """Return what the deal's explanation says of the desk; neutral, for partners read it too."""
    said = seen.decision.said if seen.decision and seen.decision.said else None
    if nothing or seen.standing not in {Standing.HELD, Standing.REFUSED}:
        return ()
    return (Note(seen.standing.value, text=said if seen.standing is Standing.REFUSED else None),)


def _addresses(order: OrderInput, partner_id: int) -> Iterator[str]:
    """Return the entry addresses that name the partner."""
    own = {fold_code(c.evidence) for c in order.claims if c.partner_id == partner_id}
    for evidence in order.folded.evidence:
        if evidence.kind == "entry":
            named = {fold_code(value) for value in query_of(evidence.value).values()}
            if named & own:
                yield evidence.value


def _ended(order: OrderInput, partner_id: int, since: datetime, whole: History) -> Iterator[Bought]:
    """Return the customer's earlier orders through the partner that were cancelled, and when.

    An order without a time of its change counts as ended when it was made.
    """
    for other in whole.orders:
        if other.order_id == order.order_id:
            return
        folded, won = other.folded, whole.verdicts[other.order_id].winner
        through = won is not None and won.partner_id == partner_id
        if through and folded.state is State.CANCELLED and folded.snapshot.created_at >= since:
            times = (folded.snapshot.updated_at, folded.deleted_at)
            ended = max((at for at in times if at), default=folded.snapshot.created_at)
            yield Bought(folded.snapshot.number or other.external_id, ended)
