"""Forms of ranks, awards and rights holders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, StringField, ValidationError
from wtforms.validators import Length

from app.bonuses.forms import PercentField
from app.ranks.rules import LONGEST_ID, LONGEST_NAME, code_of
from app.web.forms import DayField, Filled, Form, SelectField

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.ranks.models import Rank


class NameForm(Form):
    """What a rank or an award is called."""

    name = StringField(_l("Name"), [Filled(), Length(max=LONGEST_NAME)])

    def validate_name(self, field: StringField) -> None:
        """Refuse a name that has no letter."""
        if not code_of(field.data or ""):
            raise ValidationError(gettext("Fill this in."))


class RankForm(Form):
    """The rank of a customer, by hand."""

    rank = SelectField(_l("Rank"))
    pinned = BooleanField(
        _l("Pinned"), description=_l("Rules do not change a pinned rank; you do.")
    )

    def offer(self, ranks: Sequence[Rank]) -> RankForm:
        """Offer the merchant's ranks, and none."""
        named = [(each.public_id, each.name) for each in ranks]
        self.rank.choices = [("", gettext("No rank")), *named]
        return self


class RightsForm(Form):
    """Who holds the rights to which goods, and which part of them."""

    who = SelectField(
        _l("Who"),
        choices=[
            ("customer", _l("a customer, by the shop's id")),
            ("partner", _l("a partner, by the code")),
        ],
    )
    name = StringField(_l("Id or code"), [Filled(), Length(max=LONGEST_ID)])
    of = SelectField(
        _l("Of what"), choices=[("supplier", _l("a supplier")), ("product", _l("a product"))]
    )
    word = StringField(
        _l("Which"),
        [Filled(), Length(max=LONGEST_ID)],
        description=_l("The supplier as orders name it, or the shop's id of the product."),
    )
    share = PercentField(_l("Share of the rights, in percent"), [Filled()])
    starts_on = DayField(_l("From"), description=_l("Empty: from now on."))

    def validate_share(self, field: PercentField) -> None:
        """Refuse a part that is none."""
        if field.data is not None and field.data <= 0:
            raise ValidationError(gettext("Type a part above zero."))


OF_WORDS = {"supplier": _l("Supplier"), "brand": _l("Brand"), "product": _l("Product")}
