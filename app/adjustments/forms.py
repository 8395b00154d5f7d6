"""Forms of money by hand."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, StringField, TextAreaField
from wtforms.validators import Length

from app.adjustments.rules import ORIGIN, REASON, Act
from app.web.forms import Filled, Form, MoneyField, SelectField

ACTS = [
    (Act.ACCRUE.value, _l("Accrue")),
    (Act.DEDUCT.value, _l("Deduct")),
    (Act.FORGIVE.value, _l("Forgive a debt")),
    (Act.EXPIRE.value, _l("Write off what nobody claimed")),
]
LONGEST = 200_000  # characters of pasted lines


class AdjustForm(Form):
    """What is done, to whom, how much and why; `chosen` are refcodes, `lines` what was pasted."""

    act = SelectField(_l("What"), choices=ACTS, default=Act.ACCRUE.value)
    amount = MoneyField(
        _l("Amount"), description=_l("For each partner. Empty with a write-off: all there is.")
    )
    reason = StringField(_l("Reason; the partner reads it"), [Filled(), Length(max=REASON)])
    chosen = TextAreaField(
        _l("Partners"),
        [Length(max=LONGEST)],
        description=_l("Refcodes, one a line."),
    )
    lines = TextAreaField(
        _l("Or pasted lines"),
        [Length(max=LONGEST)],
        description=_l(
            "refcode;amount;reason, one partner a line. With a minus it is a deduction."
        ),
    )
    origin = HiddenField(validators=[Length(max=ORIGIN)])  # what the entry answers, once
    key = HiddenField()
    seen = HiddenField()  # the count and sum that were shown before the answer


class OverrideForm(Form):
    """Why staff set what an order earns; the sums are fields of their own, one a level."""

    reason = StringField(_l("Reason; the partner reads it"), [Filled(), Length(max=REASON)])


def override_form(levels: list[int]) -> type[OverrideForm]:
    """Return the form with a field for each level; an empty one means as the rules say."""
    fields = {
        f"level_{level}": MoneyField(
            _l("Level %(level)s", level=level), description=_l("Empty: as the rules say.")
        )
        for level in levels
    }
    return type("LevelsOverrideForm", (OverrideForm,), fields)
