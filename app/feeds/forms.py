"""Forms of feeds, and the sentences for what stands in their way."""

from __future__ import annotations

from datetime import time
from typing import TYPE_CHECKING, Any

from flask_babel import LazyString, lazy_pgettext
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms import BooleanField, PasswordField, StringField
from wtforms.validators import Length

from app.feeds.rules import FIELDS, LARGEST, MIB
from app.web.forms import Filled, Form, SelectField

if TYPE_CHECKING:
    from app.feeds.models import FeedLoad

NOWHERE = -1
MOST_MB = LARGEST // MIB
EVERY: dict[str, LazyString] = {
    "never": _l("Only when asked"),
    "hour": _l("Every hour"),
    "six": _l("Every six hours"),
    "day": _l("Once a day"),
}
HOURS = [(f"{hour:02}", f"{hour:02}:00") for hour in range(24)]
NAMES: dict[str, LazyString] = {
    "id": _l("Id in the shop"),
    "name": _l("Name"),
    "categoryId": _l("Category"),
    "price": _l("Price"),
    "oldprice": _l("Old price"),
    "purchase_price": _l("Purchase price"),
    "currencyId": _l("Currency"),
    "url": _l("Address in the shop"),
    "picture": lazy_pgettext("image", "Picture"),
    "available": _l("In stock"),
}
# Why a file is no catalogue, could not be fetched, or was left aside.
WHY: dict[str, LazyString] = {
    "empty": _l("The file is empty."),
    "kind": _l("This is neither a YML nor a CSV file."),
    "html": _l(
        "This is a web page, not a catalogue: the shop may be closed, or ask for a sign-in."
    ),
    "root": _l("This XML is no YML catalogue: it does not begin with yml_catalog."),
    "truncated": _l("The file breaks off in the middle. Nothing of it was taken."),
    "malformed": _l("This XML is not written correctly."),
    "dtd": _l(
        "The file declares a document type of its own. Such files may do harm and are refused."
    ),
    "entities": _l(
        "The file uses entities that are not part of XML. Such files may do harm and are refused."
    ),
    "deep": _l("The tags of the file are nested too deeply."),
    "long": _l("A tag or a comment of the file has no end."),
    "encoding": _l("The file is not written in the encoding that it names."),
    "size": _l("The file is too large."),
    "rows": _l("The file has too many offers: at most two million."),
    "categories": _l("The file has too many categories: at most 50,000."),
    "packed": _l("The file cannot be unpacked. Give it as it is, or packed with gzip."),
    "old": _l("This is an old Excel file. Save it as CSV."),
    "head": _l("The first row must name the columns."),
    "columns": _l("The file has too many columns."),
    "quote": _l(
        "A quote is opened that is not closed, or much later: products stand within it. Nothing of the file was taken."
    ),
    "no_offers": _l("There is no offer in the file."),
    "held": _l("More than half of the offers are gone, at once or within two days. Is this right?"),
    "overtaken": _l("A newer file took its place."),
    "discarded": _l("Left aside."),
    "moved": _l("The address sends on to another one again and again."),
    "login": _l("The server wants another user name or password."),
    "missing": _l("There is nothing at this address."),
    "status": _l("The server answered with an error."),
    "sealed": _l("The user name and password cannot be read any more. Type them again."),
    "refused": _l("This address may not be called: it is not public, or has an unusual port."),
    "unreachable": _l("The server did not answer, or not to the end."),
}
FLAWS: dict[str, LazyString] = {
    "no_id": _l("Without an id: left out"),
    "long_id": _l("The id is longer than 128 characters: left out"),
    "no_name": _l("Without a name, and not known yet: left out"),
    "twice": _l("The id stood before, on the line named beside: left out"),
    "quote": _l(
        "Looks like a row, but stands within a quote opened on the line named beside: not read as one"
    ),
    "long_name": _l("The name is longer than 300 characters: cut"),
    "price": _l("The price cannot be read: left as it was"),
    "oldprice": _l("The old price cannot be read"),
    "purchase_price": _l("The purchase price cannot be read: left as it was"),
    "comma": _l("A comma stands where YML wants a point: read as one"),
    "currency": _l("The prices are in another currency: left as they were"),
    "category": _l("The category is not in the feed: left as it was"),
    "url": _l("The address is none: left as it was"),
    "picture": _l("The picture's address is none: left as it was"),
    "available": _l("Whether it is in stock cannot be read: left as it was"),
    "category_id": _l("A category without an id, or with one that is too long: left out"),
    "category_twice": _l("A category's id stood before: left out"),
    "no_parent": _l("The category above is not in the feed: put at the top"),
    "circle": _l("The category would lie below itself: put at the top"),
}


class SettingsForm(Form):
    """How a feed is fetched, and what becomes of what it says."""

    name = StringField(_l("Name"), [Length(max=120)])
    address = StringField(_l("Address of the feed"), [Filled(), Length(max=2000)])
    login = StringField(_l("User name"), [Length(max=200)])
    password = PasswordField(_l("Password"), [Length(max=200)])
    every = SelectField(_l("How often"), choices=list(EVERY.items()), default="day")
    at = SelectField(_l("At what time"), choices=HOURS, default="04")
    hides = BooleanField(_l("Hide products that the feed no longer has"), default=True)
    marks_sales = BooleanField(_l("Goods with an old price are promotional"), default=True)

    def by_upload(self) -> SettingsForm:
        """Leave out what is about the address."""
        del self.address, self.login, self.password, self.every, self.at
        return self

    @property
    def moment(self) -> time:
        """When it comes, on the merchant's clock."""
        return time(int(self.at.data)) if "at" in self else time(4)


class AddForm(SettingsForm):
    """A feed with an address."""

    shop = SelectField(_l("Shop"), coerce=int)


class UploadForm(Form):
    """A file; of a new feed with its name."""

    shop = SelectField(_l("Shop"), coerce=int)
    name = StringField(_l("Name"), [Length(max=120)])
    file = FileField(_l("File"), description=_l("YML or CSV, as it is or packed with gzip."))

    def of_known(self) -> UploadForm:
        """Leave out what is said once, when a feed is made."""
        del self.shop, self.name
        return self


def columns_form(load: FeedLoad, guessed: dict[str, int]) -> Any:
    """Return the form that asks what the columns mean, filled with the guess."""
    places = [(NOWHERE, _l("Not in the file")), *enumerate(heads_of(load))]
    asked = {
        name: SelectField(NAMES[name], coerce=int, choices=places, default=NOWHERE)
        for name in FIELDS
    }
    return type("ColumnsForm", (Form,), asked)(data=guessed)


def heads_of(load: FeedLoad) -> list[str]:
    """Return the heads of a file's columns; one without a head is told by its number."""
    return [head or f"({place})" for place, head in enumerate(load.columns, start=1)]
