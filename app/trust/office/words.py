"""The desk's words: what each sign means, and what was seen of it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from app.fraud.rules import Sign, Word
from app.partners.queries import cards
from app.trust.rules import Answer
from app.web.filters import percent

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from flask_babel.speaklater import LazyString

SIGNS: dict[str, LazyString] = {
    Sign.EMAIL: _l("Same mailbox"),
    Sign.PHONE: _l("Same telephone"),
    Sign.DETAILS: _l("Shared payment details"),
    Sign.DEVICE: _l("The partner's device"),
    Sign.FLOOD: _l("Burst of clicks"),
    Sign.COUPON_SITE: _l("Coupon site"),
    Sign.LOOP: _l("Orders and cancels"),
    Sign.PAID_SEARCH: _l("Paid search"),
    Sign.SITE: _l("One site brings too much"),
}
MEANING: dict[str, LazyString] = {
    Sign.EMAIL: _l(
        "The buyer's e-mail arrives in the partner's own mailbox: tags after a plus, dots in Gmail and"
        " the twins of a mail service are looked through."
    ),
    Sign.PHONE: _l("The buyer's number is the partner's, written with another country code."),
    Sign.DETAILS: _l("Another partner has given the same account for payouts."),
    Sign.DEVICE: _l(
        "The click came from a network and browser in which the partner signs in to the cabinet."
    ),
    Sign.FLOOD: _l(
        "Far more clicks of the partner than usual in the minutes before the order: links opened by"
        " a program, so that one of them happens to be the last."
    ),
    Sign.COUPON_SITE: _l("The buyer came from a site of this list, where codes are collected."),
    Sign.LOOP: _l("The customer has ordered through this partner and cancelled before."),
    Sign.PAID_SEARCH: _l("The visit was bought in a search engine, which the terms forbid."),
    Sign.SITE: _l(
        "A verified site brings more of a day's orders than the per cent below: visitors may be sent there"
        " from the shop itself."
    ),
}
WORDS: dict[str, LazyString] = {
    Word.HOLD: _l("Held by hand"),
    Word.RELEASE: _l("Released"),
    Word.REFUSE: _l("Refused"),
    Word.NONE: _l("Decision taken back"),
}


# What the journal says to a partner who misses a sale: in a few words, and at length.
ANSWERS: dict[str, tuple[LazyString, LazyString]] = {
    Answer.WON: (
        _l("This sale is counted for you"),
        _l("It is among your sales; what it earns and when it is free stands there."),
    ),
    Answer.HELD: (
        _l("This sale is counted for you, and the merchant looks at it"),
        _l("Its sum is on hold until the merchant has decided."),
    ),
    Answer.REFUSED: (
        _l("The merchant has refused this sale"),
        _l(
            "It was yours, and the merchant has said why it earns nothing. Open the sale to read it."
        ),
    ),
    Answer.NOTHING_DUE: (
        _l("This sale is yours, and earns nothing"),
        _l("The order came through you. Why it pays nothing:"),
    ),
    Answer.LEVEL: (
        _l("You earn from this sale as a sponsor"),
        _l("A partner of your network brought it; your part is among your sales."),
    ),
    Answer.LOST: (
        _l("Something of yours was there, and did not count"),
        _l("A click or code of yours is in the journal of this order. Why it lost:"),
    ),
    Answer.UNKNOWN: (
        _l("Nothing of yours is on an order with this number"),
        _l(
            "No click, code or binding of yours has come with such an order; perhaps the shop has not sent"
            " it yet, or has another number for it."
        ),
    ),
}


def evidence(signs: Iterable[tuple[str, Mapping[str, Any]]]) -> list[tuple[LazyString, str]]:
    """Return each sign's name with what was seen, in the reader's language."""
    return [(SIGNS[sign], _seen(Sign(sign), facts)) for sign, facts in signs]


def _seen(sign: Sign, facts: Mapping[str, Any]) -> str:
    if sign is Sign.DETAILS:
        names = ", ".join(card.name for card in cards(facts["partners"]).values())
        words = _("The same account as %(names)s.", names=names)
    elif sign is Sign.FLOOD:
        words = ngettext(
            "%(num)s click in the %(minutes)s minutes before the order.",
            "%(num)s clicks in the %(minutes)s minutes before the order.",
            int(facts["clicks"]),
            minutes=facts["minutes"],
        )
    elif sign is Sign.COUPON_SITE:
        words = _("The visit came from %(site)s.", site=facts["site"])
    elif sign is Sign.LOOP:
        numbers, days = ", ".join(str(each) for each in facts["orders"]), facts["days"]
        words = _("Cancelled in the %(days)s days before: %(orders)s.", days=days, orders=numbers)
    elif sign is Sign.PAID_SEARCH:
        words = _("The address carries %(mark)s.", mark=facts["mark"])
    elif sign is Sign.SITE and "share" in facts:
        site, part = facts.get("site", ""), percent(Decimal(str(facts["share"])))
        words = _("%(site)s: %(part)s of the day's orders.", site=site, part=part)
    else:
        words = str(MEANING[sign])
    return str(words)
