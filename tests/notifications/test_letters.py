from __future__ import annotations

from dataclasses import replace
from email import message_from_bytes, policy
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from app.extensions import db
from app.identity import service as identity
from app.notifications import letters
from app.notifications.rules import RULES
from app.notifications.view import UnwantedError
from app.partners.service import NewPartner, create
from tests.notifications.scene import message_for
from tests.world import make_merchant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.application import App
    from app.identity.models import Person
    from app.notifications.letters import Letter
    from app.partners.models import Partner
    from tests.world import Merchant

NASTY = 'Anna <b onclick="x">&"\' \r\nBcc: evil@example.org'


class Scene:
    """A merchant's partner and one of its people, in a transaction that is rolled back."""

    def __init__(self, name: str = "Anna") -> None:
        self.partner: Partner = create(NewPartner(name="Anna", email="anna@letters.example"))
        self.partner.name = name
        self.person: Person = identity.ensure_person("new@letters.example", "New", "en")

    def letter(self, kind: str, locale: str = "en", **facts: object) -> Letter:
        return letters.compose(message_for(kind, self.partner, self.person, locale, **facts))


@pytest.fixture(scope="module")
def lampa(app: App) -> Merchant:
    with app.app_context():
        made = make_merchant("Lampa")
        db.session.commit()
    return made


@pytest.fixture
def scene(app: App, lampa: Merchant) -> Iterator[Scene]:
    with app.app_context(), lampa.scope():
        yield Scene()
        db.session.rollback()


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.attributes: set[str] = set()
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name == "href"]


def tags(html: str) -> Tags:
    parser = Tags()
    parser.feed(html)
    return parser


@pytest.mark.parametrize("locale", ["en", "ru"])
@pytest.mark.parametrize("kind", sorted(RULES))
def test_every_letter_can_be_written_in_both_languages(
    scene: Scene, kind: str, locale: str
) -> None:
    letter = scene.letter(kind, locale)
    assert letter.subject
    assert "\n" not in letter.subject
    assert len(letter.text.splitlines()) > 3
    assert "<!doctype html>" in letter.html.lower()
    assert "{{" not in letter.html + letter.text + letter.subject
    assert "None" not in letter.text
    assert "mj-" not in letter.html.replace("mj-column-per-100", "").replace("mj-outlook", "")


@pytest.mark.parametrize("kind", sorted(RULES))
def test_the_text_has_every_link_of_the_page(scene: Scene, kind: str) -> None:
    letter = scene.letter(kind)
    links = tags(letter.html).links
    assert all(link in letter.text for link in links)
    # A customer has no page of his own here yet; the others have nowhere to go any more.
    nowhere = {"partner.rejected", "partner.reopened", "signup.refused", "staff.told"}
    assert links or kind in nowhere


@pytest.mark.parametrize("kind", sorted(RULES))
def test_a_letter_fetches_nothing_from_anywhere(scene: Scene, kind: str) -> None:
    page = tags(scene.letter(kind).html)
    assert not page.tags & {"img", "script", "link", "iframe"}
    assert all(link.startswith("http://localhost/") for link in page.links)


@pytest.mark.parametrize("kind", sorted(RULES))
def test_every_link_of_a_letter_leads_to_a_page(app: App, scene: Scene, kind: str) -> None:
    router = app.url_map.bind("localhost")
    for link in tags(scene.letter(kind).html).links:
        endpoint, _values = router.match(urlsplit(link).path)
        assert endpoint != "static"


@pytest.mark.parametrize("kind", sorted(RULES))
def test_a_nasty_name_changes_no_header_and_makes_no_element(
    app: App, lampa: Merchant, kind: str
) -> None:
    with app.app_context(), lampa.scope():
        plain, nasty = Scene().letter(kind), None
        db.session.rollback()
        scene = Scene(NASTY)
        scene.person.name = NASTY
        nasty = scene.letter(kind)
        db.session.rollback()
    assert tags(nasty.html).tags == tags(plain.html).tags
    assert tags(nasty.html).attributes == tags(plain.html).attributes
    assert not any(c in nasty.subject + nasty.sender for c in "\r\n")


def test_a_welcome_carries_a_link_that_sets_the_password(scene: Scene) -> None:
    letter = scene.letter("partner.created")
    (link,) = [line for line in letter.text.splitlines() if "/password?token=" in line]
    assert link.startswith("http://localhost/")
    assert "purpose=welcome" in link


def test_who_has_a_password_is_led_into_the_cabinet(scene: Scene, lampa: Merchant) -> None:
    letter = scene.letter("partner.created")
    person = identity.ensure_person("anna@letters.example", "Anna")
    identity.change_password(person, "a green lamp on the desk")
    letter = scene.letter("partner.created")
    assert "/password" not in letter.text
    assert f"http://localhost/{lampa.slug}/cabinet/" in letter.text


@pytest.mark.parametrize(("locale", "sum_"), [("en", "₽1,500.00"), ("ru", "1\xa0500,00\xa0₽")])
def test_money_is_written_by_the_readers_locale(scene: Scene, locale: str, sum_: str) -> None:
    letter = scene.letter("payout.paid", locale)
    assert sum_.replace("\xa0", " ") in letter.subject.replace("RUB", "₽")
    assert sum_ in letter.html.replace("RUB", "₽").replace("&nbsp;", "\xa0")


def test_the_letter_comes_in_the_merchants_name_and_answers_go_to_the_merchant(
    scene: Scene, lampa: Merchant
) -> None:
    letter = scene.letter("payout.paid")
    assert letter.sender.startswith("Lampa <")
    assert letter.reply_to == f"owner@{lampa.slug}.example"


def test_a_test_twin_says_so(app: App, lampa: Merchant) -> None:
    twin = replace(lampa, id=lampa.twin_id)
    with app.app_context(), twin.scope():
        letter = Scene().letter("payout.paid")
        db.session.rollback()
    assert letter.subject.startswith("[Test]")
    assert "test mode" in letter.text


def test_a_notice_can_be_turned_off_and_a_letter_about_money_sent_cannot(scene: Scene) -> None:
    notice, letter = scene.letter("commission.accrued"), scene.letter("payout.paid")
    address = notice.headers["List-Unsubscribe"].strip("<>")
    assert address in notice.text
    assert notice.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "List-Unsubscribe" not in letter.headers


def test_a_notice_that_was_muted_since_is_not_written(scene: Scene) -> None:
    message = message_for("commission.accrued", scene.partner, scene.person)
    scene.partner.muted = ["commission.accrued"]
    with pytest.raises(UnwantedError):
        letters.compose(message)


def test_a_control_character_in_a_name_does_not_keep_the_letter_from_being_written(
    scene: Scene,
) -> None:
    scene.partner.name = "An\x1b[31mna \x01\ufffe"
    for kind in ("payout.paid", "partner.approved"):
        letter = scene.letter(kind)
        assert "\x1b" not in letter.text + letter.html


def test_the_message_id_is_the_same_for_every_attempt(scene: Scene) -> None:
    message = message_for("payout.paid", scene.partner, scene.person)
    first, second = letters.compose(message), letters.compose(message)
    assert first.headers["Message-ID"] == second.headers["Message-ID"]
    parsed = message_from_bytes(
        f"Message-ID: {first.headers['Message-ID']}\r\n\r\n".encode(), policy=policy.default
    )
    assert not parsed["Message-ID"].defects


@pytest.mark.parametrize(
    ("locale", "lines"),
    [
        (
            "en",
            (
                "By the new terms:",
                "- You earn 12% from each sale that you bring.",
                "- Commission is reckoned from what the buyer pays, shipping included.",
                "- Only the first 2 orders of each customer earn.",
                "- A commission is on hold for 7 days after the order is completed",
                "- A click counts for 30 days.",
                "would have earned you",
            ),
        ),
        ("ru", ("По новым условиям:", "12\u00a0%", "50,00\u00a0₽", "7 дней", "30 дней")),
    ],
)
def test_announced_terms_are_told_in_words(
    scene: Scene, locale: str, lines: tuple[str, ...]
) -> None:
    letter = scene.letter("terms.announced", locale)
    text = " ".join(letter.text.split(" "))
    for line in lines:
        assert line in text
    assert "12" in letter.html


def test_whom_new_terms_do_not_touch_reads_so_and_no_figures(scene: Scene) -> None:
    letter = scene.letter("terms.announced", touched=False)
    assert "Nothing changes for you" in letter.text
    assert "you earn as before" in letter.text
    assert "would have earned" not in letter.text
    assert "- You earn 12% from each sale that you bring." in letter.text
