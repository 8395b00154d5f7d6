"""Every route behind a door, as every role, with another's ids: generated from the url map."""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass
from datetime import time, timedelta
from decimal import Decimal
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from app import clock
from app.adjustments.models import Adjustment, Batch
from app.adjustments.rules import Act
from app.adjustments.rules import Wish as ByHand
from app.adjustments.service import book as by_hand
from app.backtests.service import start as try_rule
from app.billing.models import TopUp
from app.billing.service import ask as top_up
from app.bonuses import service as wallet
from app.bonuses.queries import MASS
from app.bonuses.rules import Grant
from app.bonuses.service import Mass, look_at
from app.calls.models import ApiCall
from app.calls.service import write as write_calls
from app.catalog.models import Category, Product
from app.codes.service import KIND as MAKE_CODES
from app.commissions.models import Deal
from app.coupons.models import Coupon
from app.coupons.service import make_kind
from app.creatives.models import Creative
from app.creatives.rules import Kind as Material
from app.creatives.service import Said, take
from app.creatives.service import create as create_creative
from app.documents.models import Document
from app.documents.rules import Kind as DocumentKind
from app.documents.service import PACK, issue, start_pack
from app.events.service import drain
from app.extensions import db
from app.feeds.models import CatalogFeed, FeedLoad
from app.feeds.service import Wish as FeedWish
from app.feeds.service import add_with as add_feed
from app.fraud.rules import Word
from app.help.rules import Kind as Subject
from app.help.service import Asker
from app.help.service import ask as ask_help
from app.identity import service as identity
from app.identity.rules import PERMISSIONS, Role
from app.imports.models import ImportFile
from app.imports.service import take as take_file
from app.intake import service as intake
from app.intake.shops.inbox import connect as connect_shop
from app.invitations.forms import TEXTS
from app.invitations.models import Batch as InvitationBatch
from app.invitations.models import Invitation
from app.invitations.rules import Line
from app.invitations.service import Defaults, ask, check_lines
from app.links.models import Link
from app.links.service import Wish, create
from app.lists.models import SavedView
from app.lists.queries import EXPORT
from app.lists.service import keep
from app.mailings.models import Mailing
from app.mailings.rules import Segment
from app.mailings.service import write
from app.members.models import Member
from app.notifications.models import Message
from app.onboarding.models import InstallCode
from app.onboarding.service import draw
from app.orders.models import Order
from app.papers.models import Paper
from app.papers.rules import Kind as PaperKind
from app.papers.service import Said as PaperSaid
from app.papers.service import add as add_paper
from app.participation.models import JoinField, JoinLink, JoinRequest
from app.participation.queries import Fit
from app.participation.rules import Kind
from app.participation.service import (
    Applicant,
    Conversion,
    decide,
    look_at_customers,
    make_link,
    make_question,
)
from app.partners.models import Code, Partner
from app.partners.rules import Status
from app.partners.service import NewPartner, bulk
from app.partners.service import create as make_partner
from app.payouts.models import Payout, PayoutMethod
from app.payouts.service.bulk import KIND as APPROVE
from app.payruns.models import PayRun
from app.payruns.rules import Pays
from app.payruns.service import make as make_pay_run
from app.postbacks.models import Postback
from app.postbacks.service import create as create_postback
from app.profiles.rules.presets import PRESETS
from app.profiles.service import draft as draft_rule
from app.profiles.service import publish as publish_rule
from app.programs import queries as programs
from app.programs.models import Campaign, Group, Terms, TermsDraft
from app.programs.service import draft_terms
from app.ranks.models import AwardGrant
from app.ranks.service import Rights, define_award, define_rank, grant_by_hand, hold_rights
from app.registers.models import BankFile, Register
from app.reruns.service import start_backtest
from app.runs.models import Run
from app.runs.service import act as act_run
from app.runs.service import start as start_run
from app.site.access import KNOWN, permission_of
from app.statements.rules import month_span
from app.tariffs.service import close as close_month
from app.tenancy import public_id
from app.tenants.models import ApiKey, Connection, Shop, ShopDomain
from app.tills.models import TillReceipt
from app.tills.rules import Kind as TillKind
from app.tills.rules import Sale
from app.tills.service import make as make_till
from app.tills.service import take as take_receipt
from app.trust import service as trust
from app.trust.rules import Wish as BlockWish
from app.verified_sites.models import VerifiedSite
from app.verified_sites.service import name as name_site
from app.webhooks.models import Endpoint, WebhookDelivery
from app.webhooks.service import create as create_webhook
from app.webhooks.service import promise as promise_webhooks
from app.webhooks.service import try_out as try_webhook
from app.widget.service import make_key as make_widget_key
from app.withdrawals.models import Withdrawal
from app.wordings.service import add as add_wording
from tests.world import PASSWORD, Merchant, World, sign_in

WORDING = {"en": {"subject": "News", "body": "News", "sms": "News"}}

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask.testing import FlaskClient
    from werkzeug.routing import Rule

    from app.application import App

CANARY = "Kanareika"  # stands in names of Kniga's things, and must never be seen at Lampa
TEST_MODE = "office.twin."  # pages that are not there in live mode
# A signature in the message or in the address speaks for these, and not the browser's cookie.
SIGNED = {
    "public.intake.hook",
    "public.attribution.hit",
    "public.billing.hear",
    "public.attribution.lead",
    "public.codes.take_embedded",
    "public.intake.keys",
    "public.intake.thanked",
    "public.intake.heard",
    "public.notifications.unsubscribe",
    "public.telegram.hear",
    "public.widget.wallet",
    "public.carts.make",
    "public.carts.drop",
    "public.passes.home",
    "public.passes.account",
    "public.passes.window",
}
# Their addresses name a kind and a day, and nobody's thing.
NO_IDS = {
    "office.liability.rows",
    "office.liability.file",
    "office.intake.new",
    "office.calls.example",
    "office.intake.handed_out",
}
# External ids are each merchant's own: a PUT makes its own thing of that name.
OWN_NAMES = {
    "api.orders.put",
    "api.members.put",
    "api.catalog.put_product",
    "api.tills.put",
    "api.catalog.put_category",
}


@dataclass(frozen=True)
class Things:
    """What a merchant has, by the names that addresses give them."""

    values: dict[str, dict[str, Any]]
    partner_email: str

    def of(self, rule: Rule) -> dict[str, Any]:
        """Return the rule's arguments filled with this merchant's things."""
        slice_name = rule.endpoint.split(".")[1]
        own = self.values.get(slice_name, {})
        filled = {a: own.get(a, self.values["any"].get(a)) for a in rule.arguments - {"merchant"}}
        for name, converter in rule._converters.items():
            choices = getattr(converter, "items", None)
            if choices:
                filled[name] = min(choices)
        return filled


def rules_of(app: App, door: str, method: str) -> Iterator[Rule]:
    for rule in app.url_map.iter_rules():
        if (
            not rule.endpoint.startswith(TEST_MODE)
            and rule.endpoint.startswith(f"{door}.")
            and method in (rule.methods or ())
        ):
            yield rule


def address(app: App, rule: Rule, merchant: Merchant, things: dict[str, Any]) -> str:
    values = {**things, **({"merchant": merchant.slug} if "merchant" in rule.arguments else {})}
    missing = [name for name, value in values.items() if value is None]
    assert not missing, f"{rule.rule}: the walk does not know {missing}"
    built: str | None = app.url_map.bind("localhost").build(rule.endpoint, values)
    assert built is not None
    return built


def reach_out(partner: Partner, word: str) -> None:
    """Give the partner a site and a tracker, and the merchant a server that was told something."""
    name_site(partner, f"{word.lower()}.example")
    create_postback(partner, "https://tracker.example/", "GET", ["agreed"])
    try_webhook(create_webhook("https://shop.example/told", [], f"{word} server")[0])
    db.session.flush()
    promise_webhooks(drain())
    connect_shop(db.session.scalars(select(Shop.id)).first() or 0, "woocommerce")


def furnish(app: App, client: FlaskClient, merchant: Merchant, word: str) -> Things:
    """Give a merchant one of each thing, by the API as a shop does."""
    mark = secrets.token_hex(4)

    def call(verb: str, path: str, **body: Any) -> Any:
        answer = client.open(f"/api/v1/{path}", method=verb, json=body, headers=merchant.bearer)
        assert answer.status_code < 300, answer.text
        return answer.get_json()

    email = f"partner-{mark}@{merchant.slug}.example"
    refcode = f"{word.lower()}-{mark}"
    call("PATCH", "merchant", hold_days=0)
    call("PUT", f"categories/cat-{mark}", name=f"{word} category")
    call("PUT", f"products/prod-{mark}", name=f"{word} product", category=f"cat-{mark}")
    call("POST", "terms", name=f"{word} terms", levels=["10%"])
    call("POST", "groups", name=f"{word} group", levels=["10%"])
    call("POST", "campaigns", name=f"{word} campaign", levels=["11%"])
    promo = f"{word}-code-{mark}"
    call("POST", "partners", refcode=refcode, name=f"{word} partner", email=email, codes=[promo])
    call("POST", "coupons", codes=[f"{word}-coupon-{mark}"])
    order = {
        "status": "completed",
        "currency": "RUB",
        "created_at": clock.wall().isoformat(),  # after the hold was changed
        "partner_code": refcode,
        "customer": {"id": f"c-{mark}", "name": f"{word} buyer"},
        "lines": [{"id": "1", "product": f"prod-{mark}", "quantity": "1", "price": "1000.00"}],
    }
    call("PUT", f"orders/ord-{mark}", **order)
    call("POST", "payouts", partner=refcode, amount="50.00", method="bank")
    with app.app_context(), merchant.scope():
        partner = db.session.scalars(select(Partner).where(Partner.refcode == refcode)).one()
        person = identity.ensure_person(email, f"{word} partner")
        if partner.person_id is None:
            identity.join(person, merchant.id, "partner", partner.id)
            partner.person_id = person.id
        identity.change_password(person, PASSWORD)
        create(partner, Wish(label=f"{word} link"))
        invite(partner)
        write(
            None,
            texts={"en": {"subject": f"{word} news", "body": "Hello, {name}"}},
            segment=Segment(),
            pace=1,
        )
        draw(db.session.scalars(select(Shop)).one())
        top_up(10_000, "person:1")
        reach_out(partner, word)
        for kind in (Material.TEXT, Material.HTML):  # for a group: siblings are to find nothing
            readers = tuple(group.id for group in programs.all_groups())
            said = Said(
                name=f"{word} material",
                body=f"{word} words",
                html=f"<p>{word}</p>",
                group_ids=readers,
            )
            take(create_creative(kind, said), partner, merchant.slug)
        start_backtest(draft_terms(programs.base_terms(), {}, levels=["11%"]))
        decision, request = joining(word, email)
        by_hand(f"ab_{mark}{mark}", [ByHand(partner.id, Act.ACCRUE, 100, f"{word} prize")], "RUB")
        order_id = db.session.scalars(select(Order.id)).one()
        act, _many = trust.decide(Word.HOLD, [order_id])
        trust.undo(act)
        block = trust.block(partner, BlockWish(f"{word} reason"), "RUB")
        trust.lift(block.public_id, "RUB")
        dispute = trust.open_dispute(partner.id, f"ord-{mark}", f"{word} question", "UTC")
        values = known(merchant, partner, mark)
        values["any"] |= {"decision": decision, "request_id": request}
        values["any"] |= questions(merchant, partner, person.id, word)
        values["any"] |= {"act": act, "block": block.public_id, "dispute": dispute.public_id}
        db.session.commit()
    return Things(values, email)


def money_desk(word: str, mark: str) -> None:
    """Begin a pay run, and have a register and a bank's statement."""
    make_pay_run(Pays.AVAILABLE, clock.today("Europe/Moscow"))
    statement = BankFile(
        public_id=public_id("bf"),
        digest=mark,
        name=f"{word}.txt",
        format="1c",
        account="1234",
        loaded_by="person:1",
        loaded_at=clock.now(),
        sums={},
    )
    register = Register(
        public_id=public_id("rg"),
        format="csv",
        number=1,
        made_by="person:1",
        made_at=clock.now(),
        counted=0,
        total=0,
    )
    db.session.add_all([statement, register])
    db.session.flush()


def joining(word: str, email: str) -> tuple[str, str]:
    """Give a merchant's registration one of each thing; returns a decision and a request."""
    make_question(Kind.TEXT, {"en": f"{word} question"}, help_text={})
    make_link(f"{word} link", None, None)
    look_at_customers(Conversion(fit=Fit(email=False)))
    waits = make_partner(NewPartner(name=f"{word} applicant", status=Status.PENDING))
    made = decide([waits.refcode], "reject")
    said = Applicant(name=f"{word} visitor", email=f"v-{email}", accepted_version=1)
    request = JoinRequest(
        public_id=public_id("jr"),
        state="refused",
        name=said.name,
        email=said.email,
        said=asdict(said),
        locale="en",
        why=[{"code": "not_allowed", "has": 0, "wanted": 0, "group": ""}],
        created_at=clock.now(),
    )
    db.session.add(request)
    db.session.flush()
    return made.batch, request.public_id


def questions(merchant: Merchant, partner: Partner, person_id: int, word: str) -> dict[str, str]:
    """Ask as a partner and as one of the team."""
    of_partner = Asker(merchant.id, merchant.slug, person_id, word, "partner", "en", partner.id)
    of_staff = Asker(merchant.id, merchant.slug, merchant.staff["owner"].id, word, "owner", "en")
    return {
        "question": ask_help(of_partner, Subject.IDEA, f"{word} idea", ""),
        "asked": ask_help(of_staff, Subject.SUPPORT, f"{word} question", ""),
    }


def known(merchant: Merchant, partner: Partner, mark: str) -> dict[str, dict[str, Any]]:
    def one(column: Any) -> Any:
        return db.session.scalars(select(column).order_by(column.desc())).first()

    def of_kind(kind: str) -> Any:
        return db.session.scalars(select(Run.public_id).where(Run.kind == kind)).one()

    money_desk(partner.name, mark)
    keep("partners", mark, "", None)
    said = {"list": "partners", "query": "", "format": "csv", "caption": f"{partner.name} list"}
    export = start_run(
        EXPORT, {**said, "head": [], "locale": "en", "permissions": []}, "apply", mark
    )
    exported = act_run(export, "stop").public_id
    many = bulk.start(bulk.Act.GROUP, None, [partner.id]).public_id
    made = start_run(MAKE_CODES, {"partner": partner.id, "number": 0}, "apply", f"{mark}-codes")
    approved = start_run(APPROVE, {"ids": []}, "apply", f"{mark}-approve")
    papers(partner)
    present = Mass(act="give", amount=100, reason=f"{partner.name} present")
    look_at(present, {one(Member.id): None})
    award, rank = define_award(f"{partner.name} award"), define_rank(f"{partner.name} rank")
    grant_by_hand(award, [one(Member.id)], "Seen")
    rights = hold_rights(
        Rights(of="supplier", word=partner.name, share=Decimal(1), partner_id=partner.id)
    )
    take_file(BytesIO(f"id;name\n1;{partner.name}\n".encode()), "old.csv", "other", "partner")
    feed_of(merchant, partner.name)
    bonus_rule = draft_rule(f"{partner.name} rule", PRESETS["order"].body(100))
    try_rule(bonus_rule)
    receipt = sold(merchant, partner.name)
    return {
        "any": {
            "word_id": award.public_id,
            "rank_id": rank.public_id,
            "goal_id": achievement(partner),
            "grant_id": one(AwardGrant.id),
            "rights_id": rights.public_id,
            "refcode": partner.refcode,
            "short": one(Link.short),
            "deal": db.session.scalar(
                select(Deal.public_id).where(Deal.partner_id.is_not(None)).limit(1)
            ),
            "category_id": one(Category.id),
            "product_id": one(Product.id),
            "group_id": one(Group.public_id),
            "campaign_id": one(Campaign.public_id),
            "terms_id": db.session.scalars(select(Terms.public_id).where(~Terms.is_base)).one(),
            "method_id": one(PayoutMethod.id),
            "key_id": one(ApiKey.id),
            "shop_id": one(Shop.public_id),
            "person_id": merchant.staff["support"].id,
            "message": one(Message.id) or 2**40,
            "inbox_id": 2**40,
            "run_id": of_kind("backtest"),
            "work_id": act_run(approved, "stop").public_id,
            "key": one(JoinField.key),
            "link_code": one(JoinLink.code),
            "sign_up": "su_nobody",
            "place": one(ShopDomain.id) or 2**40,
            "draft_id": one(TermsDraft.public_id),
            "code": partner.refcode,
            "external_id": f"ord-{mark}",
            "public_id": one(Payout.public_id),
            "member_id": one(Member.id),
            "batch": one(Batch.public_id),
            "code_id": db.session.scalars(select(Code.id).where(Code.kind == "promo")).first(),
            "coupon_id": one(Coupon.id),
            "kind_id": make_kind(f"{partner.name} gift", "10%", "GIFT-*********").public_id,
            "token": "none",
            "batch_id": one(InvitationBatch.public_id),
            "invitation_id": one(Invitation.public_id),
            "mailing_id": one(Mailing.public_id),
            "entry": one(Adjustment.public_id),
            "top_up": one(TopUp.public_id),
            "number": one(TopUp.number),
            "payout": one(Payout.public_id),
            "channel": "pc_none",
            "when": "all",
            "slug": merchant.slug,
        },
        "calls": {"call_id": call_of(one(ApiKey.id), partner.name), "name": "postback.py"},
        "tariffs": {"invoice": invoice_of_the_platform(), "code": "start"},
        "partners": {"public_id": partner.public_id, "run_id": many},
        "withdrawals": {"public_id": withdrawal(partner, one(Member.id))},
        "payruns": {"run_id": one(PayRun.public_id), "kind": "csv"},
        "profiles": {"rule_id": bonus_rule.public_id},
        "widget": {"key": make_widget_key(merchant.shop_id)[0].public_id},
        "passes": {"refcode": partner.refcode},
        "tills": {"till_id": receipt.till_id, "receipt": receipt.receipt},
        "backtests": {"rule_id": bonus_rule.public_id},
        "wordings": {"code": add_wording(f"{partner.name} text", WORDING).code, "locale": "en"},
        "registers": {
            "public_id": one(Register.public_id),
            "statement_id": one(BankFile.public_id),
        },
        "participation": {"run_id": of_kind("convert")},
        "bonuses": {"run_id": of_kind(MASS)},
        "imports": {"file_id": one(ImportFile.public_id), "kind": "csv"},
        "feeds": {"feed_id": one(CatalogFeed.public_id), "load_id": one(FeedLoad.public_id)},
        "network": {"public_id": partner.public_id},
        "verified_sites": {"public_id": one(VerifiedSite.public_id)},
        "creatives": {"public_id": one(Creative.public_id)},
        "postbacks": {"public_id": one(Postback.public_id), "call": "1"},
        "webhooks": {
            "webhook_id": one(Endpoint.public_id),
            "message": db.session.scalars(select(WebhookDelivery.id)).first(),
        },
        "papers": {"public_id": one(Paper.public_id), "payout": one(Payout.public_id)},
        "documents": {"public_id": one(Document.public_id), "run_id": of_kind(PACK)},
        "intake": {
            "kind": "woocommerce",
            "name": "partnerka.php",
            "public_id": db.session.scalars(
                select(Connection.public_id).where(Connection.kind == "woocommerce")
            ).first(),
        },
        "carts": {
            "public_id": db.session.scalars(
                select(Connection.public_id).where(Connection.kind == "woocommerce")
            ).first(),
            "shop": db.session.scalars(select(Shop.public_id)).first(),
            "name": "cc_0000000000000000",
        },
        "lists": {"run_id": exported, "view_id": one(SavedView.id)},
        "onboarding": {"code_id": one(InstallCode.id) or 2**40},
        "catalog": {"external_id": f"prod-{mark}"},
        "codes": {"work_id": act_run(made, "stop").public_id},
    }


def feed_of(merchant: Merchant, name: str) -> None:
    """Add a feed by upload, whose columns are to be chosen."""
    file = BytesIO(f"number;what\n1;{name}\n".encode())
    wish = FeedWish(f"{name} feed", None, "never", time(4))
    add_feed(merchant.shop_id, wish, file, "list.csv")


def invoice_of_the_platform() -> str:
    """Close a month that cost nothing."""
    made = close_month(clock.today("Europe/Moscow").replace(day=1))
    assert made is not None
    return made.public_id


def call_of(key_id: int, word: str) -> int:
    """Keep a call of a key."""
    said = {"method": "GET", "path": "/api/v1/merchant", "status": 200, "reason": "", "ms": 1}
    words = {"body": f'{{"a": "{word}"}}', "answer": "{}", "request_id": "r"}
    write_calls([{"key_id": key_id, "at": clock.now(), **said, **words}])
    return db.session.scalars(select(ApiCall.id)).one()


def achievement(partner: Partner) -> str:
    """Make an achievement of the partner's merchant alone; return what names it."""
    level = 1_000 + partner.id
    when = [
        {"fact": "metric.name", "op": "in", "value": ["orders"]},
        {"fact": "metric.value", "op": "gte", "value": level},
    ]
    body = PRESETS["achievement"].body(100) | {"when": {"all": when}}
    publish_rule(draft_rule(f"{partner.name} achievement", body))
    return f"orders:{level}"


def sold(merchant: Merchant, word: str) -> TillReceipt:
    """Make a till, and take a receipt at it."""
    till = make_till(merchant.shop_id, f"{word} till", TillKind.REGISTER, f"{word} place")
    return take_receipt(intake.tenant(), till, Sale(receipt=public_id("rc"), amount=100))


def papers(partner: Partner) -> None:
    """Issue a document to a partner in the month after, pack it, and let him give a contract."""
    span = month_span(clock.today("Europe/Moscow"), "Europe/Moscow")
    with clock.moved_to(clock.now() + timedelta(days=40)):
        issue(DocumentKind.STATEMENT, span, [partner.id], "en")
        act_run(start_pack(span), "stop")
    said = PaperSaid(number=f"{partner.name} contract", file=b"%PDF-1.4 a contract")
    add_paper(PaperKind.CONTRACT, partner.id, said)


def withdrawal(partner: Partner, member_id: int) -> str:
    """Let a partner have asked for bonuses as money in vain; return the number."""
    now = clock.now()
    made = Withdrawal(
        public_id=public_id("wd"), key=f"walk {partner.id}", partner_id=partner.id, fee=0,
        member_id=member_id, amount=100, method="bank", state="rejected",
        reason=f"{partner.name} reason", ripe_at=now, requested_at=now, requested_by="system",
        decided_at=now, decided_by="system",
    )  # fmt: skip
    gift = f"walk:{partner.id}"
    wallet.grant([Grant(member_id=member_id, amount=100, reference=gift, kind="hand")])
    db.session.add(made)
    db.session.flush()
    wallet.hold(member_id, 100, made.reference, now + timedelta(days=1))
    wallet.void(made.reference)
    return made.public_id


def invite(partner: Partner) -> None:
    """Invite somebody under a partner."""
    wishes, _left_out = check_lines([Line(1, f"guest-of-{partner.email}")], Defaults())
    ask(wishes, (), TEXTS, pace=1, locale="en")


@pytest.fixture
def kniga_things(app: App, client: FlaskClient, world: World) -> Things:
    return furnish(app, client, world.kniga, CANARY)


def test_each_role_opens_what_it_may_and_nothing_else(
    app: App, client: FlaskClient, world: World
) -> None:
    things = furnish(app, client, world.lampa, "Lampada")
    for role in world.lampa.staff:
        staff = sign_in(app.test_client(), world.lampa.staff[role])
        for rule in rules_of(app, "office", "GET"):
            answer = staff.get(address(app, rule, world.lampa, things.of(rule)))
            with app.app_context():
                needed = permission_of(rule.endpoint)
            may = needed == "member" or needed in PERMISSIONS[Role(role)]
            assert (answer.status_code in {200, 302, 303}) is may, (
                role,
                rule.rule,
                answer.status_code,
            )
            assert may or answer.status_code == 403, (role, rule.rule, answer.status_code)


def test_no_role_does_what_it_may_not(app: App, client: FlaskClient, world: World) -> None:
    things = furnish(app, client, world.lampa, "Lampada")
    for role in world.lampa.staff:
        staff = sign_in(app.test_client(), world.lampa.staff[role])
        for rule in rules_of(app, "office", "POST"):
            with app.app_context():
                needed = permission_of(rule.endpoint)
            if needed != "member" and needed not in PERMISSIONS[Role(role)]:
                answer = staff.post(address(app, rule, world.lampa, things.of(rule)))
                assert answer.status_code == 403, (role, rule.rule, answer.status_code)


def test_strangers_find_nothing_behind_the_doors(
    app: App, client: FlaskClient, world: World
) -> None:
    things = furnish(app, client, world.lampa, "Lampada")
    partner = sign_in(app.test_client(), things.partner_email)
    neighbour = sign_in(app.test_client(), world.kniga.staff["owner"])
    owner = sign_in(app.test_client(), world.lampa.staff["owner"])
    turned_away = {
        "office": (partner, neighbour),
        "cabinet": (owner, neighbour),
        "platform": (owner, partner, neighbour),
    }
    for door, people in turned_away.items():
        for method in ("GET", "POST"):
            for rule in rules_of(app, door, method):
                there = address(app, rule, world.lampa, things.of(rule))
                for person in people:
                    status = person.open(there, method=method).status_code
                    assert status == 404, (rule.rule, method, status)
                status = client.open(there, method=method).status_code
                assert status in {303, 401}, (rule.rule, method, status)


def test_another_merchants_ids_are_unknown_in_the_office(
    app: App, world: World, kniga_things: Things
) -> None:
    owner = sign_in(app.test_client(), world.lampa.staff["owner"])
    for method in ("GET", "POST"):
        for rule in rules_of(app, "office", method):
            values = kniga_things.of(rule)
            if values:
                answer = owner.open(address(app, rule, world.lampa, values), method=method)
                refused = {404} if method == "GET" else {404, 409, 422}
                if rule.endpoint in NO_IDS:
                    refused = {200}
                assert answer.status_code in refused, (rule.rule, method, answer.status_code)
                assert CANARY not in answer.text, rule.rule


def test_no_page_of_one_merchant_shows_another(
    app: App, world: World, kniga_things: Things
) -> None:
    owner = sign_in(app.test_client(), world.lampa.staff["owner"])
    for rule in rules_of(app, "office", "GET"):
        if rule.arguments == {"merchant"}:
            text = owner.get(address(app, rule, world.lampa, {})).text
            assert CANARY not in text, rule.rule
            assert world.kniga.slug not in text, rule.rule


def test_a_sibling_partners_ids_are_unknown_in_the_cabinet(
    app: App, client: FlaskClient, world: World, kniga_things: Things
) -> None:
    mark = secrets.token_hex(4)
    body = {"refcode": f"boris-{mark}", "name": "Boris", "email": f"boris-{mark}@kniga.example"}
    assert client.post("/api/v1/partners", json=body, headers=world.kniga.bearer).status_code == 201
    with app.app_context(), world.kniga.scope():
        boris = db.session.scalars(select(Partner).where(Partner.refcode == body["refcode"])).one()
        person = identity.ensure_person(body["email"], "Boris")
        if boris.person_id is None:
            identity.join(person, world.kniga.id, "partner", boris.id)
            boris.person_id = person.id
        identity.change_password(person, PASSWORD)
        db.session.commit()
    partner = sign_in(app.test_client(), body["email"])
    for method in ("GET", "POST"):
        for rule in rules_of(app, "cabinet", method):
            values = kniga_things.of(rule)
            there = address(app, rule, world.kniga, values)
            if values:
                answer = partner.open(there, method=method)
                assert answer.status_code in {404, 422}, (rule.rule, method, answer.status_code)
                assert CANARY not in answer.text, rule.rule
            elif method == "GET":
                answer = partner.get(there, follow_redirects=True)
                assert answer.status_code == 200, rule.rule
                assert f"{CANARY} partner" not in answer.text, rule.rule


def test_another_merchants_ids_are_unknown_to_a_key(
    client: FlaskClient, app: App, world: World, kniga_things: Things
) -> None:
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        for rule in rules_of(app, "api", method):
            values = kniga_things.of(rule)
            if not values or rule.endpoint in OWN_NAMES:
                continue
            there = address(app, rule, world.lampa, values)
            body: dict[str, Any] | None = {} if method in {"POST", "PUT", "PATCH"} else None
            answer = client.open(there, method=method, json=body, headers=world.lampa.bearer)
            unknown = rule.endpoint == "api.links.show" and answer.get_json()["valid"] is False
            assert unknown or answer.status_code in {404, 422}, (there, method, answer.status_code)
            assert CANARY not in answer.text, rule.rule


def test_no_call_of_the_api_works_without_a_key(
    client: FlaskClient, app: App, world: World
) -> None:
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        for rule in rules_of(app, "api", method):
            there = address(app, rule, world.lampa, dict.fromkeys(rule.arguments, "x"))
            assert client.open(there, method=method, json={}).status_code == 401, rule.rule


def test_forms_without_a_token_or_from_another_site_are_refused(
    app: App, client: FlaskClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    things = furnish(app, client, world.lampa, "Lampada")
    owner = sign_in(app.test_client(), world.lampa.staff["owner"])
    partner = sign_in(app.test_client(), things.partner_email)
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", True)
    for door in KNOWN:
        for rule in rules_of(app, door, "POST") if door != "api" else ():
            if rule.endpoint in SIGNED:
                continue
            values = {n: v if v is not None else "x" for n, v in things.of(rule).items()}
            if "session_id" in values:
                values["session_id"] = 1
            there = address(app, rule, world.lampa, values)
            who = partner if door == "cabinet" else owner
            assert who.post(there).status_code == 400, rule.rule
            elsewhere = {"Origin": "https://evil.example"}
            assert who.post(there, headers=elsewhere).status_code in {400, 403}, rule.rule
