"""Words for what is owed."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.liability.rules import What

NAMES = {
    What.AVAILABLE: _l("Available now"),
    What.RESERVED: _l("In payouts"),
    What.HOLD: _l("On hold, with a day"),
    What.UNDATED: _l("On hold, the order is not completed"),
    What.EXPECTED: _l("Expected"),
    What.DEBT: _l("Partners owe you"),
}
NOTES = {
    What.AVAILABLE: _l("Partners can ask for it now."),
    What.RESERVED: _l("Payouts that are asked for, approved, or on their way."),
    What.HOLD: _l("Each sum becomes available when its hold ends."),
    What.UNDATED: _l("The hold begins when the order is completed."),
    What.EXPECTED: _l("New orders, not paid yet: nothing is booked, and it may never be owed."),
    What.DEBT: _l("What they earn next repays it."),
}
