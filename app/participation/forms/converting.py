"""The filter of customers to make partners, and as what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, IntegerField
from wtforms.validators import NumberRange, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from app.participation.queries import Fit
from app.participation.service import Conversion
from app.partners.forms import group_choices
from app.programs.forms import DomainForm
from app.web.forms import DayField, Filled, RadioField, SelectField, SelectMultipleField

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class ConvertForm(DomainForm):
    """Which customers become partners."""

    shop = SelectField(_l("Shop"), [Filled()], coerce=int, default=0)
    groups = SelectMultipleField(
        _l("Customer groups"),
        option_widget=CheckboxInput(),
        widget=ListWidget(prefix_label=False),
    )
    orders = IntegerField(_l("Completed orders, at least"), [Optional(), NumberRange(0, 10_000)])
    since = DayField(_l("Ordered since"))
    until = DayField(_l("But not since"))
    with_email = BooleanField(_l("Only customers with an e-mail"), default=True)
    group = SelectField(_l("Partner group"), [Filled()], coerce=int, default=0)
    terms = SelectField(_l("Terms"), [Filled()], coerce=int, default=0)
    codes = RadioField(
        _l("Their refcodes"),
        [Filled()],
        choices=[
            ("name", _l("made of the name: easy to say, easy to guess")),
            ("random", _l("random: where the code itself is worth something")),
        ],
        default="name",
    )
    under = BooleanField(_l("Put each below the partner who brought the customer"))
    letters = BooleanField(_l("Send each the welcome letter"))

    def offer(
        self,
        shops: Sequence[Any],
        groups: Iterable[str],
        partner_groups: Iterable[Any],
        terms: Iterable[Any],
    ) -> ConvertForm:
        """Offer shops, the customer groups that they have named, partner groups and terms."""
        self.shop.choices = [(0, _l("All shops")), *((shop.id, shop.name) for shop in shops)]
        self.groups.choices = [(name, name) for name in groups]
        self.group.choices = group_choices(partner_groups)
        unsaid = (0, _l("As the group says, else the base terms"))
        self.terms.choices = [unsaid, *((each.id, each.name) for each in terms)]
        return self

    @property
    def wish(self) -> Conversion:
        """What services take of it."""
        since, until = self.since.starts_at, self.until.starts_at
        fit = Fit(
            shop_id=self.shop.data or None,
            groups=tuple(self.groups.data or ()),
            orders=self.orders.data or 0,
            since=since.isoformat() if since else None,
            until=until.isoformat() if until else None,
            email=bool(self.with_email.data),
        )
        return Conversion(
            fit=fit,
            group_id=self.group.data or None,
            terms_id=self.terms.data or None,
            codes=self.codes.data,
            under_bringer=bool(self.under.data),
            letters=bool(self.letters.data),
        )
