"""Whose word stands on a card: what we wrote comes back for ever, and must never count as staff's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from app.intake.shops import Written
from app.intake.shops.echo import Write, begun, difference, ended, from_json, staffs_word, to_json

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def word(code: str | None, seconds: float, own: list[Write]) -> str | None:
    return staffs_word(Written(promo_code=code), at(seconds), own).promo_code


def wrote(code: str, since: float, sure: float | None) -> Write:
    return Write({"promo_code": code}, at(since), None if sure is None else at(sure))


def test_what_nobody_wrote_here_is_staffs_word() -> None:
    assert word("ANNA10", 5, []) == "ANNA10"
    assert word(None, 5, []) is None
    assert word("ANNA10", 5, [wrote("ANNA10", 10, 11)]) == "ANNA10"  # typed before we wrote it


def test_our_own_word_is_never_staffs_in_whatever_case_and_however_late() -> None:
    own = [wrote("ANNA10", 10, 11)]
    for seconds in (10, 11, 12, 10_000):
        assert word("ANNA10", seconds, own) is None
        assert word("anna10", seconds, own) is None
        assert word("BORIS5", seconds, own) == "BORIS5"


def test_while_a_write_is_under_way_neither_it_nor_the_one_before_is_staffs() -> None:
    own = [wrote("ANNA10", 10, 11), wrote("VERA10", 20, None)]
    assert [word(code, 25, own) for code in ("ANNA10", "VERA10", "BORIS5")] == [
        None,
        None,
        "BORIS5",
    ]


def test_a_message_of_before_a_write_is_read_the_same_before_and_after_it_was_answered() -> None:
    before = [wrote("ANNA10", 10, 11), wrote("VERA10", 20, None)]
    after = ended(before, {"promo_code": "VERA10"}, at(23))
    for seconds in (12, 20, 21, 22, 23):
        assert word("ANNA10", seconds, before) == word("ANNA10", seconds, after) is None


def test_what_we_wrote_once_and_staff_type_again_is_their_word() -> None:
    own = [wrote("ANNA10", 10, 11), wrote("VERA10", 20, 23)]
    assert word("ANNA10", 24, own) == "ANNA10"


def test_each_field_has_its_own_history() -> None:
    own = [Write({"promo_code": "ANNA10", "refcode": "anna"}, at(10), at(11))]
    own = ended(begun(own, {"commission": "5.00"}, at(20)), {}, at(21))
    assert len(own) == 1  # what staff cannot say is not remembered
    card = Written(promo_code="BORIS5", refcode="anna", terms="VIP")
    assert staffs_word(card, at(30), own) == Written(promo_code="BORIS5", terms="VIP")


def test_what_the_shop_made_of_our_word_counts_as_ours() -> None:
    own = ended(begun([], {"terms": "10 % & more"}, at(10)), {"terms": "10 % &amp; more"}, at(11))
    assert staffs_word(Written(terms="10 % &amp; more"), at(12), own) == Written()


def test_it_is_kept_as_it_was() -> None:
    own = [wrote("ANNA10", 10, 11), wrote("VERA10", 20, None)]
    assert from_json(to_json(own)) == own


def test_only_what_differs_is_written_and_codes_have_no_case() -> None:
    wanted = {"promo_code": "ANNA10", "commission": "10.00", "terms": "Base"}
    assert difference(wanted, {"promo_code": "anna10", "commission": "10.00"}) == {"terms": "Base"}
    assert difference(dict.fromkeys(wanted, ""), {}) == {}
