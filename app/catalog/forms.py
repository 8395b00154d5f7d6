"""Forms of products and categories."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext
from wtforms import BooleanField, StringField, TextAreaField
from wtforms.validators import Length

from app.programs.forms import DomainForm, LevelsForm
from app.web.forms import Filled, MoneyField, SelectField


class ProductForm(DomainForm):
    """What a product is; `shop` and `external_id` only while it is new."""

    shop = SelectField(lazy_gettext("Shop"), coerce=int)
    external_id = StringField(lazy_gettext("Id in the shop"), [Filled(), Length(max=128)])
    name = StringField(lazy_gettext("Name"), [Filled(), Length(max=300)])
    category = StringField(lazy_gettext("Category"), [Length(max=128)])
    price = MoneyField(lazy_gettext("Price"))
    cost = MoneyField(lazy_gettext("Purchase price"))
    margin = StringField(lazy_gettext("Margin, percent of the price"), [Length(max=20)])
    brand = StringField(lazy_gettext("Brand of the goods"), [Length(max=128)])
    supplier = StringField(lazy_gettext("Supplier"), [Length(max=128)])
    url = StringField(lazy_gettext("Address in the shop"), [Length(max=2000)])

    def as_of_old(self) -> ProductForm:
        """Leave out what is said once, when a product is made."""
        del self.shop, self.external_id
        return self


class OptionsForm(LevelsForm):
    """A product's part in the partner program."""

    takes_part = BooleanField(lazy_gettext("Takes part in the partner program"))
    shown = BooleanField(lazy_gettext("Shown in the partners' cabinet"))
    promo = BooleanField(lazy_gettext("Promotional goods"))
    landing_pages = TextAreaField(lazy_gettext("Landing pages"), [Length(max=20_000)])

    @property
    def pages(self) -> list[str]:
        """One address a line."""
        return [line for line in (self.landing_pages.data or "").splitlines() if line.strip()]


class CategoryForm(LevelsForm):
    """A category; `shop` and `external_id` only while it is new."""

    shop = SelectField(lazy_gettext("Shop"), coerce=int)
    external_id = StringField(lazy_gettext("Id in the shop"), [Filled(), Length(max=128)])
    name = StringField(lazy_gettext("Name"), [Filled(), Length(max=300)])
    parent = StringField(lazy_gettext("Lies in"), [Length(max=128)])
    margin = StringField(lazy_gettext("Margin, percent of the price"), [Length(max=20)])
    url = StringField(lazy_gettext("Address in the shop"), [Length(max=2000)])

    def as_of_old(self) -> CategoryForm:
        """Leave out what is said once, when a category is made."""
        del self.shop, self.external_id
        return self


def offered(form: Any, shops: Any) -> Any:
    """Offer the merchant's shops; with one of them there is nothing to choose."""
    form.shop.choices = [(shop.id, shop.domain or shop.name) for shop in shops]
    if form.shop.data is None and shops:
        form.shop.data = shops[0].id
    return form
