"""Which claim wins an order, and to whom a customer is bound. Every claim is kept, with why."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from app.attribution.rules.shapes import (
    IMPORTED,
    SKEW,
    UNPROVEN,
    Attribution,
    Binding,
    Claim,
    Enrolment,
    Kind,
    OrderClaims,
    Outcome,
    Reason,
    Standing,
    Verdict,
)
from app.partners.rules import Status

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

_CODES = frozenset({Kind.PARTNER_CODE, Kind.COUPON})
_TIMED = frozenset({Kind.CLICK, Kind.REF, Kind.SITE})  # first or last among their like
_WINDOWED = frozenset({Kind.CLICK, Kind.SITE})
_RANK_CODE = {
    Kind.STAFF: 0,
    Kind.PARTNER_CODE: 1,
    Kind.COUPON: 2,
    Kind.OWN: 3,
    Kind.BINDING: 4,
    Kind.CLICK: 5,
    Kind.REF: 5,
    Kind.SITE: 7,
    Kind.ENTRY: 8,
}
_RANK_LINK = _RANK_CODE | {Kind.COUPON: 6}


def winner(
    order: OrderClaims, binding: Binding | None, ordered_before: datetime | None, standing: Standing
) -> Verdict:
    """Decide one order. `ordered_before` is when the customer's first earlier order was made.

    The strongest claim without a flaw wins: staff, a partner's code typed on the order, the first
    partner's code among coupons, the buyer himself where own purchases earn cashback, the lifetime
    binding, click or ref, verified site, entry address;
    where links beat codes, coupons come right below the click.
    """
    bench = _Bench(order, binding, ordered_before, standing)
    ranked = sorted(bench.claims(), key=bench.place)
    outcomes: list[Outcome] = []
    won: Claim | None = None
    for claim in ranked:
        reason = bench.flaw(claim) or (Reason.WON if won is None else Reason.WEAKER)
        if reason is Reason.WON:
            won = claim
        outcomes.append(Outcome(claim, reason))
    verdict = Reason.WON if won else outcomes[0].reason if outcomes else Reason.NO_CLAIM
    return Verdict(order.order_id, won, tuple(outcomes), verdict)


class _Bench:
    """One order before the judge."""

    def __init__(
        self,
        order: OrderClaims,
        binding: Binding | None,
        ordered_before: datetime | None,
        standing: Standing,
    ) -> None:
        self.order = order
        self.standing = standing
        self.settings = standing.settings(order.created_at)
        self.binding = binding if binding and self._holds(binding) else None
        self.rank = _RANK_LINK if self.settings.conflict == "link" else _RANK_CODE
        known_since = (order.buyer.registered_at, ordered_before)
        self.known_since = min((at for at in known_since if at is not None), default=None)
        self.own = standing.own_partner(order.buyer, order.created_at)
        self.clicked = any(
            claim.kind is Kind.CLICK and claim.partner_id is not None for claim in order.claims
        )

    def _holds(self, binding: Binding) -> bool:
        """Whether the binding speaks for this order: it is not younger, and has not run out."""
        at = self.order.created_at
        if binding.since > at:
            return False
        if self.settings.lifetime:
            return True
        if binding.order_id is not None:
            return False
        days = self.standing.window_days(binding.partner_id, at)
        return at <= binding.since + timedelta(days=days)

    def claims(self) -> tuple[Claim, ...]:
        """The order's own claims, that of the binding, and the buyer's own where that earns."""
        found = list(self.order.claims)
        if self.binding is not None:
            bound = self.binding
            found.append(Claim(Kind.BINDING, bound.how, bound.partner_id, touch_at=bound.since))
        if self.own is not None:
            found.append(Claim(Kind.OWN, "own", self.own))
        return tuple(found)

    def touch(self, claim: Claim) -> datetime:
        """When the claim's touch was; what has no time of its own counts as of the order."""
        return claim.touch_at or self.order.created_at

    def place(self, claim: Claim) -> tuple[int, timedelta, int, str, str]:
        """Sort key: rank, then first or last click, then place in the list; never a tie."""
        when = timedelta(0)
        if claim.kind in _TIMED:
            when = self.touch(claim) - self.order.created_at
            when = when if self.settings.click == "first" else -when
        return self.rank[claim.kind], when, claim.position, claim.kind, claim.evidence

    def flaw(self, claim: Claim) -> Reason | None:
        """Return why the claim loses whatever else there is, or None."""
        if claim.flaw is not None:
            return claim.flaw
        if claim.partner_id is None:
            return Reason.UNKNOWN
        return (
            self._timing(claim, claim.partner_id)
            or self._person(claim.partner_id, self.touch(claim))
            or self._customer(claim)
        )

    def told(self, claim: Claim) -> Reason | None:
        """Return why a binding of the former system does not hold: it was decided there, windows and all."""
        if claim.flaw is not None:
            return claim.flaw
        if claim.partner_id is None:
            return Reason.UNKNOWN
        return self._person(claim.partner_id, self.touch(claim))

    def _timing(self, claim: Claim, partner_id: int) -> Reason | None:
        touch, ordered = self.touch(claim), self.order.created_at
        if claim.kind is Kind.REF and self.clicked:
            return Reason.CLICK_PRESENT
        if touch > ordered + SKEW:
            return Reason.AFTER_ORDER
        if claim.kind in _WINDOWED:
            days = self.standing.window_days(partner_id, ordered)
            if touch + timedelta(days=days) < ordered:
                return Reason.OUTSIDE_WINDOW
        return None

    def _person(self, partner_id: int, touch: datetime) -> Reason | None:
        for at in (touch, self.order.created_at):
            status = self.standing.status(partner_id, at)
            if status is not Status.ACTIVE:
                return Reason.BLOCKED if status is Status.BLOCKED else Reason.INACTIVE
        buyer = self.order.buyer
        known = self.standing.identity(partner_id)
        if partner_id == self.own:
            return None
        if known.is_buyer(buyer.member_id, buyer.email, buyer.phone):
            return Reason.SELF_REFERRAL
        return None

    def _customer(self, claim: Claim) -> Reason | None:
        if claim.kind in {Kind.STAFF, Kind.BINDING} or claim.partner_id == self.own:
            return None
        if self.binding is not None:
            foreign = claim.kind in _CODES and claim.partner_id != self.binding.partner_id
            return Reason.FOREIGN if foreign and self.settings.foreign_code == "ignore" else None
        ignored = self.settings.existing == "ignore"
        return Reason.EXISTING_CUSTOMER if ignored and self.known(claim) else None

    def known(self, claim: Claim) -> bool:
        """Whether the customer had registered or ordered before the claim's touch."""
        return self.known_since is not None and self.known_since < self.touch(claim)


def verdicts(
    orders: Sequence[OrderClaims],
    enrolments: Sequence[Enrolment],
    standing: Standing,
    *,
    bindable: bool = True,
) -> Attribution:
    """Decide all orders of one customer, by created_at and id, so that arrival plays no part.

    The customer belongs to the winner of the first order that has one, or of the first registration
    or subscription that came with a sound claim, if that was before; another partner's code moves
    the binding only where codes rebind. Where bindings do not last, that of an enrolment holds for
    the partner's window. Guests who cannot be told apart are never bound.
    """
    in_turn = sorted(orders, key=lambda o: (o.created_at, o.external_id, o.order_id))
    judged = _enrolled(enrolments, in_turn, standing)
    waiting = [_bound_by(enrolment) for enrolment, reason in judged if reason is Reason.WON]
    binding: Binding | None = None
    ordered_before: datetime | None = None
    found: dict[int, Verdict] = {}
    for order in in_turn:
        if binding is None and waiting and waiting[0].since <= order.created_at:
            binding = waiting[0]
        verdict = winner(order, binding, ordered_before, standing)
        found[order.order_id] = verdict
        if bindable:
            ordered_before = ordered_before or order.created_at
            binding = _bound(order, verdict.winner, binding, standing)
    return Attribution(found, binding or (waiting[0] if waiting else None), judged)


def _enrolled(
    enrolments: Sequence[Enrolment], orders: Sequence[OrderClaims], standing: Standing
) -> tuple[tuple[Enrolment, Reason], ...]:
    """Judge what came with registrations and subscriptions, oldest first; the first sound one wins."""
    found: list[tuple[Enrolment, Reason]] = []
    won = False
    for one in sorted(enrolments, key=lambda e: (e.since, e.claim.kind, e.claim.evidence, e.id)):
        before = next((o.created_at for o in orders if o.created_at < one.since), None)
        asked = OrderClaims(0, one.since, one.buyer, (one.claim,))
        bench = _Bench(asked, None, before, standing)
        reason = bench.told(one.claim) if one.how == IMPORTED else bench.flaw(one.claim)
        if reason is None and one.claim.partner_id == bench.own:
            reason = Reason.SELF_REFERRAL
        if reason is None and one.how in UNPROVEN and bench.known(one.claim):
            # Whoever filled in the form need not be the customer: it never moves a known one.
            reason = Reason.EXISTING_CUSTOMER
        if reason is None:
            reason = Reason.WEAKER if won else Reason.WON
        won = won or reason is Reason.WON
        found.append((one, reason))
    return tuple(found)


def _bound_by(enrolment: Enrolment) -> Binding:
    partner_id = enrolment.claim.partner_id
    if partner_id is None:
        raise LookupError("only a claim for a partner wins")
    return Binding(partner_id, enrolment.since, enrolment.how)


def _bound(
    order: OrderClaims, won: Claim | None, binding: Binding | None, standing: Standing
) -> Binding | None:
    """Return the binding after an order: the first winner's, until a code may move it.

    Nobody is bound to himself: after an own purchase the customer belongs to whom he did before.
    """
    if won is None or won.partner_id is None:
        return binding
    if won.partner_id == standing.own_partner(order.buyer, order.created_at):
        return binding
    rebinds = won.kind in _CODES and standing.settings(order.created_at).foreign_code == "rebind"
    if binding is None or (rebinds and binding.partner_id != won.partner_id):
        return Binding(won.partner_id, order.created_at, won.kind.value, order.order_id)
    return binding
