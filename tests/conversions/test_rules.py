"""Which way money and bonuses may go, and why they may not."""

from __future__ import annotations

from dataclasses import replace

from app.bonuses.rules import Program
from app.conversions.rules import Purse, Refusal, Way, refusal

OPEN = Program(withdrawable=True, withdraw_minimum=10_000)
PURSE = Purse(linked=True, money=50_000, bonuses=50_000)


def test_bonuses_become_money_from_the_minimum_and_never_while_bonuses_are_owed() -> None:
    assert refusal(Way.TO_MONEY, 10_000, PURSE, OPEN) is None
    assert refusal(Way.TO_MONEY, 9_999, PURSE, OPEN) is Refusal.BELOW_MINIMUM
    assert refusal(Way.TO_MONEY, 10_000, replace(PURSE, owed=1), OPEN) is Refusal.DEBT
    assert refusal(Way.TO_BONUSES, 10_000, replace(PURSE, owed=1), OPEN) is None, "it pays the debt"
    assert refusal(Way.TO_MONEY, 50_001, PURSE, OPEN) is Refusal.ABOVE_AVAILABLE
    assert refusal(Way.TO_MONEY, 10_000, replace(PURSE, linked=False), OPEN) is Refusal.NO_ACCOUNT


def test_the_program_opens_ways() -> None:
    closed = replace(OPEN, withdrawable=False)
    assert refusal(Way.TO_MONEY, 10_000, PURSE, closed) is Refusal.MODE
    spend = replace(OPEN, partner_mode="spend")
    assert refusal(Way.TO_MONEY, 10_000, PURSE, spend) is Refusal.MODE
    assert refusal(Way.TO_BONUSES, 10_000, PURSE, spend) is None
    withdraw = replace(OPEN, partner_mode="withdraw")
    assert refusal(Way.TO_BONUSES, 10_000, PURSE, withdraw) is Refusal.MODE
