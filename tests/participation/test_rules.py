"""What an answer may be, who may join, and what is to be accepted anew."""

from __future__ import annotations

from typing import Any

import pytest

from app.participation.rules import (
    Agreed,
    AnswerError,
    Entry,
    Kind,
    Needed,
    Option,
    Owed,
    Question,
    Standing,
    in_language,
    key_of,
    moved,
    options_of,
    owed,
    read_answer,
    refusals,
)
from app.participation.rules.entry import folded

BLOG, SHOP = Option("blog", {"en": "Blog", "ru": "Блог"}), Option("shop", {"en": "Shop"})


def question(kind: Kind, *options: Option) -> Question:
    return Question("where", kind, {"en": "Where?"}, options=options)


class TestAnswers:
    @pytest.mark.parametrize(
        ("kind", "said", "kept"),
        [
            (Kind.TEXT, "  a   word ", "a word"),
            (Kind.LONG, "two\nlines", "two\nlines"),
            (Kind.NUMBER, "-12.50", "-12.50"),
            (Kind.PHONE, "8 916 123-45-67", "+79161234567"),
            (Kind.SITE, "blog.example", "https://blog.example"),
            (Kind.DATE, "2026-02-28", "2026-02-28"),
            (Kind.YES, True, True),
            (Kind.YES, False, None),
            (Kind.TEXT, "   ", None),
            (Kind.DATE, None, None),
        ],
    )
    def test_each_kind_is_read_in_its_way(self, kind: Kind, said: object, kept: object) -> None:
        assert read_answer(question(kind), said, "RU") == kept

    @pytest.mark.parametrize(
        ("kind", "said", "code"),
        [
            (Kind.TEXT, "x" * 301, "long"),
            (Kind.TEXT, "a\x00b", "type"),
            (Kind.LONG, "a\ud800", "type"),
            (Kind.TEXT, 7, "type"),
            (Kind.NUMBER, "1e5", "number"),
            (Kind.NUMBER, "NaN", "number"),
            (Kind.NUMBER, "١٢", "number"),
            (Kind.NUMBER, "1.1234567", "number"),
            (Kind.PHONE, "12", "phone"),
            (Kind.PHONE, "+7" * 40, "phone"),
            (Kind.SITE, "javascript:alert(1)", "site"),
            (Kind.SITE, "h" * 501, "long"),
            (Kind.DATE, "2026-02-30", "date"),
            (Kind.DATE, "1700-01-01", "date"),
            (Kind.DATE, "30.01.2026", "date"),
            (Kind.YES, "yes", "type"),
        ],
    )
    def test_what_cannot_stand_is_refused(self, kind: Kind, said: object, code: str) -> None:
        with pytest.raises(AnswerError) as error:
            read_answer(question(kind), said, "RU")
        assert error.value.code == code

    def test_of_several_answers_only_those_offered_are_kept_in_the_forms_order(self) -> None:
        several = question(Kind.SEVERAL, BLOG, SHOP)
        assert read_answer(several, ["shop", "blog"], None) == ["blog", "shop"]
        assert read_answer(several, [], None) is None
        assert read_answer(several, None, None) is None
        for said, code in ((["x"], "choice"), ("blog", "type"), ([1], "type")):
            with pytest.raises(AnswerError) as error:
                read_answer(several, said, None)
            assert error.value.code == code

    def test_one_of_several_is_one_that_was_offered(self) -> None:
        choice = question(Kind.CHOICE, BLOG, SHOP)
        assert read_answer(choice, "blog", None) == "blog"
        with pytest.raises(AnswerError):
            read_answer(choice, "Blog", None)


class TestBuilding:
    def test_a_reader_sees_a_foreign_word_rather_than_none(self) -> None:
        assert in_language({"en": "Blog", "ru": "Блог"}, "ru", "en") == "Блог"
        assert in_language({"ru": "Блог"}, "en") == "Блог"
        assert in_language({}, "en") == ""

    def test_a_name_for_programs_is_readable_and_nobody_elses(self) -> None:
        assert key_of("Откуда вы?", ()) == "otkuda-vy"
        assert key_of("Where from?", {"where-from"}) == "where-from-2"
        assert key_of("学校", {"field"}) == "field-2"
        assert key_of("Partner", ()) == "partner"

    def test_a_line_that_stood_before_keeps_its_key(self) -> None:
        first = options_of({"en": ["Blog", "", "Shop"], "ru": ["Блог", "", "Магазин"]})
        assert [each.key for each in first] == ["blog", "shop"]
        assert first[1].label == {"en": "Shop", "ru": "Магазин"}
        later = options_of({"en": ["Store", "Blog"], "ru": ["Магазин", "Блог"]}, first)
        assert [each.key for each in later] == ["shop", "blog"]

    def test_a_language_with_fewer_lines_leaves_the_rest_to_the_other(self) -> None:
        found = options_of({"en": ["Blog"], "ru": ["Блог", "Рынок"]})
        assert [dict(each.label) for each in found] == [
            {"en": "Blog", "ru": "Блог"},
            {"ru": "Рынок"},
        ]
        assert options_of({}) == []

    @pytest.mark.parametrize("lines", [["Blog", "Blog"], [str(n) for n in range(51)]])
    def test_doubles_and_too_many_are_refused(self, lines: list[str]) -> None:
        with pytest.raises(AnswerError):
            options_of({"en": lines})

    def test_a_question_moves_a_place_and_stops_at_the_ends(self) -> None:
        assert moved(["a", "b", "c"], "b", up=True) == ["b", "a", "c"]
        assert moved(["a", "b", "c"], "b", up=False) == ["a", "c", "b"]
        assert moved(["a", "b"], "a", up=True) == ["a", "b"]
        assert moved(["a", "b"], "b", up=False) == ["a", "b"]


class TestWhoMayJoin:
    @pytest.mark.parametrize(
        ("entry", "standing", "codes"),
        [
            (Entry(), Standing(), []),
            (Entry(min_orders=2), Standing(completed=2), []),
            (Entry(min_orders=2), Standing(completed=1), ["orders"]),
            (Entry(allowed=frozenset({"gold"})), Standing(groups=frozenset({"gold"})), []),
            (Entry(allowed=frozenset({"gold"})), Standing(), ["not_allowed"]),
            (
                Entry(2, frozenset({"gold"}), frozenset({"staff"})),
                Standing(1, frozenset({"gold", "staff"})),
                ["forbidden", "orders"],
            ),
        ],
    )
    def test_each_rule_says_why(self, entry: Entry, standing: Standing, codes: list[str]) -> None:
        assert [each.code for each in refusals(entry, standing)] == codes

    def test_a_shops_spelling_lets_nobody_in(self) -> None:
        assert folded([" Gold  Club ", None, "", "GOLD club"]) == {"gold club"}

    def test_a_rule_asks_for_a_confirmed_email(self) -> None:
        assert not Entry().asks
        assert all(
            each.asks
            for each in (Entry(1), Entry(allowed=folded(["a"])), Entry(forbidden=folded(["a"])))
        )


class TestWhatIsOwed:
    OFFER, PERSONAL = Needed("offer", None, 3, 2), Needed("personal", None, 1, 0)
    TERMS = Needed("terms", 7, 4, 4)

    @pytest.mark.parametrize(
        ("agreed", "unasked", "kinds"),
        [
            ([], False, ["offer"]),
            ([Agreed("offer", None, 1)], False, ["offer"]),
            ([Agreed("offer", None, 2)], False, []),
            ([Agreed("offer", None, 3), Agreed("offer", None, 1)], False, []),
            ([], True, ["offer", "personal"]),
            ([Agreed("offer", None, 3), Agreed("personal", None, 1)], True, []),
        ],
    )
    def test_only_a_version_marked_again_stands_in_the_way(
        self, agreed: list[Agreed], unasked: Any, kinds: list[str]
    ) -> None:
        found = owed([self.PERSONAL, self.OFFER], agreed, 7, unasked=unasked)
        assert [each.kind for each in found] == kinds

    def test_the_newest_version_is_what_is_read(self) -> None:
        assert owed([self.OFFER], [Agreed("offer", None, 1)], 7) == [Owed("offer", None, 3)]

    def test_terms_are_owed_by_those_who_are_on_them(self) -> None:
        assert [each.kind for each in owed([self.TERMS, self.OFFER], [], 7)] == ["terms", "offer"]
        assert owed([self.TERMS], [], 8) == []
        assert owed([self.TERMS], [Agreed("terms", 7, 4)], 7) == []

    def test_nothing_depends_on_marketing(self) -> None:
        assert owed([Needed("marketing", None, 2, 2)], [], 7, unasked=True) == []
