"""Beside which service the program runs, and the words for differences."""

from __future__ import annotations

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from app.imports.forms import SOURCES
from app.shadow.rules import Reason
from app.web.forms import Filled, Form, SelectField


class BeginForm(Form):
    """The former service."""

    source = SelectField(_l("The former service"), [Filled()], choices=list(SOURCES.items()))


REASONS: dict[str, LazyString] = {
    Reason.SAME.value: _l("The same"),
    Reason.ROUNDING.value: _l("Rounding"),
    Reason.OTHER_BASE.value: _l("Counted from another sum"),
    Reason.OTHER_RATE.value: _l("Another rate"),
    Reason.OTHER_DAY.value: _l("Another day"),
    Reason.OTHER_SUM.value: _l("Another sum; the file says neither base nor rate"),
    Reason.OTHER_PARTNER.value: _l("Another partner"),
    Reason.NO_PARTNER_HERE.value: _l("The partner is not here"),
    Reason.NOTHING_HERE.value: _l("Nothing is due here"),
    Reason.NOTHING_THERE.value: _l("Nothing was accrued there"),
    Reason.NO_ORDER_HERE.value: _l("The order is not here"),
    Reason.NO_ORDER_THERE.value: _l("The order is not there"),
}
