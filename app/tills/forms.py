"""Forms of a till: who stands before it, a sale, and the till itself."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, StringField, ValidationError
from wtforms.validators import Length

from app.tills.rules import LONGEST_NAME, LONGEST_PLACE, Kind, Way, is_receipt
from app.web.forms import Filled, Form, MoneyField, Positive, RadioField, SelectField

KINDS = {
    Kind.REGISTER.value: _l("Cash register"),
    Kind.POINT.value: _l("Point of sale"),
    Kind.WORKPLACE.value: _l("Workplace"),
}
WAYS = [(Way.EARN.value, _l("Earn bonuses")), (Way.SPEND.value, _l("Spend bonuses"))]
LONGEST_CODE = 100


class SaleForm(Form):
    """A receipt. `receipt` makes it happen once; `member`: our id of the customer, empty for nobody."""

    receipt = HiddenField(validators=[Length(max=40)])
    member = HiddenField(validators=[Length(max=20)])
    amount = MoneyField(_l("Sum of the receipt"), [Filled(), Positive()])
    way = RadioField(_l("Bonuses"), [Filled()], choices=WAYS, default=Way.EARN.value)
    spend = MoneyField(
        _l("How many to spend"), [Positive()], description=_l("Empty: as many as may be.")
    )
    code = StringField(
        _l("Partner's code"), [Length(max=LONGEST_CODE)], description=_l("If the customer has one.")
    )

    def validate_receipt(self, field: HiddenField) -> None:
        """Refuse a name that is none of ours."""
        if not is_receipt(field.data or ""):
            raise ValidationError(gettext("Open the till anew."))

    def validate_spend(self, field: MoneyField) -> None:
        """Refuse a sum to spend where nothing is spent: it would be passed over in silence."""
        if field.data and self.way.data == Way.EARN.value:
            raise ValidationError(gettext("Choose to spend bonuses, or leave this empty."))


class TillForm(Form):
    """A till."""

    shop = SelectField(_l("Shop"), [Filled()], choices=[])
    name = StringField(_l("Name"), [Filled(), Length(max=LONGEST_NAME)])
    kind = RadioField(
        _l("Kind"), [Filled()], choices=list(KINDS.items()), default=Kind.REGISTER.value
    )
    place = StringField(
        _l("Place"), [Length(max=LONGEST_PLACE)], description=_l("Such as: Tverskaya 7, hall 2.")
    )

    def __init__(self, *args: Any, shops: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.shop.choices = shops
        if len(shops) == 1 and not self.shop.data:
            self.shop.data = shops[0][0]
