"""Joining in a real browser: every page whole, and a newcomer's way from the link to the cabinet."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

import pytest
from PIL import Image
from playwright.sync_api import expect

from app import jobs
from app.participation import queries, service
from app.participation.queries import Fit
from app.participation.rules import Kind, options_of
from tests.participation.post import send_letters
from tests.partners.calls import PASSWORD, Shop

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from app.application import App
    from tests.harness.mailbox import Mailbox

from tests.harness.browser import violations
from tests.partners.test_browser import look, sign_in


@pytest.fixture
def lampa(app: App, _sound: None) -> Shop:
    """Lampa with a form of every kind of question, texts to agree to, and a picture."""
    shop = Shop(app, "Lampa")
    drawn = io.BytesIO()
    Image.new("RGB", (1200, 400), "#1f6f54").save(drawn, "PNG")
    with shop.scope():
        options = options_of({"en": ["Blog", "Market"], "ru": ["Блог", "Рынок"]})
        for kind in Kind:
            chosen = options if kind in {Kind.CHOICE, Kind.SEVERAL} else ()
            words = {"en": f"Question {kind.value}", "ru": f"Вопрос {kind.value}"}
            told = {"en": "Why we ask"}
            service.make_question(
                kind, words, help_text=told, options=chosen, required=kind is Kind.TEXT
            )
        for name in ("offer", "personal", "marketing"):
            service.publish(
                name, {"en": f"Text of {name}. " * 20, "ru": "Текст. " * 20}, again=False
            )
        service.change_page(
            {"title": {"en": "Light a lamp with us"}, "text": {"en": "We are glad of you."}},
            phone="optional",
            site="required",
            group_id=None,
        )
        service.set_picture(drawn.getvalue())
        service.make_link("For bloggers", None, None)
    return shop


def test_every_page_of_registration_can_be_read_by_everybody(
    lampa: Shop, live_server: str, quiet_page: Page
) -> None:
    lampa.call("POST", "/partners", {"name": "Anna", "refcode": "anna", "answers": {}})
    lampa.call("POST", "/partners", {"name": "Boris", "status": "pending"})
    lampa.call("PUT", "/members/7", {"name": "Vera", "email": "vera@example.org", "group": "gold"})
    with lampa.scope():
        run = service.look_at_customers(service.Conversion(fit=Fit()))
        page = f"customers/{run.public_id}"
    with lampa.app.app_context():
        jobs.sweep_runs()
    look(quiet_page, live_server, f"/{lampa.slug}/join")
    sign_in(quiet_page, live_server, lampa.owner)
    office = f"/{lampa.slug}/office"
    for path in (
        "",
        "page",
        "questions",
        "questions/new?kind=choice",
        "questions/question-choice",
        "entry",
        "consents",
        "consents/text?kind=offer",
        "links",
        "turned-away",
        "card/anna",
        "customers",
        page,
    ):
        look(quiet_page, live_server, f"{office}/registration/{path}")
    look(quiet_page, live_server, f"{office}/partners/applications")


def test_questions_are_ordered_with_the_keyboard(
    lampa: Shop, live_server: str, quiet_page: Page
) -> None:
    sign_in(quiet_page, live_server, lampa.owner)
    quiet_page.goto(f"{live_server}/{lampa.slug}/office/registration/questions")
    line = quiet_page.locator("#q-question-long")
    up = line.get_by_role("button", name="Up")
    up.focus()
    quiet_page.keyboard.press("Enter")
    first = quiet_page.locator("#asked li").first
    expect(first).to_contain_text("Question long")
    with lampa.scope():
        assert [q.kind for q in queries.questions()][:2] == [Kind.LONG, Kind.TEXT]


def fill_in(page: Page, email: str) -> None:
    """Fill the form in, first without what must be there: what was typed is kept."""
    expect(page.get_by_role("heading", name="Light a lamp with us")).to_be_visible()
    page.get_by_label("Your name").fill("Gleb")
    page.get_by_label("E-mail", exact=True).fill(email)
    page.get_by_label("Question number").fill("1,200")
    page.get_by_role("button", name="Register").click()
    expect(page.get_by_role("alert")).to_contain_text("to correct")
    assert not violations(page)
    expect(page.get_by_label("Question number")).to_have_value("1,200")
    page.get_by_label("Site or page").fill("blog.example")
    page.get_by_label("Question text").fill("A lamp lover")
    page.get_by_label("Question choice").select_option("blog")
    page.get_by_label("Market").check()
    page.get_by_label("Question date").fill("1990-02-28")
    page.get_by_label("I accept the terms").check()
    page.get_by_label("I agree that my personal data").check()
    page.get_by_role("button", name="Register").click()
    expect(page.get_by_text("The shop looks at your application")).to_be_visible()


def approve(office: Page, address: str) -> None:
    """Read the answers on the card, and approve with a word."""
    office.goto(f"{address}/registration/card/gleb")
    expect(office.get_by_label("Question text")).to_have_value("A lamp lover")
    expect(office.locator("#consents")).to_contain_text("Personal data")
    office.goto(f"{address}/partners/applications")
    office.get_by_label("Choose Gleb").check()
    office.get_by_label("A word to those chosen").fill("Glad of you")
    office.get_by_role("button", name="Approve those chosen").click()
    expect(office.get_by_text("1 application approved.")).to_be_visible()


def set_password(page: Page, server: str, text: str) -> None:
    """Follow the welcome letter to a password and into the cabinet."""
    assert "Glad of you" in text
    found = re.search(r"/password\?\S+", text)
    assert found is not None
    page.goto(server + found[0])
    page.get_by_label("New password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Save the password").click()
    page.wait_for_url("**/cabinet/")


def change_offer(office: Page, address: str) -> None:
    """Write another offer, to be accepted again."""
    office.goto(f"{address}/registration/consents/text?kind=offer")
    office.get_by_label("Text, English").fill("Be honest, and be kind.")
    office.get_by_label("Partners must accept it again").check()
    office.get_by_role("button", name="Make a new version").click()
    expect(office.get_by_text("Version 2 stands on the form now.")).to_be_visible()


def test_a_newcomer_joins_by_the_merchants_own_form_and_accepts_a_changed_offer(
    lampa: Shop, live_server: str, quiet_page: Page, browser: Browser, mailbox: Mailbox
) -> None:
    page, email = quiet_page, f"gleb@{lampa.domain}"
    address, cabinet = (f"{live_server}/{lampa.slug}/{door}" for door in ("office", "cabinet"))
    with lampa.scope():
        code = queries.links()[0].code
    office = browser.new_context().new_page()
    sign_in(office, live_server, lampa.owner)
    office.goto(f"{address}/registration/entry")
    office.get_by_label("waits for your word").check()
    office.get_by_role("button", name="Save").click()
    expect(office.get_by_text("Saved.")).to_be_visible()

    page.goto(f"{live_server}/{lampa.slug}/join?via={code}")
    fill_in(page, email)
    approve(office, address)
    send_letters(lampa)
    [letter] = mailbox.to(email)
    body = letter.get_body(("plain",))
    assert body is not None
    set_password(page, live_server, body.get_content())

    change_offer(office, address)
    page.goto(f"{cabinet}/sales/")
    expect(page.get_by_text("Be honest, and be kind.")).to_be_visible()
    for width in (1280, 375):
        page.set_viewport_size({"width": width, "height": 900})
        assert not violations(page)
    page.get_by_role("button", name="Accept and go on").click()
    expect(page.get_by_text("Accept every text to go on.")).to_be_visible()
    page.get_by_label("I have read and accept it").check()
    page.get_by_role("button", name="Accept and go on").click()
    page.wait_for_url("**/cabinet/sales/")
    look(page, live_server, f"/{lampa.slug}/cabinet/consents")
    expect(page.locator("#given")).to_contain_text("Rules of the program")
