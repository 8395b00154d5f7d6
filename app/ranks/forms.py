"""Forms of ranks and awards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, StringField, ValidationError
from wtforms.validators import Length

from app.ranks.rules import LONGEST_NAME, code_of
from app.web.forms import Filled, Form, SelectField

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
