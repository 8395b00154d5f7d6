"""What a wallet adds up to, how details stand, and the payment QR read back by a reader of its own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.links.service import draw_svg
from app.requisites.rules import BankAccount, Details, Iban, Payee, TaxStatus, payment_qr
from app.wallet.rules import Held, Purse, advance, details_state
from app.wallet.service import transfer
from tests.harness.qr import read_svg

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
SUMS = st.integers(0, 10**12)
BANK = BankAccount("044525225", "40702810900000005555", "ПАО Сбербанк", "30101810400000000225")
FIRM = Payee("ООО Лампа", TaxStatus.COMPANY, "7707083893", "773601001", "1027700132195")


@given(SUMS, SUMS, SUMS, SUMS, SUMS)
def test_what_was_earned_stands_somewhere_or_was_paid(
    pending: int, available: int, reserved: int, debt: int, paid: int
) -> None:
    purse = Purse(pending, available, reserved, debt, paid)
    assert purse.accrued - paid == pending + purse.owed + reserved


def test_what_exceeds_the_available_is_an_advance() -> None:
    assert [advance(n, 100) for n in (1, 100, 101)] == [0, 0, 1]
    assert advance(5, 0) == 5


@pytest.mark.parametrize(
    ("given_", "frozen", "usable", "state"),
    [
        (False, None, None, Held.NONE),
        (True, None, NOW, Held.GIVEN),
        (True, None, NOW + timedelta(seconds=1), Held.COOLING),
        (True, NOW, NOW, Held.FROZEN),
    ],
)
def test_details_stand_in_one_of_four_ways(
    given_: bool, frozen: datetime | None, usable: datetime | None, state: Held
) -> None:
    found = details_state(given=given_, frozen_at=frozen, usable_at=usable, now=NOW)
    assert found is state


def test_the_payment_qr_says_what_the_standard_wants() -> None:
    text = payment_qr(FIRM, BANK, 123_456, "Вознаграждение | партнёра\nЛампы")
    head, *fields = text.split("|")
    assert head == "ST00012"
    assert [f.partition("=")[0] for f in fields[:5]] == [
        "Name", "PersonalAcc", "BankName", "BIC", "CorrespAcc",
    ]  # fmt: skip
    said = dict(f.split("=", 1) for f in fields)
    assert (said["PersonalAcc"], said["BIC"]) == (BANK.account, BANK.bik)
    assert (said["Sum"], said["PayeeINN"], said["KPP"]) == ("123456", FIRM.inn, FIRM.kpp)
    assert said["Purpose"] == "Вознаграждение / партнёра Лампы"


@given(st.text(max_size=400), st.text(max_size=400), st.integers(1, 10**15))
def test_nothing_in_a_name_or_purpose_makes_a_field_of_its_own(
    name: str, purpose: str, amount: int
) -> None:
    text = payment_qr(Payee(name), BANK, amount, purpose)
    names = [f.partition("=")[0] for f in text.split("|")[1:]]
    known = {"Name", "PersonalAcc", "BankName", "BIC", "CorrespAcc", "Sum", "Purpose"}
    assert set(names) <= known
    assert len(names) == len(set(names))


@pytest.mark.parametrize("longer", range(0, 420, 60))
def test_the_picture_is_read_back_as_it_was_written(longer: int) -> None:
    text = payment_qr(FIRM, BANK, 60_000, "Вознаграждение " + "я" * longer)
    assert read_svg(draw_svg(text)) == text


def test_only_accounts_in_roubles_at_russian_banks_have_a_qr(app: object) -> None:
    said = {"number": "anna", "brand": "Lampa", "vat": "Без НДС"}
    made = transfer(Details(FIRM, BANK), 100, "RUB", **said)
    assert made.qr is not None
    assert made.purpose.endswith("anna. Без НДС")
    abroad = Details(Payee("Ann"), Iban("DE89370400440532013000"))
    assert transfer(abroad, 100, "EUR", **said).qr is None
    assert transfer(Details(FIRM, BANK), 100, "EUR", **said).picture is None
