"""Which notices are wanted: one switch each, the same for the merchant and for the partner."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask_babel import lazy_gettext as _l

from app.web.forms import BooleanField, Form

if TYPE_CHECKING:
    from collections.abc import Callable


class NoticesForm(Form):
    """A box each; a name of a field has no dot, so it stands in `FIELDS`."""

    recruited = BooleanField(_l("A new partner joined the network"))
    accrued = BooleanField(_l("A sale was counted"))
    available = BooleanField(_l("The hold has ended and money can be asked for"))
    cap_near = BooleanField(_l("A partner's own monthly cap is nearly reached"))

    @classmethod
    def showing(cls, is_on: Callable[[str], bool]) -> NoticesForm:
        """Return the form as it stands now, or as it was sent."""
        return cls(data={name: is_on(kind) for name, kind in FIELDS.items()})

    def wishes(self) -> dict[str, bool]:
        """Return {type of event: wanted}."""
        fields: dict[str, Any] = self.data
        return {kind: bool(fields[name]) for name, kind in FIELDS.items()}


FIELDS = {
    "recruited": "partner.recruited",
    "accrued": "commission.accrued",
    "available": "commission.available",
    "cap_near": "cap.partner_near",
}
