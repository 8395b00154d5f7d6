"""The example rule of the design, built in a real browser, with scripts and without, and no line of JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from app.extensions import db
from app.profiles.models import ProfileRule, RuleVersion
from app.profiles.rules import parse
from app.profiles.rules.document import EXAMPLE
from app.ranks.service import define_rank
from tests.payouts.test_browser import sound
from tests.world import PASSWORD, Merchant, lampa, world  # noqa: F401 - fixtures

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

    from app.application import App


class Story:
    """Lampa's owner makes a rule."""

    def __init__(self, app: App, merchant: Merchant, address: str) -> None:
        self.app, self.merchant, self.address = app, merchant, address

    def enter(self, page: Page) -> None:
        page.goto(f"{self.address}{self.merchant.office('bonus-rules/')}")
        page.get_by_label("E-mail").fill(self.merchant.staff["owner"].email)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()

    def only(self, model: type[Any]) -> Any:
        with self.app.app_context(), self.merchant.scope():
            return db.session.scalars(select(model)).one()


@pytest.fixture
def story(app: App, lampa: Merchant, live_server: str) -> Story:  # noqa: F811
    with app.app_context(), lampa.scope():
        for name in ("Silver", "Gold"):
            define_rank(name)
        db.session.commit()
    return Story(app, lampa, live_server)


def group(page: Page, path: str) -> Locator:
    return page.locator(f'fieldset[id="{path}"]')


def ask(page: Page, path: str, fact: str, value: str | list[str] = "", op: str = "") -> None:
    """Add a condition to a group, and say what it wants."""
    page.locator(f'select[name="{path}.new"]').select_option(label=fact)
    place = group(page, path).locator(":scope > .rule-row > .rule-fact, :scope > fieldset").count()
    page.locator(f'button[value="row:{path}"]').click()
    row = page.locator(f'div[id="{path}.{place}"]')
    expect(row).to_contain_text(fact)
    if op:
        row.locator('select[name$=".op"]').select_option(label=op)
    if isinstance(value, list):
        for each in value:
            row.get_by_label(each).check()
    elif value in {"yes", "no"}:
        row.locator('select[name$=".value"]').select_option(value)
    else:
        row.locator('input[name$=".value"]').fill(value)


def add_group(page: Page, path: str, mode: str) -> str:
    """Add a group inside a group; return its path."""
    place = group(page, path).locator(":scope > .rule-row > .rule-fact, :scope > fieldset").count()
    page.locator(f'button[value="group:{path}"]').click()
    made = f"{path}.{place}"
    expect(group(page, made)).to_be_visible()
    page.locator(f'select[name="{made}.mode"]').select_option(mode)
    return made


def add_effect(page: Page, place: int, label: str) -> None:
    page.locator("#new_effect").select_option(label=label)
    page.get_by_role("button", name="Add effect").click()
    expect(page.locator(f'section[id="e.{place}"]')).to_be_visible()


def fill(page: Page, **said: str) -> None:
    for name, value in said.items():
        page.locator(f'[name="{name.replace("__", ".")}"]').fill(value)


def build(page: Page) -> None:
    """Make the example: a weekend order from 3,000 for silver and gold, up the chain 2%, 1%, then halving."""
    page.get_by_label("Name").fill("Weekend")
    ask(page, "c", "Order total", "3000")
    ask(page, "c", "Customer's rank", ["Silver", "Gold"])
    first = add_group(page, "c", "any")
    ask(page, first, "It is the customer's first order", "yes")
    ask(page, first, "Day of the week", ["Saturday", "Sunday"])
    no = add_group(page, "c", "none")
    ask(page, no, "A coupon is used", "yes")
    add_effect(page, 0, "Give a percentage of the order")
    fill(page, e__0__rate="5%", e__0__delay_days="14", e__0__expires_days="365")
    page.locator('select[name="e.0.lines.mode"]').select_option("none")
    ask(page, "e.0.lines", "Goods on promotion", "yes")
    add_effect(page, 1, "Pay up the chain of referrers")
    page.locator('button[value="level:e.1"]').click()
    expect(page.locator('div[id="e.1.levels.1"]')).to_be_visible()
    fill(page, e__1__levels__0__value="2%", e__1__levels__1__value="1%")
    fill(page, e__1__tail_ratio="50%", e__1__tail_min="0.01")
    fill(page, l__per_member__points="50")
    page.locator('select[name="l.per_member.window"]').select_option("month")


def test_the_example_of_the_design_is_built_published_and_tried(
    quiet_page: Page, story: Story
) -> None:
    page = quiet_page
    story.enter(page)
    sound(page, "rules-index")
    page.locator("#order").get_by_role("link", name="New rule").click()
    sound(page, "rules-new")
    build(page)
    page.get_by_role("button", name="Check").click()
    expect(page.locator("#sentence")).to_contain_text("Give 5% for a paid order")
    sound(page, "rules-built")
    page.get_by_role("button", name="Save and publish").click()
    expect(page.locator("#says")).to_contain_text("customer's rank is Silver or Gold")
    sound(page, "rules-show")
    version = story.only(RuleVersion)
    assert parse(version.body) == parse(EXAMPLE)
    page.get_by_role("link", name="Try it").click()
    page.locator('[name="g0.line.amount"]').fill("4000")
    page.locator('[name="g0.line.has_promo_price"]').select_option("no")
    page.locator('[name="f.member.rank"]').select_option("gold")
    page.locator('[name="f.order.is_first"]').select_option("yes")
    page.locator('[name="levels"]').fill("3")
    page.get_by_role("button", name="What would it give?").first.click()
    expect(page.locator("#answer")).to_contain_text("The rule is not met")
    expect(page.locator(".rule-step-unknown")).to_contain_text("coupon")
    page.locator('[name="f.order.has_coupon"]').select_option("no")
    page.get_by_role("button", name="What would it give?").first.click()
    expect(page.locator("#answer")).to_contain_text("cut by a limit")
    expect(page.locator("#answer")).to_contain_text("Referrer, level 3")
    sound(page, "rules-tried")


def test_it_is_built_without_a_script_as_well(browser: Browser, story: Story) -> None:
    page = browser.new_page(java_script_enabled=False)
    story.enter(page)
    page.locator("#order").get_by_role("link", name="New rule").click()
    build(page)
    page.get_by_role("button", name="Save", exact=True).last.click()
    expect(page.locator("#says")).to_contain_text("Give 5% for a paid order")
    kept = story.only(ProfileRule)
    assert parse(kept.draft) == parse(EXAMPLE)
    assert kept.state == "draft"
    # Opened again it shows what it said, and saying nothing new changes nothing.
    page.get_by_role("link", name="Change").click()
    page.get_by_role("button", name="Save", exact=True).last.click()
    expect(page.locator("#says")).to_contain_text("Give 5% for a paid order")
    assert parse(story.only(ProfileRule).draft) == parse(EXAMPLE)
