"""States and buckets as people read them: one word and one tone for each, the same on every page."""

from __future__ import annotations

from flask_babel import LazyString, lazy_pgettext

# tone: quiet (nothing to do), info (under way), good, warn (wants somebody), bad
STATES: dict[str, tuple[LazyString, str]] = {
    # orders and deals
    "registered": (lazy_pgettext("order", "New"), "quiet"),
    "agreed": (lazy_pgettext("order", "Agreed"), "info"),
    "completed": (lazy_pgettext("order", "Completed"), "good"),
    "cancelled": (lazy_pgettext("state", "Cancelled"), "quiet"),
    "refunded": (lazy_pgettext("order", "Refunded"), "bad"),
    # buckets of commission
    "expected": (lazy_pgettext("bucket", "Expected"), "quiet"),
    "pending": (lazy_pgettext("bucket", "On hold"), "info"),
    "available": (lazy_pgettext("bucket", "Available"), "good"),
    "reserved": (lazy_pgettext("bucket", "In payout"), "info"),
    "debt": (lazy_pgettext("bucket", "Debt"), "bad"),
    "taken_back": (lazy_pgettext("bucket", "Taken back"), "bad"),
    # payouts
    "requested": (lazy_pgettext("payout", "Requested"), "warn"),
    "approved": (lazy_pgettext("payout", "Approved"), "info"),
    "sending": (lazy_pgettext("payout", "Sending"), "info"),
    "unknown": (lazy_pgettext("payout", "Unknown"), "warn"),
    "paid": (lazy_pgettext("payout", "Paid"), "good"),
    "rejected": (lazy_pgettext("state", "Rejected"), "bad"),
    "failed": (lazy_pgettext("state", "Failed"), "bad"),
    # payment details
    "details_none": (lazy_pgettext("details", "None"), "quiet"),
    "details_given": (lazy_pgettext("details", "Given"), "good"),
    "details_cooling": (lazy_pgettext("details", "New, wait a day"), "warn"),
    "details_frozen": (lazy_pgettext("details", "Frozen"), "bad"),
    # partners, members of staff, invitations, keys
    "applied": (lazy_pgettext("partner", "Applied"), "warn"),
    "waiting": (lazy_pgettext("partner", "Waiting"), "warn"),
    "active": (lazy_pgettext("partner", "Active"), "good"),
    "blocked": (lazy_pgettext("partner", "Blocked"), "bad"),
    "invited": (lazy_pgettext("staff", "Invited"), "warn"),
    "left": (lazy_pgettext("staff", "Left"), "quiet"),
    "revoked": (lazy_pgettext("key", "Revoked"), "quiet"),
    "expired": (lazy_pgettext("state", "Expired"), "quiet"),
    "live": (lazy_pgettext("mode", "Live"), "good"),
    "test": (lazy_pgettext("mode", "Test"), "warn"),
    # campaigns
    "coming": (lazy_pgettext("campaign", "Coming"), "info"),
    "running": (lazy_pgettext("campaign", "Running"), "good"),
    "over": (lazy_pgettext("campaign", "Over"), "quiet"),
    "stopped": (lazy_pgettext("campaign", "Stopped"), "quiet"),
    # rows of a file that is brought along
    "row_new": (lazy_pgettext("row", "New"), "info"),
    "row_changed": (lazy_pgettext("row", "Changed"), "warn"),
    "row_same": (lazy_pgettext("row", "The same"), "quiet"),
    "row_refused": (lazy_pgettext("row", "Refused"), "bad"),
    # the fraud desk, disputes
    "clear": (lazy_pgettext("desk", "No sign"), "quiet"),
    "held": (lazy_pgettext("desk", "Held"), "warn"),
    "released": (lazy_pgettext("desk", "Released"), "good"),
    "refused": (lazy_pgettext("desk", "Refused"), "bad"),
    "open": (lazy_pgettext("dispute", "Open"), "warn"),
    "overdue": (lazy_pgettext("dispute", "Overdue"), "bad"),
    "attributed": (lazy_pgettext("dispute", "Counted for the partner"), "good"),
    "declined": (lazy_pgettext("dispute", "Declined"), "quiet"),
    "withdrawn": (lazy_pgettext("dispute", "Withdrawn"), "quiet"),
    # help
    "help_open": (lazy_pgettext("help", "Waits for an answer"), "warn"),
    "help_answered": (lazy_pgettext("help", "Answered"), "good"),
    "help_closed": (lazy_pgettext("help", "Closed"), "quiet"),
    "help_unread": (lazy_pgettext("help", "New"), "info"),
    # codes and coupons
    "early": (lazy_pgettext("code", "Not yet"), "info"),
    "off": (lazy_pgettext("code", "Switched off"), "quiet"),
    "used_up": (lazy_pgettext("code", "Used up"), "warn"),
    "free": (lazy_pgettext("coupon", "Free"), "info"),
    "given": (lazy_pgettext("coupon", "Given"), "good"),
    "assigned": (lazy_pgettext("coupon", "A partner's"), "good"),
    # long work
    "draft": (lazy_pgettext("run", "Draft"), "quiet"),
    "previewing": (lazy_pgettext("run", "Being looked at"), "info"),
    "previewed": (lazy_pgettext("run", "Looked at"), "warn"),
    "applying": (lazy_pgettext("run", "Being applied"), "info"),
    "done": (lazy_pgettext("run", "Applied"), "good"),
    # rules of bonuses
    "published": (lazy_pgettext("rule", "Published"), "good"),
    "paused": (lazy_pgettext("rule", "Paused"), "warn"),
    "archived": (lazy_pgettext("rule", "Put away"), "quiet"),
    # pay runs
    "payrun_draft": (lazy_pgettext("pay run", "Draft"), "quiet"),
    "payrun_preparing": (lazy_pgettext("pay run", "Being reserved"), "info"),
    "payrun_prepared": (lazy_pgettext("pay run", "To be approved"), "warn"),
    "payrun_approving": (lazy_pgettext("pay run", "Being approved"), "info"),
    "payrun_approved": (lazy_pgettext("pay run", "To be paid"), "warn"),
    "payrun_paying": (lazy_pgettext("pay run", "Being paid"), "info"),
    "payrun_cancelling": (lazy_pgettext("pay run", "Being given back"), "info"),
    "payrun_done": (lazy_pgettext("pay run", "Done"), "good"),
    "payrun_cancelled": (lazy_pgettext("pay run", "Cancelled"), "quiet"),
    # mailings
    "mailing_draft": (lazy_pgettext("mailing", "Draft"), "quiet"),
    "mailing_scheduled": (lazy_pgettext("mailing", "Planned"), "info"),
    "mailing_sending": (lazy_pgettext("mailing", "Going out"), "info"),
    "mailing_paused": (lazy_pgettext("mailing", "Paused"), "warn"),
    "mailing_stopped": (lazy_pgettext("mailing", "Stopped"), "bad"),
    "mailing_done": (lazy_pgettext("mailing", "Sent"), "good"),
    # invitations to the program
    "invitation_queued": (lazy_pgettext("invitation", "Queued"), "info"),
    "invitation_sent": (lazy_pgettext("invitation", "Sent"), "info"),
    "invitation_opened": (lazy_pgettext("invitation", "Opened"), "warn"),
    "invitation_joined": (lazy_pgettext("invitation", "Joined"), "good"),
    "invitation_withdrawn": (lazy_pgettext("invitation", "Withdrawn"), "quiet"),
    # partners' sites
    "verified": (lazy_pgettext("site", "Proved"), "good"),
    # what shops sent, and how they stand
    "delivery_waiting": (lazy_pgettext("delivery", "Waiting"), "info"),
    "delivery_done": (lazy_pgettext("delivery", "Booked"), "good"),
    "delivery_parked": (lazy_pgettext("delivery", "Set aside"), "bad"),
    "shop_hook": (lazy_pgettext("shop", "Only calls us"), "quiet"),
    "shop_asked": (lazy_pgettext("shop", "Waits for its owner"), "warn"),
    "shop_new": (lazy_pgettext("shop", "Being set up"), "info"),
    "shop_ok": (lazy_pgettext("shop", "Works"), "good"),
    "shop_late": (lazy_pgettext("shop", "No answer just now"), "warn"),
    "shop_trouble": (lazy_pgettext("shop", "Needs you"), "bad"),
    "errand_due": (lazy_pgettext("errand", "Tried again by itself"), "warn"),
    "errand_doing": (lazy_pgettext("errand", "Under way"), "info"),
    "errand_dead": (lazy_pgettext("errand", "Given up"), "bad"),
    # claims and messages
    "won": (lazy_pgettext("claim", "Won"), "good"),
    "lost": (lazy_pgettext("claim", "Lost"), "quiet"),
    "sent": (lazy_pgettext("message", "Sent"), "good"),
    "queued": (lazy_pgettext("message", "Queued"), "info"),
    "dead": (lazy_pgettext("message", "Given up"), "bad"),
}


def state_label(state: str) -> str:
    """The word for a state; a state without one is shown as it is."""
    known = STATES.get(str(state))
    return str(known[0]) if known else str(state).replace("_", " ").capitalize()


def state_tone(state: str) -> str:
    """The tone of a state's badge."""
    known = STATES.get(str(state))
    return known[1] if known else "quiet"
