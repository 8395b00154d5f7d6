"""Say in the reader's language what came of registrations and subscriptions, and by what a customer is bound."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask_babel import lazy_gettext

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask_babel.speaklater import LazyString

    from app.attribution.queries import Bound, Entry

# The evidence of the claim "binding": by what the customer was bound.
BOUND: dict[str, LazyString] = {
    "registered": lazy_gettext("since the registration"),
    "subscribed": lazy_gettext("since the subscription"),
    "typed": lazy_gettext("by a code typed on a page"),
    "imported": lazy_gettext("since the move from the former system"),
    "confirmed": lazy_gettext("by a code typed on a page, with the customer's own word"),
    "staff": lazy_gettext("by staff, with an earlier order"),
    "partner_code": lazy_gettext("by the partner's code on an earlier order"),
    "coupon": lazy_gettext("by the coupon of an earlier order"),
    "own": lazy_gettext("by an own purchase"),
    "click": lazy_gettext("by the click before an earlier order"),
    "ref": lazy_gettext("by the partner's mark on an earlier order"),
    "site": lazy_gettext("by the visit before an earlier order"),
    "entry": lazy_gettext("by the first address of an earlier order"),
}
# What spoke for a partner, by what came and with what.
ENROLLED: dict[tuple[str, str], LazyString] = {
    ("click", "registered"): lazy_gettext("Click on a partner's link, with the registration"),
    ("click", "subscribed"): lazy_gettext("Click on a partner's link, with the subscription"),
    ("ref", "registered"): lazy_gettext("Partner's mark, with the registration"),
    ("ref", "imported"): lazy_gettext("So it stood in the former system"),
    ("ref", "subscribed"): lazy_gettext("Partner's mark, with the subscription"),
    ("partner_code", "registered"): lazy_gettext("Partner's code, with the registration"),
    ("partner_code", "subscribed"): lazy_gettext("Partner's code, with the subscription"),
    ("partner_code", "typed"): lazy_gettext("Partner's code, typed on a page"),
    ("partner_code", "confirmed"): lazy_gettext("Partner's code, typed and confirmed"),
}
WHY: dict[str, LazyString] = {
    "won": lazy_gettext("This bound the customer."),
    "no_claim": lazy_gettext("Nothing came that speaks for a partner: no click, no code."),
    "weaker": lazy_gettext("Something that came earlier stands."),
    "unknown": lazy_gettext("The code or link belongs to no partner."),
    "bot": lazy_gettext("The click came from a robot, so it does not count."),
    "hidden_frame": lazy_gettext(
        "The click came from a hidden frame or image, so it does not count."
    ),
    "self_referral": lazy_gettext("The customer is the partner, and nobody is bound to himself."),
    "blocked": lazy_gettext("The partner was blocked at that time."),
    "inactive": lazy_gettext("The partner was not active at that time."),
    "after_order": lazy_gettext("The click came later than the registration or subscription."),
    "outside_window": lazy_gettext("It was too long ago to count."),
    "existing_customer": lazy_gettext("The customer was known before the partner's link or code."),
    "foreign": lazy_gettext(
        "The customer belongs to another partner, and other partners' codes are ignored."
    ),
    "click_present": lazy_gettext("The same visit counts as a click already."),
    "code_retired": lazy_gettext("The code was switched off at that time."),
    "code_early": lazy_gettext("The code did not hold yet at that time."),
    "code_expired": lazy_gettext("The code had run out at that time."),
    "code_other_shop": lazy_gettext("The code is good for another shop of the merchant."),
    "code_used_up": lazy_gettext("The code was used up by then."),
}


def why(reason: str) -> str:
    """Return one sentence for why evidence bound a customer or did not; "" before it was judged."""
    return str(WHY.get(reason, reason))


def unbound(bound: Bound | None, came: Sequence[Entry]) -> str | None:
    """Return the code of why a customer belongs to nobody; None for one who is bound.

    What won and holds no longer is out of its window; else the last that came says why it lost.
    """
    if bound is not None:
        return None
    if any(entry.won for entry in came):
        return "outside_window"
    return came[-1].why if came else "no_claim"


def evidence(kind: str, said: str) -> str:
    """Return a claim's evidence as lists show it: the start of a token or code, a binding in words."""
    return str(BOUND.get(said, said)) if kind == "binding" else said[:28]
