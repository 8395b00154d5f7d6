"""The types of events: who may see each. docs/events.md tells what each says."""

from __future__ import annotations

from enum import StrEnum


class Audience(StrEnum):
    """Whom a type of event is for; each includes the ones before it."""

    INTERNAL = "internal"
    MERCHANT = "merchant"
    PARTNER = "partner"


I, M, P = Audience.INTERNAL, Audience.MERCHANT, Audience.PARTNER  # noqa: E741

CATALOG: dict[str, Audience] = {
    "signup.asked": I,
    "signup.confirmed": I,
    "signup.refused": I,
    "signup.opened": I,
    "install_code.drawn": M,
    "install_code.used": M,
    "merchant.created": M,
    "merchant.settings_changed": M,
    "clock.moved": M,
    "test_sale.made": M,
    "test_sale.undone": M,
    "shop.changed": M,
    "key.created": M,
    "key.revoked": M,
    "connection.created": M,
    "connection.disabled": M,
    "staff.invited": M,
    "staff.changed": M,
    "staff.removed": M,
    "person.password_reset": I,
    "person.signed_in": I,
    "person.signed_out_everywhere": I,
    "terms.created": M,
    "terms.changed": M,
    "group.changed": M,
    "campaign.created": M,
    "campaign.changed": M,
    "campaign.stopped": M,
    "cap.near": M,
    "cap.partner_near": P,
    "product.changed": M,
    "category.changed": M,
    "partner.applied": M,
    "partner.registered": P,
    "partner.approved": P,
    "partner.rejected": P,
    "partner.created": P,
    "partner.invited": P,
    "partner.changed": M,
    "partner.blocked": P,
    "partner.unblocked": P,
    "partner.removed": P,
    "partner.sponsor_changed": M,
    "partner.branch_moved": M,
    "partner.restored": P,
    "partner.group_warned": P,
    "partner.group_moved": P,
    "partner.recruited": P,
    "partner.details_changed": P,
    "partner.adjusted": P,
    "link.created": P,
    "site.verified": P,
    "postback.created": P,
    "postback.stopped": P,
    "site.lost": P,
    "site.withdrawn": P,
    "order.parked": M,
    "order.unmapped_status": M,
    "run.started": M,
    "run.stopped": M,
    "run.finished": M,
    "run.failed": M,
    "terms.announced": P,
    "terms.withdrawn": M,
    "deal.created": P,
    "deal.changed": P,
    "deal.overridden": P,
    "commission.accrued": P,
    "commission.available": P,
    "commission.taken_back": P,
    "payout.requested": P,
    "payout.approved": P,
    "payout.sending": M,
    "payout.unknown": M,
    "payout.rejected": P,
    "payout.cancelled": P,
    "payout.paid": P,
    "payout.failed": P,
}
