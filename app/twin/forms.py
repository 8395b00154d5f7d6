"""Forms of test mode: shape and words."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, IntegerField, ValidationError
from wtforms.validators import NumberRange, Optional

from app.money import Money
from app.twin.rules import LARGEST_SALE
from app.web.forms import Filled, Form, LocalDateTimeField, MoneyField, SelectField


class LookForm(Form):
    """How far to look ahead: so many hours or days, or to a moment."""

    class Meta(Form.Meta):
        """Looking changes nothing, and its address can be shared."""

        csrf = False

    amount = IntegerField(_l("How much"), [Optional(), NumberRange(1, 90_000)], default=14)
    unit = SelectField(_l("Unit"), choices=[("days", _l("days")), ("hours", _l("hours"))])
    until = LocalDateTimeField(
        _l("Or to a moment"),
        description=_l("Given, it counts instead of the number above."),
    )


class MoveForm(Form):
    """Where to move the clock: an instant, so that pressing twice moves once."""

    to = HiddenField(validators=[Filled()])
    instant: datetime | None = None

    def validate_to(self, field: Any) -> None:
        """Read the instant; it must carry its offset."""
        try:
            found = datetime.fromisoformat(field.data or "")
        except ValueError:
            raise ValidationError(gettext("Choose a moment first.")) from None
        if found.tzinfo is None or not 1970 <= found.year <= 9000:
            raise ValidationError(gettext("Choose a moment first."))
        self.instant = found


class SaleForm(Form):
    """What is sold, and where."""

    shop = SelectField(_l("Shop"), [Filled()])
    amount = MoneyField(_l("Worth"), [Filled()])

    def validate_amount(self, field: Any) -> None:
        """Refuse a sum that no test needs."""
        if isinstance(field.data, Money) and not 0 < field.data.minor <= LARGEST_SALE:
            raise ValidationError(gettext("The sum is too large."))
