from __future__ import annotations

import pytest

from app.tenants import rules


@pytest.mark.parametrize(
    ("slug", "problem"),
    [
        ("lampa", None),
        ("lampa-2", None),
        ("ab", "form"),
        ("x" * 36, "form"),
        ("Lampa", "form"),
        ("лампа", "form"),
        ("-lampa", "form"),
        ("lampa-", "form"),
        ("lampa-test", "test"),
        ("login", "reserved"),
        ("platform", "reserved"),
    ],
)
def test_an_address_is_small_latin_letters_and_not_one_of_ours(
    slug: str, problem: str | None
) -> None:
    assert rules.slug_problem(slug) == problem


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Lampa.Example", "lampa.example"),
        ("lampa.example.", "lampa.example"),
        ("лампа.рф", "xn--80aa5afp.xn--p1ai"),
        ("localhost:8080", "localhost:8080"),
        ("127.0.0.1:5000", "127.0.0.1:5000"),
    ],
)
def test_a_domain_is_kept_in_ascii(typed: str, kept: str) -> None:
    assert rules.domain(typed) == kept


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("https://lampa.example", "scheme"),
        ("lampa", "domain"),
        ("lampa.example/shop", "domain"),
        ("lampa.example:0", "domain"),
        ("lampa.example:99999999", "domain"),
        ("lampa.example:x", "domain"),
        ("user@lampa.example", "domain"),
        ("la mpa.example", "domain"),
        ("a..example", "domain"),
        ("-a.example", "domain"),
        ("x" * 64 + ".example", "domain"),
        (".".join(["abcdefghij"] * 30), "domain"),
    ],
)
def test_what_is_no_domain_is_refused(typed: str, code: str) -> None:
    with pytest.raises(rules.BadAddress) as refused:
        rules.domain(typed)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("", "/"), ("/", "/"), ("shop", "/shop"), ("/shop/", "/shop"), ("/a/b-c", "/a/b-c")],
)
def test_a_folder_begins_with_a_slash_and_ends_without(typed: str, kept: str) -> None:
    assert rules.folder(typed) == kept


@pytest.mark.parametrize(
    "typed", ["/a b", "/..", "/a/../b", "//evil", "/?q", "/#x", "/" + "x" * 300]
)
def test_what_is_no_folder_is_refused(typed: str) -> None:
    with pytest.raises(rules.BadAddress):
        rules.folder(typed)


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (rules.DEFAULT_WORDS, None),
        ({"новый": "registered"}, None),
        ({}, "empty"),
        ({str(n): "agreed" for n in range(101)}, "many"),
        ({" ": "agreed"}, "word"),
        ({"x" * 129: "agreed"}, "word"),
        ({"a\x00": "agreed"}, "word"),
        ({"new": "done"}, "state"),
    ],
)
def test_a_status_map_says_what_each_word_means(words: dict[str, str], problem: str | None) -> None:
    assert rules.words_problem(words) == problem


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("click", "first", None),
        ("click", "middle", "choice"),
        ("lifetime", True, None),
        ("lifetime", 1, "type"),
        ("hold_days", 0, None),
        ("hold_days", 366, "range"),
        ("hold_days", True, "range"),
        ("hold_days", "7", "range"),
        ("parameters", ["ref", "p_1"], None),
        ("parameters", [], "type"),
        ("parameters", ["1x"], "type"),
        ("parameters", [1], "type"),
        ("parameters", "ref", "type"),
        ("parameters", ["a"] * 6, "type"),
        ("settlement", "platform", None),
        ("settlement", "own", None),
        ("loyalty", True, None),
        ("loyalty", False, None),
        ("nothing", 1, "unknown"),
    ],
)
def test_a_setting_says_what_is_wrong_with_it(
    name: str, value: object, problem: str | None
) -> None:
    assert rules.setting_problem(name, value) == problem


def test_the_defaults_can_stand() -> None:
    assert not [
        name for name, value in rules.DEFAULTS.items() if rules.setting_problem(name, value)
    ]
    assert rules.words_problem(rules.DEFAULT_WORDS) is None
