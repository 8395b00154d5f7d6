"""Forms of orders: one made by hand, and who brought one, in staff's word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask_babel import gettext, lazy_pgettext
from flask_babel import lazy_gettext as _l
from wtforms import EmailField, FieldList, FormField, HiddenField, StringField, TelField
from wtforms import Form as Part
from wtforms.validators import Length

from app import clock
from app.money import MoneyError, plain_number, split
from app.orders.rules import Customer, Line, PartnerData, Snapshot, line_value, parse_quantity
from app.web.filters import locale_name
from app.web.forms import Filled, Form, LocalDateTimeField, MoneyField, SelectField, storable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from decimal import Decimal

ROWS, MORE, MOST = 5, 3, 50
Found = tuple[str | None, str, int | None]  # the shop's id of a product, its name, its price


class LineForm(Part):  # type: ignore[misc]
    """One row: a product of the catalogue, or anything by name; an empty row is left out."""

    product = StringField(_l("Product"), [Length(max=200)])
    quantity = StringField(_l("Quantity"), [Length(max=20)], default="1")
    price = MoneyField(_l("Price"))


class OrderForm(Form):
    """An order that came by phone, by letter or over the counter."""

    number = StringField(_l("Number"), [Length(max=100)], description=_l("Empty: one is made."))
    at = LocalDateTimeField(_l("Ordered"), description=_l("Empty: now."))
    status = SelectField(_l("Status"), [Filled()])
    customer_id = StringField(_l("Customer's id in the shop"), [Length(max=128)])
    name = StringField(lazy_pgettext("person", "Name"), [Length(max=200)])
    email = EmailField(_l("E-mail"), [Length(max=254)])
    phone = TelField(_l("Phone"), [Length(max=40)])
    group = StringField(_l("Customer's group"), [Length(max=200)])
    code = StringField(
        _l("Invite code"),
        [Length(max=160)],
        description=_l(
            "A partner's code that the customer named: the order is that partner's, and a new customer too."
        ),
        render_kw={"autocomplete": "off"},
    )
    coupons = StringField(
        _l("Coupons"), [Length(max=500)], description=_l("Several: apart by commas.")
    )
    lines = FieldList(FormField(LineForm), min_entries=ROWS, max_entries=MOST)
    discount = MoneyField(
        _l("Discount"), description=_l("Off the whole order; spread over its lines.")
    )
    shipping = MoneyField(_l("Shipping"))
    key = HiddenField()
    seen = HiddenField()

    def offer(self, words: Iterable[tuple[str, Any]]) -> OrderForm:
        """Offer the shop's words for an order's state."""
        self.status.choices = [(word, f"{word} · {meaning}") for word, meaning in words]
        return self

    def snapshot(
        self, currency: str, find: Callable[[str], Found], before: Snapshot | None = None
    ) -> Snapshot | None:
        """Return the order as typed, minor units; None with complaints at the fields.

        `find` looks a product up by what was typed. What the form does not ask stays as it was before.
        """
        found = [self._line(n, each.form, find) for n, each in enumerate(self.lines, start=1)]
        lines = [line for line in found if line is not None]
        if not lines and not self.lines.errors:
            self.complain("lines", gettext("Name a product and its price."))
        if lines and not self.errors:
            lines = self._discounted(lines)
        if self.errors:
            return None
        at, code = self.at.data or clock.now(), (self.code.data or "").strip()
        said = {
            "status": self.status.data,
            "number": (self.number.data or "").strip() or None,
            "created_at": at,
            "updated_at": clock.now(),
            "lines": tuple(lines),
            "shipping": self.shipping.data.minor if self.shipping.data else 0,
            "customer": Customer(**{name: self._word(name) for name in _CUSTOMER}),
            "coupons": tuple(w.strip() for w in (self.coupons.data or "").split(",") if w.strip()),
            "partner_data": PartnerData(promo_code=code) if code else PartnerData(),
        }
        kept = {} if before is None else {n: getattr(before, n) for n in _KEPT}
        return Snapshot(currency=currency, **kept, **said)

    def _word(self, name: str) -> str | None:
        return (self[_CUSTOMER[name]].data or "").strip() or None

    def _discounted(self, lines: list[Line]) -> list[Line]:
        """Spread the discount over the lines, by what each is worth."""
        worth = [line_value(line) for line in lines]
        discount = self.discount.data.minor if self.discount.data else 0
        if discount > sum(worth):
            self.complain("discount", gettext("The discount is more than the lines."))
            return lines
        if not discount:
            return lines
        return [
            Line(
                id=line.id,
                product=line.product,
                name=line.name,
                quantity=line.quantity,
                price=line.price,
                discount=part,
            )
            for line, part in zip(lines, split(discount, worth), strict=True)
        ]

    def _line(self, number: int, row: Any, find: Callable[[str], Found]) -> Line | None:
        text = (row.product.data or "").strip()
        typed = row.price.data.minor if row.price.data else None
        if not storable(text):
            row.product.data = None
            self.complain("lines", gettext("This has characters that cannot be kept."))
            return None
        if not text and typed is None:
            return None
        product, name, known = find(text) if text else (None, "", None)
        price = known if typed is None else typed
        quantity = _quantity(row.quantity.data)
        if price is None or row.price.errors:
            self.complain("lines", gettext("Line %(number)s: type a price.", number=number))
            return None
        if quantity is None:
            self.complain("lines", gettext("Line %(number)s: type how many.", number=number))
            return None
        return Line(
            id=str(number), product=product, name=name or None, quantity=quantity, price=price
        )


_CUSTOMER = {
    "id": "customer_id",
    "email": "email",
    "phone": "phone",
    "name": "name",
    "group": "group",
}
_KEPT = (
    "refunds",
    "fees",
    "site",
    "paid_at",
    "completed_at",
    "click",
    "ref",
    "entry",
    "partner_code",
)


def _quantity(text: str | None) -> Decimal | None:
    try:
        found: Decimal = parse_quantity(plain_number((text or "1").strip(), locale_name()))
    except MoneyError:
        return None
    return found or None


class PartnerDataForm(Form):
    """Staff's word on one order: a code, or a partner, and the terms."""

    promo_code = StringField(_l("Promo code"), [Length(max=160)], render_kw={"autocomplete": "off"})
    refcode = StringField(
        _l("Partner's refcode"), [Length(max=160)], render_kw={"autocomplete": "off"}
    )
    terms = SelectField(_l("Terms"), default="")

    def offer(self, terms: Iterable[Any], said: str | None = None) -> PartnerDataForm:
        """Offer sets of terms; nothing: those that the partner is on."""
        names = [each.name for each in terms]
        if said and said not in names:
            names.append(said)
        self.terms.choices = [("", _l("Those that the partner is on")), *((n, n) for n in names)]
        return self

    @property
    def said(self) -> PartnerData:
        """What was typed."""
        words = {
            n: (self[n].data or "").strip() or None for n in ("promo_code", "refcode", "terms")
        }
        return PartnerData(**words)
