"""What a creative may be, without a database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from app.creatives.rules import (
    BIGGEST_FILE,
    BIGGEST_PICTURE,
    Counts,
    FileError,
    Kind,
    State,
    Words,
    banner_code,
    clean,
    document,
    download_name,
    file_type,
    fill_html,
    fill_text,
    labelled,
    name_of_file,
    picture_format,
    size_name,
    state_of,
)

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ANNA = Words("https://p.example/r/lampa/a?x=1&y=2", "ANNA10", "Anna")


class TestWhenItIsSeen:
    def state(
        self, *, shown: bool = True, archived: bool = False,
        begins: datetime | None = None, ends: datetime | None = None,
    ) -> State:  # fmt: skip
        return state_of(NOON, shown=shown, archived=archived, valid_from=begins, valid_to=ends)

    def test_from_its_beginning_and_not_at_its_end(self) -> None:
        assert self.state() is State.ON
        assert self.state(begins=NOON) is State.ON
        assert self.state(begins=NOON + HOUR) is State.COMING
        assert self.state(ends=NOON) is State.OVER
        assert self.state(ends=NOON + HOUR) is State.ON

    def test_never_when_it_is_off_or_put_away(self) -> None:
        assert self.state(shown=False) is State.OFF
        assert self.state(shown=False, archived=True, ends=NOON) is State.ARCHIVED


class TestFiles:
    @pytest.mark.parametrize(
        ("data", "kind"),
        [
            (b"\x89PNG\r\n\x1a\nrest", "PNG"),
            (b"\xff\xd8\xff\xe0rest", "JPEG"),
            (b"RIFF\x10\x00\x00\x00WEBPrest", "WEBP"),
            (b"GIF89arest", "GIF"),
            (b"GIF87arest", "GIF"),
        ],
    )
    def test_a_picture_is_what_its_bytes_say(self, data: bytes, kind: str) -> None:
        assert picture_format(data) == kind

    @pytest.mark.parametrize(
        ("data", "code"),
        [
            (b"", "empty"),
            (b"GIF89a" + b"x" * BIGGEST_PICTURE, "too_big"),
            (b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>", "svg"),
            ("<SVG onload=alert(1)>".encode("utf-16"), "svg"),
            (b"<html><script>alert(1)</script>", "not_a_picture"),
            (b"BM rest", "not_a_picture"),
            (b"RIFF\x10\x00\x00\x00WAVErest", "not_a_picture"),
        ],
    )
    def test_what_is_no_picture_is_refused_with_its_reason(self, data: bytes, code: str) -> None:
        with pytest.raises(FileError) as refused:
            picture_format(data)
        assert refused.value.code == code

    def test_files_are_pdf_or_zip_by_their_bytes(self) -> None:
        assert file_type(b"%PDF-1.4") == ("application/pdf", "pdf")
        assert file_type(b"PK\x03\x04") == ("application/zip", "zip")
        assert file_type(b"PK\x05\x06") == ("application/zip", "zip")
        for data in (b"<html>", b" %PDF-1.4", b"MZ", b"%PDF-" + b"x" * BIGGEST_FILE):
            with pytest.raises(FileError):
                file_type(data)

    @pytest.mark.parametrize(
        ("name", "kept"),
        [
            ("Sale 300x250.png", "Sale 300x250"),
            ("C:\\fakepath\\лампы.JPG", "лампы"),
            ("../../etc/passwd", "passwd"),
            ("a\u202egnp.exe", "a gnp"),
            ("=cmd|'/c calc'!A1.png", "c calc' A1"),
            ("x" * 300 + ".png", "x" * 80),
            ("a\r\nSet-Cookie: x.png", "a Set-Cookie x"),
            (".htaccess", "htaccess"),
            ("", ""),
        ],
    )
    def test_a_files_name_loses_what_misleads(self, name: str, kept: str) -> None:
        assert name_of_file(name) == kept

    def test_a_saved_file_ends_as_what_it_is(self) -> None:
        assert download_name("virus.pdf.exe", "pdf") == "virus.pdf.pdf"
        assert download_name("", "zip") == "file.zip"


class TestMarkup:
    def test_placeholders_stay_through_the_cleaning_and_are_filled_once(self) -> None:
        kept = clean('<p>{name}: <a href="{link}">{code}</a></p>')
        assert kept == '<p>{name}: <a href="{link}" rel="sponsored noopener">{code}</a></p>'
        assert fill_html(kept, ANNA) == (
            '<p>Anna: <a href="https://p.example/r/lampa/a?x=1&amp;y=2" rel="sponsored noopener">'
            "ANNA10</a></p>"
        )
        tricky = Words("https://p.example/", "{name}", "{link}{code}")
        assert fill_text("{name} {code} {other}", tricky) == "{link}{code} {name} {other}"

    def test_the_looks_of_a_letter_stay(self) -> None:
        html = (
            '<table width="600" cellpadding="0"><tbody><tr><td align="center" bgcolor="#fff" '
            'style="padding:8px;color:#333">Hi<br><img src="https://s.example/a.png" width="10" '
            'height="10" alt="A"></td></tr></tbody></table>'
        )
        assert clean(html) == html

    @pytest.mark.parametrize(
        "html",
        [
            '<p style="position:fixed;top:0">x</p>',
            '<p style="background:url(https://evil.example/)">x</p>',
            '<p class="strip" id="content" data-copy="x" tabindex="1">x</p>',
        ],
    )
    def test_what_would_leave_its_place_goes(self, html: str) -> None:
        assert clean(html).replace(' style=""', "") == "<p>x</p>"

    def test_a_banner_is_a_link_around_a_picture_of_its_pixels(self) -> None:
        code = banner_code(ANNA, "https://c.example/m/l/k/s.png", 300, 250, 'Sale "{name}"')
        assert code == (
            '<a href="https://p.example/r/lampa/a?x=1&amp;y=2" target="_blank" '
            'rel="sponsored noopener"><img src="https://c.example/m/l/k/s.png" width="300" '
            'height="250" alt="Sale &quot;Anna&quot;"></a>'
        )
        assert " width" not in banner_code(ANNA, "https://c.example/", None, None, "")

    def test_the_advertising_label_stands_below_and_is_words_alone(self) -> None:
        assert labelled("<i>x</i>", "Ad <b>") == "<i>x</i>\n<br><small>Ad &lt;b&gt;</small>"
        assert labelled("x", "") == "x"

    def test_a_document_names_its_language_and_title_as_words(self) -> None:
        page = document("<p>x</p>", "</title><script>", 'ru" onload="x')
        assert "&lt;/title&gt;&lt;script&gt;" in page
        assert '<html lang="ru&quot; onload=&quot;x">' in page


def test_kinds_say_what_they_have() -> None:
    assert [kind for kind in Kind if kind.has_file] == [Kind.BANNER, Kind.FILE]
    assert [kind for kind in Kind if kind.has_html] == [Kind.LETTER, Kind.HTML]


def test_counts_add_up_and_conversion_needs_clicks() -> None:
    total = Counts(10, 3, 1) + Counts(5, 0, 0)
    assert total == Counts(15, 3, 1)
    assert total.conversion == Decimal("33.33")
    assert Counts(5).conversion is None


def test_a_size_is_said_as_people_write_it() -> None:
    assert size_name(300, 250) == "300×250"
    assert size_name(None, None) == ""
