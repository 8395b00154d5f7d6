"""Forms of the settings: shape and words. Each setting says in a sentence what it decides."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, IntegerField, StringField, TextAreaField, ValidationError
from wtforms.validators import Length, NumberRange, Optional
from wtforms.widgets import CheckboxInput, ColorInput, ListWidget

from app.tenants.rules import CAPS, RANGES, SCOPES, setting_problem, slug_problem
from app.web.colour import parse
from app.web.forms import Filled, Form, MoneyField, RadioField, SelectField, SelectMultipleField
from app.web.locale import LOCALES

STATE_NAMES = {
    "registered": _l("New"),
    "agreed": _l("Paid, agreed"),
    "completed": _l("Completed"),
    "cancelled": _l("Cancelled"),
    "refunded": _l("Refunded"),
}
SCOPE_NAMES = {
    "orders": _l("Orders, deals, clicks"),
    "partners": _l("Partners, terms, codes"),
    "catalog": _l("Products and categories"),
    "payouts": _l("Payouts"),
    "settings": _l("Settings and shops"),
    "read": _l("Read everything"),
}


# Without the aliases that only old systems know.
ZONES = [*sorted(n for n in available_timezones() if "/" in n and not n.startswith("Etc/")), "UTC"]


def _days(name: str) -> NumberRange:
    low, high = RANGES[name]
    return NumberRange(low, high)


class BrandForm(Form):
    """What partners see of the merchant."""

    name = StringField(
        _l("Name"),
        [Filled(), Length(max=100)],
        description=_l("Stands on the pages of your partners and in the letters we send for you."),
    )
    own_accent = BooleanField(_l("Use a colour of our own"))
    accent = StringField(
        _l("Accent colour"),
        [Optional()],
        widget=ColorInput(),
        default="#1f6f54",
        description=_l(
            "Buttons and links wear it. A shade too light or too dark to be read is corrected by itself."
        ),
    )

    def validate_accent(self, field: StringField) -> None:
        """Refuse what is no colour."""
        try:
            parse(field.data or "")
        except ValueError:
            raise ValidationError(gettext("A colour looks like #1f6f54.")) from None


class ShopForm(Form):
    """Where a shop stands."""

    name = StringField(_l("Name"), [Filled(), Length(max=100)])
    domain = StringField(
        _l("Domain"),
        [Optional(), Length(max=255)],
        description=_l(
            "Where your shop's pages are: shop.example. Partners' links lead there and nowhere else."
        ),
    )
    path = StringField(
        _l("Folder"),
        [Optional(), Length(max=255)],
        default="/",
        description=_l("Only if the shop is a part of the site, such as /shop."),
    )
    timezone = SelectField(
        _l("Time zone"),
        [Filled()],
        choices=ZONES,
        description=_l("Days of this shop's orders begin and end by it."),
    )


class AttributionForm(Form):
    """How a sale finds its partner."""

    window_days = IntegerField(
        _l("A click counts for, days"),
        [Filled(), _days("window_days")],
        description=_l("An order within so many days after the click belongs to the partner."),
    )
    click = RadioField(
        _l("Of several partners' clicks"),
        [Filled()],
        choices=[("last", _l("the last one wins")), ("first", _l("the first one wins"))],
        description=_l("Decides when a buyer came by links of several partners."),
    )
    conflict = RadioField(
        _l("A promo code against a click"),
        [Filled()],
        choices=[("code", _l("the code wins")), ("link", _l("the click wins"))],
        description=_l(
            "Decides when a buyer came by one partner's link and typed another's promo code."
        ),
    )
    lifetime = BooleanField(
        _l("Customers stay with their partner"),
        description=_l(
            "Later orders of a customer belong to the partner who brought the first, without a new click."
        ),
    )
    existing = RadioField(
        _l("Customers you had before"),
        [Filled()],
        choices=[("attract", _l("may be won by a partner")), ("ignore", _l("bring no commission"))],
        description=_l(
            "Whether a click or code counts when the buyer ordered or registered before it."
        ),
    )
    foreign_code = RadioField(
        _l("A customer of one partner with another's code"),
        [Filled()],
        choices=[
            ("order", _l("this order goes to the code's partner")),
            ("rebind", _l("the customer moves to the code's partner")),
            ("ignore", _l("the code changes nothing")),
        ],
        description=_l("Decides for customers who stay with their partner."),
    )
    parameters = StringField(
        _l("Parameter in addresses"),
        [Filled(), Length(max=200)],
        description=_l(
            "The name that carries the partner's code: ref for ?ref=anna. Several with commas."
        ),
    )
    registration = RadioField(
        _l("New partners"),
        [Filled()],
        choices=[
            ("auto", _l("begin at once")),
            ("manual", _l("wait for your approval")),
            ("closed", _l("cannot register themselves")),
        ],
        description=_l("What happens after somebody fills in your registration page."),
    )

    def validate_parameters(self, _field: StringField) -> None:
        """Refuse what cannot stand in an address."""
        if setting_problem("parameters", self.names):
            raise ValidationError(
                gettext("Use Latin letters, digits, hyphens; at most five names.")
            )

    @property
    def names(self) -> list[str]:
        """The parameters as a list."""
        return [part.strip() for part in (self.parameters.data or "").split(",") if part.strip()]


class EarningForm(Form):
    """What earns at all."""

    promotional = BooleanField(
        _l("Promotional goods earn"),
        description=_l(
            "Off: lines that the shop, or your catalogue, marks as promotional earn nothing."
        ),
    )
    foreign_coupons = BooleanField(
        _l("Orders with other coupons earn"),
        description=_l(
            "Off: an order with a coupon that is not the partner's own code earns nothing at all."
        ),
    )
    allowed_coupons = TextAreaField(
        _l("Coupons that do no harm"),
        [Length(max=30_000)],
        description=_l(
            "They count as the partner's own, whatever the case: the first order's coupon, say. One a line."
        ),
    )
    first_orders = IntegerField(
        _l("Only the first orders of a customer, how many"),
        [Optional(), _days("first_orders")],
        description=_l("Later orders earn nothing. Cancelled ones do not count. Empty: all earn."),
    )
    cashback = BooleanField(
        _l("Cashback for own purchases"),
        description=_l(
            "On: a partner who buys earns the cashback of the terms, and the sponsors earn from level 1. "
            "Off: own purchases earn the buyer nothing."
        ),
    )
    compression = BooleanField(
        _l("A blocked sponsor's level goes to the next one"),
        description=_l(
            "Off: what a blocked or removed sponsor would have earned is paid to nobody."
        ),
    )

    @property
    def coupons(self) -> list[str]:
        """The allowed coupons: one a line, or apart by commas."""
        words = (self.allowed_coupons.data or "").replace("\n", ",").split(",")
        return list(dict.fromkeys(word.strip() for word in words if word.strip()))

    def validate_allowed_coupons(self, _field: TextAreaField) -> None:
        """Refuse what cannot be a coupon."""
        if setting_problem("allowed_coupons", self.coupons):
            raise ValidationError(gettext("At most 200 coupons, of at most 128 characters each."))


class CapsForm(Form):
    """The most that is paid; empty fields are no caps."""

    cap_order = MoneyField(
        _l("An order"),
        description=_l("All levels of one order together; the highest is cut first."),
    )
    cap_customer = MoneyField(
        _l("A customer"),
        description=_l(
            "All orders of one customer together, in the order in which they were made."
        ),
    )
    cap_partner = MoneyField(
        _l("A partner, a month"),
        description=_l("What becomes available to one partner in a calendar month."),
    )
    cap_month = MoneyField(
        _l("All partners, a month"),
        description=_l("Your budget: what becomes available to all partners in a calendar month."),
    )
    over_cap = RadioField(
        _l("A commission that does not fit wholly"),
        [Filled()],
        choices=[("rest", _l("is paid as far as it fits")), ("nothing", _l("is not paid at all"))],
        description=_l("Decides what happens where a cap is reached."),
    )

    @property
    def said(self) -> dict[str, Any]:
        """The settings; sums in minor units."""
        sums = {name: self[name].data for name in CAPS}
        found = {name: None if each is None else each.minor for name, each in sums.items()}
        return found | {"over_cap": self.over_cap.data}


class PayoutRulesForm(Form):
    """When earned money may be asked for."""

    hold_days = IntegerField(
        _l("Hold, days"),
        [Filled(), _days("hold_days")],
        description=_l(
            "So long a completed order's commission waits, in case goods come back. 0: not at all."
        ),
    )
    minimum_payout = MoneyField(
        _l("Smallest payout"),
        [Filled()],
        description=_l("A partner asks for a payout when at least this much is available."),
    )


class KeyForm(Form):
    """A new key."""

    name = StringField(
        _l("Name"),
        [Filled(), Length(max=100)],
        description=_l("Which program uses it, so that you know it again."),
    )
    shop = SelectField(
        _l("Shop"), [Filled()], description=_l("Orders sent with the key belong to this shop.")
    )
    scopes = SelectMultipleField(
        _l("What it may do"),
        choices=[(scope, SCOPE_NAMES[scope]) for scope in SCOPES],
        default=list(SCOPES),
        option_widget=CheckboxInput(),
        widget=ListWidget(prefix_label=False),
        validators=[Filled()],
    )


class MerchantForm(Form):
    """A new merchant's account."""

    name = StringField(_l("Name"), [Filled(), Length(max=100)])
    slug = StringField(
        _l("Address"),
        [Filled(), Length(max=35)],
        description=_l("Small Latin letters, digits, hyphens: /lampa/"),
    )
    email = StringField(_l("E-mail of the owner"), [Filled()])
    site = StringField(_l("Site of the shop"), [Optional()])
    currency = SelectField(
        _l("Currency"), [Filled()], choices=["RUB", "EUR", "USD", "KZT", "BYN", "UAH", "GBP", "PLN"]
    )
    locale = SelectField(_l("Language"), [Filled()], choices=list(LOCALES.items()))
    timezone = SelectField(_l("Time zone"), [Filled()], choices=ZONES, default="Europe/Moscow")

    def validate_slug(self, field: Any) -> None:
        """Refuse what cannot be an address; whether it is taken is told later."""
        if slug_problem(field.data or ""):
            raise ValidationError(
                gettext("Use 3 to 35 small Latin letters, digits, hyphens; some words are taken.")
            )

    def facts(self) -> dict[str, Any]:
        """What create_merchant wants to know."""
        names = ("name", "slug", "email", "site", "currency", "locale", "timezone")
        return {name: self[name].data for name in names}
