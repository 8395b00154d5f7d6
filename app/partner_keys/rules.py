"""What a partner's own key may do."""

from __future__ import annotations

READ, LINKS = "partner.read", "partner.links"
SCOPES = (READ, LINKS)
MOST = 10  # keys in use of one partner
SETTING = "partner_keys"  # the merchant's: whether partners may have keys

# What a partner's feed tells, and which facts of it: what the cabinet shows of the same, and nothing of buyers.
TOLD: dict[str, frozenset[str]] = {
    "deal.created": frozenset({"deal", "state"}),
    "deal.changed": frozenset({"deal", "state"}),
    "commission.accrued": frozenset({"level", "amount", "currency"}),
    "commission.available": frozenset({"level", "amount", "currency"}),
    "commission.taken_back": frozenset({"level", "amount", "currency"}),
    "partner.adjusted": frozenset({"amount", "currency", "reason"}),
    "payout.requested": frozenset({"payout", "amount", "currency"}),
    "payout.approved": frozenset({"payout", "amount", "currency"}),
    "payout.rejected": frozenset({"payout", "amount", "currency", "reason"}),
    "payout.cancelled": frozenset({"payout", "amount", "currency"}),
    "payout.paid": frozenset({"payout", "amount", "currency"}),
    "payout.failed": frozenset({"payout", "amount", "currency", "reason"}),
    "code.created": frozenset({"code"}),
    "code.changed": frozenset({"code"}),
    "link.created": frozenset({"code", "place"}),
}
WINDOW = 5_000  # places of the merchant's feed that one call looks through
