"""What a merchant's bonus program says: how bonuses are spent, earned, lapse and are taken back."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

BONUS = "BONUS"  # the ledger's currency of bonuses; 1 bonus = 1.00 of the merchant's currency
LONGEST = 3_660  # days

CHOICES: dict[str, tuple[str, ...]] = {
    "earn_on": ("agreed", "completed"),
    "debt": ("debt", "clamp"),
    "receipt": ("discount", "consideration"),
    "spend_when": ("at_order", "on_payment"),
    "rounding": ("down", "half_up"),
    "partner_mode": ("both", "withdraw", "spend"),
    "convert": ("by_partner", "always"),
    "leap_birthday": ("february", "march"),
}
RANGES: dict[str, tuple[int, int]] = {
    "minimum_cash": (0, 10**12),
    "step": (1, 10**9),
    "min_unit_price": (0, 10**6),
    "expires_days": (1, LONGEST),
    "delay_days": (0, 365),
    "grace_days": (0, 365),
    "hold_minutes": (1, 7 * 24 * 60),
    "warn_days": (0, 90),
    "withdraw_minimum": (0, 10**12),
}
OPEN = frozenset({"expires_days"})
PERCENTS = {"spend_percent": 100, "partner_premium": 1_000}
SWITCHES = (
    "promo_spendable",
    "shipping_spendable",
    "earn_while_redeeming",
    "withdrawable",
    "owners_earn_on_own",
)


class ProgramError(ValueError):
    """A setting that says nothing sensible; `name` is the setting's."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """The program at one moment. Sums in minor units of the merchant's currency, percents as Decimal.

    `category_percents`: how much of a line may be paid in bonuses, by the shop's id of a category.
    """

    spend_percent: Decimal = Decimal(100)
    minimum_cash: int = 0
    step: int = 1
    min_unit_price: int = 1
    category_percents: Mapping[str, Decimal] = field(default_factory=dict)
    promo_spendable: bool = True
    shipping_spendable: bool = False
    earn_while_redeeming: bool = True
    owners_earn_on_own: bool = False
    earn_on: str = "agreed"
    delay_days: int = 0
    expires_days: int | None = None
    grace_days: int = 0
    warn_days: int = 7
    rounding: str = "down"
    debt: str = "debt"
    receipt: str = "discount"
    spend_when: str = "at_order"
    hold_minutes: int = 30
    partner_mode: str = "both"
    partner_premium: Decimal = Decimal(0)
    withdrawable: bool = False
    withdraw_minimum: int = 0
    convert: str = "by_partner"
    leap_birthday: str = "february"  # 29 February, in years that have none

    @property
    def grows_in_circles(self) -> bool:
        """Whether money that becomes bonuses with a premium could become money again, one for one."""
        return self.withdrawable and self.partner_premium > 0 and self.partner_mode == "both"

    def to_json(self) -> dict[str, Any]:
        """Return the settings as they are stored: percents as text."""
        said = asdict(self)
        for name in PERCENTS:
            said[name] = str(said[name])
        said["category_percents"] = {c: str(p) for c, p in self.category_percents.items()}
        return said


NAMES = tuple(each.name for each in fields(Program))


def read_program(said: Mapping[str, Any]) -> Program:
    """Read stored or given settings; what is missing is as in a new program. Raises ProgramError."""
    values: dict[str, Any] = {}
    for name, value in said.items():
        if name not in NAMES:
            raise ProgramError(name)
        values[name] = _read(name, value)
    return Program(**values)


def _read(name: str, value: Any) -> Any:
    if name == "category_percents":
        if not isinstance(value, dict) or len(value) > 1_000:
            raise ProgramError(name)
        return {str(c): _percent(f"category_percents.{c}", p, 100) for c, p in value.items()}
    if name in PERCENTS:
        return _percent(name, value, PERCENTS[name])
    if name in SWITCHES:
        if not isinstance(value, bool):
            raise ProgramError(name)
        return value
    if name in CHOICES:
        if value not in CHOICES[name]:
            raise ProgramError(name)
        return value
    return _whole(name, value)


def _whole(name: str, value: Any) -> int | None:
    if value is None and name in OPEN:
        return None
    low, high = RANGES[name]
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise ProgramError(name)
    return value


def _percent(name: str, value: Any, most: int) -> Decimal:
    try:
        percent = Decimal(str(value))
    except InvalidOperation as error:
        raise ProgramError(name) from error
    exponent = percent.as_tuple().exponent
    if not percent.is_finite() or not 0 <= percent <= most or not isinstance(exponent, int):
        raise ProgramError(name)
    if exponent < -2:
        raise ProgramError(name)
    return percent
