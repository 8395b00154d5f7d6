"""The simulator's form: who brought the buyer, who buys, and what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import FieldList, FormField, StringField
from wtforms import Form as Part
from wtforms.validators import Length

from app import clock
from app.catalog.rules import LONGEST_NAME
from app.money import MoneyError, plain_number
from app.orders.rules import Customer, Line, Snapshot, State, parse_quantity
from app.web.filters import locale_name
from app.web.forms import Form, LocalDateTimeField, MoneyField, SelectField, storable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from decimal import Decimal

    from app.catalog.models import Product

ROWS = 3
STATES = [
    (State.COMPLETED.value, _l("Completed")),
    (State.AGREED.value, _l("Agreed")),
    (State.REGISTERED.value, _l("New")),
    (State.CANCELLED.value, _l("Cancelled")),
]
BROUGHT = [
    ("code", _l("A code typed at the order")),
    ("link", _l("A partner's link")),
    ("nobody", _l("Nobody, or whoever the customer belongs to")),
]


class LineForm(Part):  # type: ignore[misc]
    """One product, by its id or name; a row without product and price is left out.

    `known`: the catalogue's product that was meant; `strange`: none was, though one was typed.
    """

    known: Product | None = None
    strange = False
    product = StringField(_l("Product"), [Length(max=LONGEST_NAME)])
    quantity = StringField(_l("Quantity"), [Length(max=20)], default="1")
    price = MoneyField(_l("Price"))


class SimulatorForm(Form):
    """An order that need not be."""

    brought = SelectField(_l("Brought by"), choices=BROUGHT, default="code")
    code = StringField(
        _l("Code or link"),
        [Length(max=2000)],
        description=_l("A refcode, a promo code or a partner's link."),
    )
    email = StringField(
        _l("Customer's e-mail"),
        [Length(max=254)],
        description=_l("A known one brings the customer's history along; empty is a new customer."),
    )
    group = StringField(_l("Customer's group"), [Length(max=200)])
    coupons = StringField(
        _l("Coupons"), [Length(max=500)], description=_l("Several: apart by commas.")
    )
    state = SelectField(_l("State"), choices=STATES, default=State.COMPLETED.value)
    at = LocalDateTimeField(
        _l("Ordered"), description=_l("Empty: now. A later day reads what holds then.")
    )
    shipping = MoneyField(_l("Shipping"))
    lines = FieldList(FormField(LineForm), min_entries=ROWS, max_entries=ROWS)

    def snapshot(self, currency: str, find: Callable[[str], Product | None]) -> Snapshot | None:
        """Return the order as typed, minor units; None with complaints at the fields."""
        found = [self._line(n, each.form, find) for n, each in enumerate(self.lines, start=1)]
        lines = tuple(line for line in found if line is not None)
        if not lines and not self.lines.errors:
            self.complain("lines", gettext("Name a product and its price."))
        if self.errors:
            return None
        at: datetime = self.at.data or clock.now()
        code = (self.code.data or "").strip()
        return Snapshot(
            status=self.state.data,
            currency=currency,
            created_at=at,
            updated_at=at,
            lines=lines,
            shipping=self.shipping.data.minor if self.shipping.data else 0,
            customer=Customer(
                email=(self.email.data or "").strip() or None,
                group=(self.group.data or "").strip() or None,
            ),
            coupons=tuple(_words(self.coupons.data)),
            partner_code=code if code and self.brought.data == "code" else None,
            ref=_code_of(code) if code and self.brought.data == "link" else None,
        )

    def _line(self, number: int, row: Any, find: Callable[[str], Product | None]) -> Line | None:
        said = (row.product.data or "").strip() or None
        if said is not None and not storable(said):
            row.product.data = None
            self.complain("lines", gettext("This has characters that cannot be kept."))
            return None
        price = row.price.data.minor if row.price.data else None
        if said is None and price is None:
            return None
        row.known = find(said) if said else None
        row.strange = said is not None and row.known is None
        if price is None and row.known is not None:
            price = row.known.price
        if price is None:
            row.price.errors = [*row.price.errors, _no_price(strange=row.strange)]
            self.complain("lines", gettext("Line %(number)s: type a price.", number=number))
            return None
        quantity = _quantity(row.quantity.data)
        if quantity is None:
            self.complain("lines", gettext("Line %(number)s: type how many.", number=number))
            return None
        product, name = (row.known.external_id, row.known.name) if row.known else (said, None)
        return Line(id=str(number), product=product, name=name, quantity=quantity, price=price)


def _no_price(*, strange: bool) -> str:
    if strange:
        return str(gettext("The catalogue has no such product: choose one, or type a price."))
    return str(gettext("The catalogue has no price: type one."))


def _quantity(text: str | None) -> Decimal | None:
    try:
        found: Decimal = parse_quantity(plain_number((text or "1").strip(), locale_name()))
    except MoneyError:
        return None
    return found or None


def _words(text: str | None) -> Sequence[str]:
    return [word.strip() for word in (text or "").split(",") if word.strip()]


def _code_of(text: str) -> str:
    """Return the code in a link: the last part of its path, or what its first parameter says."""
    if "/" not in text:
        return text
    try:
        parts = urlsplit(text)
        said = [value for _name, value in parse_qsl(parts.query, max_num_fields=50) if value]
    except ValueError:
        return text[:500]
    path = parts.path.rstrip("/").rpartition("/")[2]
    return (said[0] if said else path)[:500].replace("\x00", "") or text[:500]
