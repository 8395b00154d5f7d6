"""What each kind of letter is called on pages."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

KINDS = {
    "partner.applied": _l("Partner application"),
    "partner.registered": _l("Welcome after registration"),
    "partner.approved": _l("Welcome after approval"),
    "partner.created": _l("Welcome from the merchant"),
    "partner.invited": _l("Welcome, once more"),
    "partner.rejected": _l("Application not accepted"),
    "partner.details_changed": _l("Payment details changed"),
    "partner.recruited": _l("New partner in the network"),
    "commission.accrued": _l("Sale counted"),
    "commission.available": _l("Hold ended"),
    "payout.requested": _l("Payout requested"),
    "payout.approved": _l("Payout approved"),
    "payout.rejected": _l("Payout declined"),
    "payout.paid": _l("Payout sent"),
    "payout.failed": _l("Payout failed"),
    "staff.invited": _l("Invitation to the team"),
    "person.password_reset": _l("New password"),
}
