"""Numbers of banks and tax offices: public ones hold, every slip of one digit is found where it can be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.requisites.rules import (
    WAYS,
    BankAccount,
    Card,
    Details,
    Iban,
    Kept,
    Kind,
    Legal,
    Other,
    Payee,
    Phone,
    TaxStatus,
    account_problem,
    bic_problem,
    bik_problem,
    card_problem,
    correspondent_problem,
    first_kind,
    iban_problem,
    inn_problem,
    kpp_problem,
    ogrn_problem,
    phone_problem,
    with_key,
)
from app.requisites.rules.numbers import Problem
from app.requisites.service import WORDS, words

SBER = "044525225"
ACCOUNT = "40702810900000005555"  # with the BIK above: a public example
SBER_ACCOUNT = BankAccount(SBER, ACCOUNT, "Сбербанк", "30101810400000000225")
COMPANY = Payee("ООО Лампа", TaxStatus.COMPANY, "7707083893", "773601001", "1027700132195")


def code(problem: Problem | None) -> str | None:
    return problem.code if problem else None


@pytest.mark.parametrize(
    ("account", "bik", "wrong"),
    [
        (ACCOUNT, SBER, None),
        ("40101810800000010041", "044583001", None),  # at an office of the Bank of Russia
        ("40702810900000005554", SBER, "account_check"),
        (ACCOUNT, "044525974", "account_check"),
        (ACCOUNT, "04452522", None),  # the BIK is complained about, not the account
        (ACCOUNT[:19], SBER, "length"),
        ("30101810400000000225", SBER, "account_correspondent"),
        ("40702811900000005555", SBER, "account_currency"),
        ("4070281090000000555O", SBER, "only_digits"),
        ("٤0702810900000005555", SBER, "only_digits"),
        ("", SBER, "missing"),
    ],
)
def test_an_account_is_checked_together_with_its_bik(
    account: str, bik: str, wrong: str | None
) -> None:
    assert code(account_problem(account, bik)) == wrong


@pytest.mark.parametrize(
    ("account", "bik", "wrong"),
    [
        ("30101810400000000225", SBER, None),
        ("30101810145250000974", "044525974", None),
        ("30101810200000000593", "044525593", None),
        ("30101810200000000593", SBER, "correspondent_ends"),
        ("30101810500000000225", SBER, "last_check"),
        ("40101810400000000225", SBER, "correspondent_begins"),
        ("", "044583001", None),
        ("", SBER, "missing"),
    ],
)
def test_a_correspondent_account_ends_as_its_bik_does(
    account: str, bik: str, wrong: str | None
) -> None:
    assert code(correspondent_problem(account, bik)) == wrong


@pytest.mark.parametrize(
    ("problem", "wrong"),
    [
        (inn_problem("7707083893", 10), None),
        (inn_problem("500100732259", 12), None),
        (inn_problem("7707083893", 12), "length"),
        (inn_problem("7707083894", 10), "inn_check"),
        (ogrn_problem("1027700132195", 13), None),
        (ogrn_problem("304500116000157", 15), None),
        (ogrn_problem("1027700132196", 13), "last_check"),
        (kpp_problem("773601001"), None),
        (kpp_problem("77360A"), "kpp"),
        (bik_problem("144525225"), "bik_begins"),
        (iban_problem("DE89370400440532013000"), None),
        (iban_problem("DE88370400440532013000"), "iban_check"),
        (iban_problem("DE8937040044053201300"), "iban"),
        (bic_problem("DEUTDEFF"), None),
        (bic_problem("DEUTDE"), "bic"),
        (card_problem("4111111111111111"), None),
        (card_problem("4111111111111112"), "card_check"),
        (card_problem("411111111111"), "card_length"),
        (phone_problem("+79161234567"), None),
        (phone_problem("+7916123456"), "phone"),
        (phone_problem("whom to call"), "phone"),
    ],
)
def test_public_numbers_hold_and_slips_are_named(
    problem: Problem | None, wrong: str | None
) -> None:
    assert code(problem) == wrong


@given(st.integers(0, 19).filter(lambda n: n not in {5, 6, 7}), st.integers(1, 9))
def test_one_wrong_digit_of_an_account_never_passes(place: int, more: int) -> None:
    digit = (int(ACCOUNT[place]) + more) % 10
    slipped = f"{ACCOUNT[:place]}{digit}{ACCOUNT[place + 1 :]}"
    assert account_problem(slipped, SBER) is not None


@given(
    st.from_regex(r"40[0-9]{3}810[0-9]{12}", fullmatch=True),
    st.from_regex(r"04[0-9]{7}", fullmatch=True),
)
def test_the_ninth_digit_can_be_computed(account: str, bik: str) -> None:
    keyed = with_key(account, bik)
    assert account_problem(keyed, bik) is None
    assert sum(a != b for a, b in zip(keyed, account, strict=True)) <= 1


TEXTS = st.text(max_size=30)


@given(
    st.sampled_from(list(Kind)),
    st.dictionaries(st.sampled_from(["bik", "account", "bank", "iban", "card", "phone"]), TEXTS),
    st.dictionaries(st.sampled_from(["name", "inn", "kpp", "ogrn", "address", "country"]), TEXTS),
    st.sampled_from(list(TaxStatus)),
)
def test_whatever_is_typed_is_read_complained_about_and_kept(
    kind: Kind, way: dict[str, str], payee: dict[str, str], status: TaxStatus
) -> None:
    made = Details(Payee.make({**payee, "status": status.value}), WAYS[kind].make(way))
    for problem in made.problems().values():
        assert "%(" not in str(WORDS[problem.code]) % problem.facts
    kept = Kept().having("one", made).having("two", made)
    assert Kept.from_json(kept.to_json()) == kept
    assert Kept.from_json(kept.only("two").to_json()).items() == {"two": made}
    again = WAYS[kind].make(made.way.rows())
    assert again == made.way


def test_details_given_before_are_still_read() -> None:
    old = '{"bank": {"account": "4081", "holder": "Anna", "note": "x"}, "paypal": {"account": "a@b", "holder": "Eve"}}'
    found = Kept.from_json(old).items()
    assert found["bank"].way == Other("4081", "x", "Anna")
    assert (found["paypal"].holder, found["paypal"].payee.name) == ("Eve", "Anna")


def test_only_the_end_of_a_number_is_shown() -> None:
    assert SBER_ACCOUNT.masked() == "•••• 5555"
    assert Card("4111111111111111").masked() == "•••• 1111"
    assert Other("12345678").masked() == "••••"


@pytest.mark.parametrize(
    ("payee", "wrong"),
    [
        (COMPANY, set()),
        (Payee("Anna"), set()),
        (Payee("Anna", inn="500100732258"), {"inn"}),
        (Payee("Anna", TaxStatus.SELF_EMPLOYED), {"inn"}),
        (Payee("Anna", TaxStatus.ENTREPRENEUR), {"inn", "ogrn"}),
        (Payee("", TaxStatus.COMPANY), {"name", "inn", "kpp", "ogrn"}),
        (Payee("Lamp GmbH", TaxStatus.COMPANY, country="DE"), set()),
    ],
)
def test_each_tax_status_has_its_numbers(payee: Payee, wrong: set[str]) -> None:
    assert set(payee.problems()) == wrong


def test_numbers_of_another_status_are_left_out() -> None:
    said = {"status": "person", "name": "Anna", "inn": " ", "kpp": "773601001", "ogrn": "1"}
    assert Payee.make(said) == Payee("Anna")


def test_numbers_are_tidied_as_people_copy_them() -> None:
    made = BankAccount.make(
        {"bik": "044 525 225", "account": "40702 810\u00a09 0000 0005555", "bank": " Сбер "}
    )
    assert (made.bik, made.account, made.bank) == (SBER, ACCOUNT, "Сбер")
    assert Iban.make({"iban": "de89 3704 0044 0532 0130 00"}).iban == "DE89370400440532013000"
    assert Phone.make({"phone": "8 (916) 123-45-67"}).phone == "+79161234567"


def test_a_bank_transfer_asks_for_what_the_currency_uses() -> None:
    assert [first_kind(c) for c in ("RUB", "EUR", "USD")] == [Kind.BANK, Kind.IBAN, Kind.OTHER]


def test_half_an_account_of_the_merchant_is_wrong_and_none_is_not() -> None:
    said = {"name": "ООО Лампа", "inn": "7707083893", "kpp": "773601001", "ogrn": "1027700132195"}
    legal = Legal.make(said)
    assert legal.problems() == {}
    assert legal.bank_account is None
    assert set(Legal.make({**said, "bik": SBER}).problems()) == {"account", "bank", "correspondent"}
    assert Legal.from_json(legal.to_json()) == legal


def test_a_problem_says_which_digits_are_meant(app: object) -> None:
    problem = account_problem("40702811900000005555", SBER)
    assert problem is not None
    assert "811" in words(problem)
