"""Names of sites, proofs, and what follows from a look."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.links.rules import AddressError
from app.verified_sites.rules import (
    MOST_MISSES,
    MOST_TRIES,
    State,
    after_look,
    file_proves,
    is_below,
    meta_proves,
    record_proves,
    referrer_host,
    site_host,
)


@pytest.mark.parametrize(
    ("typed", "host"),
    [
        ("blog.example", "blog.example"),
        (" https://www.Blog.example/about?x=1 ", "blog.example"),
        ("http://blog.example:8080", "blog.example:8080"),
        ("пример.рф", "xn--e1afmkfd.xn--p1ai"),
        ("//blog.example.", "blog.example"),
    ],
)
def test_a_site_is_its_host(typed: str, host: str) -> None:
    assert site_host(typed) == host


@pytest.mark.parametrize(
    "typed", ["", "ftp://blog.example", "https://anna@blog.example", "javascript:alert(1)", "a b", "[::1", "x" * 400]
)  # fmt: skip
def test_what_is_no_site_is_refused(typed: str) -> None:
    with pytest.raises(AddressError):
        site_host(typed)


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("https://www.blog.example/", "blog.example"),
        ("https://blog.example/a/b", "blog.example"),
        ("android-app://com.google", None),
        ("https://a@blog.example/", None),
        ("", None),
        ("https://[", None),
    ],
)
def test_a_referrer_is_read_as_the_site_is_named(address: str, host: str | None) -> None:
    assert referrer_host(address) == host


@given(st.text(max_size=60))
def test_whatever_a_page_reports_is_a_host_or_nothing(text: str) -> None:
    found = referrer_host(text)
    assert found is None or "/" not in found


def test_a_host_is_below_its_domain_and_not_beside_it() -> None:
    assert is_below("blog.example", "www.blog.example")
    assert is_below("m.blog.example", "blog.example")
    assert not is_below("myblog.example", "blog.example")


def test_a_file_proves_by_saying_nothing_else() -> None:
    assert file_proves("\ufeff" + "abc\r\n", "abc")
    assert file_proves(" abc\n", "abc")
    assert not file_proves("<p>abc</p>", "abc")
    assert not file_proves("", "abc")


@pytest.mark.parametrize(
    ("page", "proves"),
    [
        ('<head><meta name="partnerka-site" content="abc"></head>', True),
        ("<meta content=' abc ' name=partnerka-site>", True),
        ('<head></head><body><meta name="partnerka-site" content="abc">', False),
        ('<!-- <meta name="partnerka-site" content="abc"> -->', False),
        ('<head><meta name="partnerka-site" content="xyz"></head>', False),
        ('<head><script>\'<meta name="partnerka-site" content="abc">\'</script></head>', False),
        ("<", False),
    ],
)
def test_a_tag_proves_only_in_the_head(page: str, proves: bool) -> None:
    assert meta_proves(page, "abc") is proves


@pytest.mark.parametrize("page", ["<![foo[bar]]>", "<![", "<!" * 99, "&#" * 99, "<meta name=" * 9])
def test_a_page_that_is_no_page_proves_nothing_and_breaks_nothing(page: str) -> None:
    assert not meta_proves(page, "t0ken")
    assert meta_proves(f'<meta name="partnerka-site" content="t0ken">{page}', "t0ken")


def test_a_record_proves_in_its_own_words() -> None:
    assert record_proves(["v=spf1 -all", "partnerka-site=abc"], "abc")
    assert not record_proves(["abc", "partnerka-site=abcd"], "abc")


def test_a_proved_site_is_lost_after_three_looks_and_not_before() -> None:
    state, misses = State.VERIFIED, 0
    for _look in range(MOST_MISSES - 1):
        then = after_look(state, misses, proved=False)
        assert then.state is State.VERIFIED
        assert then.wait is not None
        misses = then.misses
    then = after_look(state, misses, proved=False)
    assert (then.state, then.wait) == (State.LOST, None)
    assert after_look(State.LOST, then.misses, proved=True).state is State.VERIFIED


def test_a_site_that_nobody_proves_is_left_alone_after_a_day() -> None:
    assert after_look(State.WAITING, 0, proved=False).wait is not None
    assert after_look(State.WAITING, MOST_TRIES - 1, proved=False).wait is None
