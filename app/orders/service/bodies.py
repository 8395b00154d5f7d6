"""An order as programs write it, read into the rules' words; every field that cannot stand is named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask_babel import gettext, lazy_gettext
from pydantic import ValidationError

from app.errors import DomainError, FieldError, in_plain_words
from app.money import MoneyError, parse_decimal
from app.orders.rules import (
    Customer,
    Line,
    PartnerData,
    Refund,
    RefundLine,
    Snapshot,
    parse_quantity,
    problems,
)
from app.orders.schemas import OrderIn

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flask_babel.speaklater import LazyString

MESSAGES: dict[str, LazyString] = {
    "required": lazy_gettext("This is required."),
    "duplicate": lazy_gettext("This id stands twice."),
    "not_positive": lazy_gettext("This must be above zero."),
    "negative": lazy_gettext("This must not be negative."),
    "price_or_amount": lazy_gettext("Give a price or an amount."),
    "discount_above_line": lazy_gettext("The discount exceeds price times quantity."),
    "too_large": lazy_gettext("This sum is too large."),
    "too_precise": lazy_gettext("This has more decimals than the currency."),
    "not_a_number": lazy_gettext('Write a decimal as a string, such as "1990.00".'),
    "unknown_line": lazy_gettext("The order has no such line."),
    "quantity_or_amount": lazy_gettext("Give a quantity or an amount."),
    "lines_or_amount": lazy_gettext("Give lines or an amount."),
    "refund_above_line": lazy_gettext("The refund exceeds what is left of the line."),
    "refund_above_order": lazy_gettext("Refunds exceed lines, shipping and fees."),
    "other_currency": lazy_gettext("The order must be in the merchant's currency."),
    "other_shop": lazy_gettext("This key belongs to one shop."),
}


def read_body(body: Any, currency: str, *, till: str | None = None) -> Snapshot:
    """Turn an order as programs write it into a sound snapshot in minor units of the merchant's currency.

    `till`: where it was made, if whoever asks knows it. Raises DomainError naming the fields.
    """
    try:
        said = OrderIn.model_validate(body)
    except ValidationError as error:
        raise _invalid(_complaints(error)) from error
    if said.currency != currency:
        raise _invalid([FieldError("currency", str(MESSAGES["other_currency"]))])
    snapshot = _Reader(currency, till).snapshot(said)
    found = problems(snapshot)
    if found:
        raise _invalid([FieldError(p.field, str(MESSAGES[p.code])) for p in found])
    return snapshot


def _invalid(errors: Iterable[FieldError]) -> DomainError:
    return DomainError("invalid", gettext("The order cannot be taken as it is."), *errors)


def _complaints(error: ValidationError) -> list[FieldError]:
    return [
        FieldError(".".join(str(part) for part in one["loc"]), in_plain_words(one["msg"]))
        for one in error.errors()
    ]


class _Reader:
    """Reads sums in one currency and remembers every field that is none."""

    def __init__(self, currency: str, till: str | None) -> None:
        self.currency, self.till = currency, till
        self.errors: list[FieldError] = []

    def snapshot(self, said: OrderIn) -> Snapshot:
        lines = tuple(self._line(i, line) for i, line in enumerate(said.lines))
        refunds = tuple(self._refund(i, refund) for i, refund in enumerate(said.refunds or []))
        bonus = self.sum("bonus.spend", said.bonus.spend if said.bonus else None) or 0
        money = self.sum("bonus.spend_partner", said.bonus.spend_partner if said.bonus else None)
        shipping = self.sum("shipping", said.shipping) or 0
        fees = self.sum("fees", said.fees) or 0
        if self.errors:
            raise _invalid(self.errors)
        data = said.partner_data
        customer = said.customer
        return Snapshot(
            status=said.status,
            currency=said.currency,
            created_at=said.created_at,
            number=said.number,
            version=said.version,
            updated_at=said.updated_at,
            site=said.site,
            customer=Customer(**customer.model_dump()) if customer else Customer(),
            lines=lines,
            shipping=shipping,
            fees=fees,
            coupons=tuple(said.coupons or ()),
            paid_at=said.paid_at,
            completed_at=said.completed_at,
            till=self.till or said.till,
            click=said.click,
            ref=said.ref,
            entry=said.entry,
            partner_code=said.partner_code,
            partner_data=PartnerData(**data.model_dump()) if data else None,
            bonus_spend=bonus,
            partner_spend=money or 0,
            refunds=refunds,
        )

    def _line(self, i: int, line: Any) -> Line:
        at = f"lines.{i}"
        return Line(
            id=line.id,
            product=line.product,
            name=line.name,
            category=line.category,
            supplier=line.supplier,
            brand=line.brand,
            quantity=self.quantity(f"{at}.quantity", line.quantity),
            price=self.sum(f"{at}.price", line.price),
            amount=self.sum(f"{at}.amount", line.amount),
            discount=self.sum(f"{at}.discount", line.discount) or 0,
            tax=self.sum(f"{at}.tax", line.tax) or 0,
            promo=line.promo,
        )

    def _refund(self, i: int, refund: Any) -> Refund:
        at = f"refunds.{i}"
        return Refund(
            id=refund.id,
            amount=self.sum(f"{at}.amount", refund.amount),
            lines=tuple(
                RefundLine(
                    line=part.line,
                    quantity=self.quantity(f"{at}.lines.{k}.quantity", part.quantity)
                    if part.quantity is not None
                    else None,
                    amount=self.sum(f"{at}.lines.{k}.amount", part.amount),
                )
                for k, part in enumerate(refund.lines or [])
            ),
        )

    def sum(self, field: str, text: str | None) -> int | None:
        """Read minor units; a complaint and None for what is no sum."""
        if text is None:
            return None
        try:
            return parse_decimal(text, self.currency)
        except MoneyError as error:
            self.errors.append(FieldError(field, str(MESSAGES.get(error.code, error.code))))
            return None

    def quantity(self, field: str, text: str) -> Any:
        """Read a quantity; a complaint and 1 for what is none."""
        try:
            return parse_quantity(text)
        except MoneyError as error:
            self.errors.append(FieldError(field, str(MESSAGES.get(error.code, error.code))))
            return 1
