"""Which notices are wanted by which channel, as the merchant switches them for all partners."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask_babel import lazy_gettext as _l
from wtforms import widgets

from app.notifications.rules import CHATTED, TEXTED
from app.web.forms import BooleanField, Form, SelectMultipleField

if TYPE_CHECKING:
    from collections.abc import Callable

# Kinds in the words of who is told.
WORDS = {
    "partner.recruited": _l("A new partner joined the network"),
    "commission.accrued": _l("A sale was counted"),
    "commission.available": _l("The hold has ended and money can be asked for"),
    "cap.partner_near": _l("The partner's monthly cap is nearly reached"),
    "payout.approved": _l("A payout is approved"),
    "payout.rejected": _l("A payout is declined"),
    "payout.paid": _l("A payout is sent"),
    "payout.failed": _l("A payout did not go through"),
    "partner.adjusted": _l("Money booked by hand"),
    "terms.announced": _l("New terms are announced"),
    "debt.arisen": _l("A debt has come up"),
    "debt.due": _l("A debt is about to be repaid"),
    "question.answered": _l("A question is answered"),
    "digest.month": _l("The monthly digest"),
    "mailing.started": _l("Mailings"),
}
FIELDS = {
    "recruited": "partner.recruited",
    "accrued": "commission.accrued",
    "available": "commission.available",
    "cap_near": "cap.partner_near",
    "document": "document.issued",
    "digest": "digest.month",
    "overview": "digest.merchant",
    "applied": "partner.applied",
    "requested": "payout.requested",
}


def _several(label: Any, kinds: tuple[str, ...]) -> SelectMultipleField:
    return SelectMultipleField(
        label,
        choices=[(kind, WORDS[kind]) for kind in kinds],
        option_widget=widgets.CheckboxInput(),
        widget=widgets.ListWidget(prefix_label=False),
    )


BY_CHAT = tuple(kind for kind in WORDS if kind in CHATTED)


class NoticesForm(Form):
    """Boxes for letters, for Telegram and for SMS; a name of a field has no dot, so it stands in `FIELDS`."""

    recruited = BooleanField(_l("A new partner joined the network"))
    accrued = BooleanField(_l("A sale was counted"))
    available = BooleanField(_l("The hold has ended and money can be asked for"))
    cap_near = BooleanField(_l("A partner's own monthly cap is nearly reached"))
    document = BooleanField(_l("A document was issued to the partner"))
    digest = BooleanField(_l("The monthly digest"))
    overview = BooleanField(_l("The monthly digest to me and my managers"))
    applied = BooleanField(_l("Somebody asks to become a partner, to me and my managers"))
    requested = BooleanField(_l("A partner asks for a payout, to the money desk"))
    telegram = _several(_l("In Telegram, to partners who connected it"), BY_CHAT)
    sms = _several(_l("By SMS, to partners who asked for it"), TEXTED)

    @classmethod
    def showing(cls, is_on: Callable[[str], bool]) -> NoticesForm:
        """Return the form as it stands now, or as it was sent; SMS are off until somebody turns them on."""
        data: dict[str, Any] = {name: is_on(kind) for name, kind in FIELDS.items()}
        data["telegram"] = [kind for kind in BY_CHAT if is_on(f"telegram:{kind}")]
        data["sms"] = [kind for kind in TEXTED if is_on(f"sms:{kind}")]
        return cls(data=data)

    def wishes(self) -> dict[str, bool]:
        """Return {switch: wanted}."""
        fields: dict[str, Any] = self.data
        chats, texts = fields["telegram"] or (), fields["sms"] or ()
        return {
            **{kind: bool(fields[name]) for name, kind in FIELDS.items()},
            **{f"telegram:{kind}": kind in chats for kind in BY_CHAT},
            **{f"sms:{kind}": kind in texts for kind in TEXTED},
        }
