from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.attribution.rules import (
    Attribution,
    Binding,
    Buyer,
    Claim,
    Enrolment,
    Kind,
    OrderClaims,
    Reason,
    Settings,
    Verdict,
    verdicts,
    winner,
)
from app.partners.rules import Identity, Status

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ANNA, BORIS, VERA = 1, 2, 3
GLEB = Buyer(member_id=7, email="gleb@example.org", phone="+79161234567")
QUICK = settings(max_examples=50)


@dataclass
class World:
    """Everybody is active and has a window of 90 days, unless a test says otherwise."""

    rules: Settings = field(default_factory=Settings)
    statuses: dict[tuple[int, datetime], Status] = field(default_factory=dict)
    identities: dict[int, Identity] = field(default_factory=dict)
    cashback: bool = False

    def own_partner(self, buyer: Buyer, at: datetime) -> int | None:
        same = (
            p
            for p, i in self.identities.items()
            if i.is_buyer(buyer.member_id, buyer.email, buyer.phone)
        )
        return min(same, default=None) if self.cashback else None

    def status(self, partner_id: int, at: datetime) -> Status:
        return self.statuses.get((partner_id, at), Status.ACTIVE)

    def identity(self, partner_id: int) -> Identity:
        return self.identities.get(partner_id, Identity())

    def window_days(self, partner_id: int, at: datetime) -> int:
        return self.rules.window_days

    def settings(self, at: datetime) -> Settings:
        return self.rules


def claim(
    kind: Kind, partner: int | None = ANNA, hours_ago: int | None = None, **more: int
) -> Claim:
    touch = None if hours_ago is None else NOON - hours_ago * HOUR
    return Claim(kind, f"{kind}-{partner}-{hours_ago}", partner, touch)


def placed(
    *claims: Claim, number: int = 1, at: datetime = NOON, buyer: Buyer = GLEB
) -> OrderClaims:
    return OrderClaims(number, at, buyer, claims)


def judged(
    *claims: Claim,
    world: World | None = None,
    binding: Binding | None = None,
    before: datetime | None = None,
    buyer: Buyer = GLEB,
) -> Verdict:
    return winner(placed(*claims, buyer=buyer), binding, before, world or World())


def reasons(verdict: Verdict) -> dict[Kind, Reason]:
    return {outcome.claim.kind: outcome.reason for outcome in verdict.outcomes}


def won_by(verdict: Verdict) -> Kind | None:
    return verdict.winner.kind if verdict.winner else None


BOUND = Binding(BORIS, NOON - 48 * HOUR, "click", order_id=9)
EVERYTHING = [
    claim(Kind.STAFF, 11),
    claim(Kind.PARTNER_CODE, 12),
    claim(Kind.COUPON, 13),
    claim(Kind.CLICK, 14, 2),
    claim(Kind.SITE, 15, 2),
    claim(Kind.ENTRY, 16),
]


@pytest.mark.parametrize(
    ("conflict", "ranks"),
    [
        ("code", "staff partner_code coupon binding click site entry"),
        ("link", "staff partner_code binding click coupon site entry"),
    ],
)
def test_the_strongest_claim_wins_and_the_others_are_kept_as_weaker(
    conflict: str, ranks: str
) -> None:
    world = World(Settings(conflict="link" if conflict == "link" else "code"))
    left = list(reversed(EVERYTHING))
    for kind in ranks.split():
        bound = BOUND if any(c.kind is Kind.CLICK for c in left) or kind == "binding" else None
        verdict = judged(*left, world=world, binding=bound)
        assert won_by(verdict) == kind
        assert verdict.reason is Reason.WON
        assert [outcome.won for outcome in verdict.outcomes].count(True) == 1
        assert set(reasons(verdict).values()) <= {Reason.WON, Reason.WEAKER}
        left = [c for c in left if c.kind != kind]
        if kind == "binding":
            break
    for kind in ranks.split()[ranks.split().index("binding") + 1 :]:
        assert won_by(judged(*left, world=world)) == kind
        left = [c for c in left if c.kind != kind]


def test_an_order_nobody_claims_has_no_partner() -> None:
    verdict = judged()
    assert (verdict.winner, verdict.outcomes, verdict.reason) == (None, (), Reason.NO_CLAIM)


def test_of_several_coupons_the_first_listed_partner_code_wins() -> None:
    second = replace(claim(Kind.COUPON, BORIS), evidence="aaa", position=1)
    assert judged(second, claim(Kind.COUPON, ANNA)).winner == claim(Kind.COUPON, ANNA)


@pytest.mark.parametrize(("which", "hours"), [("first", 9), ("last", 1)])
def test_first_or_last_click_wins_as_the_merchant_set(which: str, hours: int) -> None:
    world = World(Settings(click="first" if which == "first" else "last"))
    clicks = [claim(Kind.CLICK, partner, ago) for partner, ago in ((1, 5), (2, 9), (3, 1))]
    verdict = judged(*clicks, world=world)
    assert verdict.winner is not None
    assert verdict.winner.touch_at == NOON - hours * HOUR


def test_the_window_includes_its_end() -> None:
    edge, beyond = NOON - timedelta(days=90), NOON - timedelta(days=90, microseconds=1)
    assert won_by(judged(replace(claim(Kind.CLICK), touch_at=edge))) is Kind.CLICK
    assert judged(replace(claim(Kind.CLICK), touch_at=beyond)).reason is Reason.OUTSIDE_WINDOW
    assert judged(replace(claim(Kind.SITE), touch_at=beyond)).reason is Reason.OUTSIDE_WINDOW


def test_a_click_after_the_order_loses_beyond_five_minutes_of_skew() -> None:
    skewed, after = NOON + timedelta(minutes=5), NOON + timedelta(minutes=5, seconds=1)
    assert won_by(judged(replace(claim(Kind.CLICK), touch_at=skewed))) is Kind.CLICK
    assert judged(replace(claim(Kind.CLICK), touch_at=after)).reason is Reason.AFTER_ORDER


def test_a_bare_ref_counts_as_a_click_at_the_order_and_yields_to_a_real_one() -> None:
    assert won_by(judged(claim(Kind.REF))) is Kind.REF
    old = replace(claim(Kind.CLICK), touch_at=NOON - timedelta(days=91))
    verdict = judged(claim(Kind.REF), old)
    assert verdict.winner is None
    assert reasons(verdict)[Kind.REF] is Reason.CLICK_PRESENT
    assert won_by(judged(claim(Kind.REF), claim(Kind.CLICK, None))) is Kind.REF


def test_a_code_nobody_has_and_a_click_of_a_bot_are_kept_with_their_reasons() -> None:
    bot = replace(claim(Kind.CLICK, BORIS, 1), flaw=Reason.BOT)
    verdict = judged(claim(Kind.PARTNER_CODE, None), bot)
    assert reasons(verdict) == {Kind.PARTNER_CODE: Reason.UNKNOWN, Kind.CLICK: Reason.BOT}
    assert verdict.reason is Reason.UNKNOWN


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (Status.BLOCKED, Reason.BLOCKED),
        (Status.PENDING, Reason.INACTIVE),
        (Status.REMOVED, Reason.INACTIVE),
    ],
)
@pytest.mark.parametrize("hours_ago", [0, 3])
def test_the_partner_stands_at_the_touch_and_at_the_order_or_the_weaker_claim_wins(
    status: Status, reason: Reason, hours_ago: int
) -> None:
    world = World(statuses={(ANNA, NOON - hours_ago * HOUR): status})
    verdict = judged(claim(Kind.CLICK, ANNA, 3), claim(Kind.ENTRY, BORIS), world=world)
    assert reasons(verdict) == {Kind.CLICK: reason, Kind.ENTRY: Reason.WON}


@pytest.mark.parametrize(
    "known",
    [
        Identity(members=frozenset({7})),
        Identity(emails=frozenset({"gleb@example.org"})),
        Identity(phones=frozenset({"+79161234567"})),
    ],
)
def test_nobody_refers_themselves_and_another_claim_stands(known: Identity) -> None:
    world = World(identities={ANNA: known})
    verdict = judged(claim(Kind.PARTNER_CODE), claim(Kind.CLICK, BORIS, 1), world=world)
    assert reasons(verdict) == {Kind.PARTNER_CODE: Reason.SELF_REFERRAL, Kind.CLICK: Reason.WON}


class TestBoundCustomers:
    def test_a_binding_beats_clicks_and_wins_without_any_claim(self) -> None:
        assert won_by(judged(claim(Kind.CLICK, ANNA, 1), binding=BOUND)) is Kind.BINDING
        assert won_by(judged(binding=BOUND)) is Kind.BINDING

    def test_without_lifetime_only_an_enrolment_holds_and_for_the_window(self) -> None:
        world = World(Settings(lifetime=False))
        assert judged(binding=BOUND, world=world).reason is Reason.NO_CLAIM
        window = timedelta(days=world.window_days(BORIS, NOON))
        enrolled = replace(BOUND, order_id=None, since=NOON - window)
        assert won_by(judged(binding=enrolled, world=world)) is Kind.BINDING
        ended = replace(enrolled, since=NOON - window - HOUR)
        assert judged(binding=ended, world=world).winner is None

    def test_a_binding_says_nothing_of_older_orders(self) -> None:
        assert judged(binding=replace(BOUND, since=NOON + HOUR)).reason is Reason.NO_CLAIM

    def test_a_foreign_code_takes_this_order_or_nothing_as_set(self) -> None:
        code = claim(Kind.COUPON, ANNA)
        assert won_by(judged(code, binding=BOUND)) is Kind.COUPON
        ignoring = World(Settings(foreign_code="ignore"))
        verdict = judged(code, binding=BOUND, world=ignoring)
        assert reasons(verdict) == {Kind.COUPON: Reason.FOREIGN, Kind.BINDING: Reason.WON}
        own = claim(Kind.COUPON, BORIS)
        assert won_by(judged(own, binding=BOUND, world=ignoring)) is Kind.COUPON


class TestExistingCustomers:
    ignoring = World(Settings(existing="ignore"))
    old = replace(GLEB, registered_at=NOON - 5 * HOUR)

    def test_clicks_and_codes_lose_and_staff_win(self) -> None:
        claims = [c for c in EVERYTHING if c.kind is not Kind.STAFF]
        verdict = judged(*claims, world=self.ignoring, buyer=self.old)
        assert set(reasons(verdict).values()) == {Reason.EXISTING_CUSTOMER}
        assert won_by(judged(*EVERYTHING, world=self.ignoring, buyer=self.old)) is Kind.STAFF

    def test_who_ordered_before_the_touch_is_existing_too(self) -> None:
        verdict = judged(claim(Kind.CLICK, ANNA, 2), world=self.ignoring, before=NOON - 3 * HOUR)
        assert verdict.reason is Reason.EXISTING_CUSTOMER

    def test_who_came_by_the_click_before_registering_is_new(self) -> None:
        verdict = judged(claim(Kind.CLICK, ANNA, 6), world=self.ignoring, buyer=self.old)
        assert won_by(verdict) is Kind.CLICK

    def test_the_bound_and_the_attracted_are_no_matter(self) -> None:
        code = claim(Kind.COUPON, BORIS)
        assert (
            won_by(judged(code, world=self.ignoring, buyer=self.old, binding=BOUND)) is Kind.COUPON
        )
        assert won_by(judged(claim(Kind.CLICK, ANNA, 1), buyer=self.old)) is Kind.CLICK


def winners(attribution: Attribution) -> dict[int, int | None]:
    return {
        number: verdict.winner.partner_id if verdict.winner else None
        for number, verdict in sorted(attribution.verdicts.items())
    }


def click_at(partner: int, at: datetime) -> Claim:
    return Claim(Kind.CLICK, f"ck_{partner}_{at.isoformat()}", partner, at)


def enrolled(partner: int, since: datetime, how: str = "registered") -> Enrolment:
    return Enrolment(Claim(Kind.REF, f"ref-{partner}", partner, since), since, how, GLEB)


class TestAllOrdersOfACustomer:
    first = placed(click_at(ANNA, NOON), number=1)
    second = placed(click_at(BORIS, NOON + HOUR), number=2, at=NOON + HOUR)
    third = placed(number=3, at=NOON + 2 * HOUR)

    def test_the_winner_of_the_earliest_order_binds_however_orders_arrive(self) -> None:
        found = verdicts([self.third, self.second, self.first], (), World())
        assert winners(found) == {1: ANNA, 2: ANNA, 3: ANNA}
        assert found.binding == Binding(ANNA, NOON, "click", order_id=1)

    def test_an_earlier_order_that_comes_late_takes_the_binding(self) -> None:
        assert winners(verdicts([self.second, self.third], (), World())) == {2: BORIS, 3: BORIS}

    def test_at_the_same_instant_the_smaller_id_is_earlier(self) -> None:
        twin = replace(self.second, order_id=0, created_at=NOON, claims=(click_at(VERA, NOON),))
        assert winners(verdicts([self.first, twin], (), World()))[1] == VERA

    def test_an_order_without_a_winner_leaves_the_customer_free(self) -> None:
        nobody = placed(number=0, at=NOON - HOUR)
        assert winners(verdicts([nobody, self.first, self.third], (), World())) == {
            0: None,
            1: ANNA,
            3: ANNA,
        }

    def test_the_customers_own_earlier_order_makes_him_existing(self) -> None:
        nobody = placed(number=0, at=NOON - HOUR)
        found = verdicts([nobody, self.first], (), World(Settings(existing="ignore")))
        assert found.verdicts[1].reason is Reason.EXISTING_CUSTOMER

    def test_guests_nobody_can_tell_apart_are_never_bound(self) -> None:
        nobody = placed(number=0, at=NOON - HOUR)
        ignoring = World(Settings(existing="ignore"))
        found = verdicts([nobody, self.first, self.third], (), ignoring, bindable=False)
        assert winners(found) == {0: None, 1: ANNA, 3: None}
        assert found.binding is None

    def test_a_registration_that_came_first_binds(self) -> None:
        registered = enrolled(VERA, NOON - HOUR)
        found = verdicts([self.first, self.third], [registered], World())
        assert winners(found) == {1: VERA, 3: VERA}
        assert found.binding == Binding(VERA, NOON - HOUR, "registered")
        assert found.enrolments == ((registered, Reason.WON),)

    def test_of_two_registrations_the_first_sound_one_binds_in_any_order(self) -> None:
        blocked = enrolled(ANNA, NOON - 3 * HOUR)
        first, second = enrolled(VERA, NOON - 2 * HOUR), enrolled(BORIS, NOON - HOUR)
        at = NOON - 3 * HOUR
        world = World(statuses={(ANNA, at): Status.BLOCKED})
        for told in ([blocked, first, second], [second, blocked, first]):
            found = verdicts([self.third], told, world)
            assert winners(found) == {3: VERA}
            assert [reason for _, reason in found.enrolments] == [
                Reason.BLOCKED,
                Reason.WON,
                Reason.WEAKER,
            ]

    def test_nobody_enrols_himself(self) -> None:
        world = World(identities={VERA: Identity(emails=frozenset({GLEB.email or ""}))})
        found = verdicts([self.third], [enrolled(VERA, NOON - HOUR)], world)
        assert found.binding is None
        assert found.enrolments[0][1] is Reason.SELF_REFERRAL

    def test_a_form_on_a_page_moves_no_customer_who_is_known(self) -> None:
        form = enrolled(VERA, NOON + HOUR, how="subscribed")
        unbound = placed(number=1)
        found = verdicts([unbound, self.third], [form], World())
        assert winners(found) == {1: None, 3: None}
        assert found.enrolments[0][1] is Reason.EXISTING_CUSTOMER
        shop = enrolled(VERA, NOON + HOUR)
        assert winners(verdicts([unbound, self.third], [shop], World())) == {1: None, 3: VERA}

    def test_a_registration_after_the_first_sale_changes_nothing(self) -> None:
        late = enrolled(VERA, NOON + HOUR)
        assert winners(verdicts([self.first, self.third], [late], World())) == {1: ANNA, 3: ANNA}

    def test_a_registration_without_orders_is_the_binding(self) -> None:
        late, bound = enrolled(VERA, NOON + 9 * HOUR), Binding(VERA, NOON + 9 * HOUR, "registered")
        assert verdicts([], [late], World()).binding == bound
        assert verdicts([self.third], [late], World()).binding == bound
        assert verdicts([], [], World()).binding is None

    def test_a_foreign_code_rebinds_only_where_codes_rebind(self) -> None:
        code = placed(claim(Kind.PARTNER_CODE, BORIS), number=2, at=NOON + HOUR)
        orders = [self.first, code, self.third]
        assert winners(verdicts(orders, (), World())) == {1: ANNA, 2: BORIS, 3: ANNA}
        found = verdicts(orders, (), World(Settings(foreign_code="rebind")))
        assert winners(found) == {1: ANNA, 2: BORIS, 3: BORIS}
        assert found.binding == Binding(BORIS, NOON + HOUR, "partner_code", order_id=2)

    def test_ones_own_code_leaves_the_binding_where_it_was(self) -> None:
        code = placed(claim(Kind.PARTNER_CODE, ANNA), number=2, at=NOON + HOUR)
        found = verdicts([self.first, code], (), World(Settings(foreign_code="rebind")))
        assert found.binding == Binding(ANNA, NOON, "click", order_id=1)


claims = st.builds(
    claim,
    st.sampled_from([kind for kind in Kind if kind is not Kind.BINDING]),
    st.sampled_from([None, ANNA, BORIS, VERA]),
    st.sampled_from([None, -1, 0, 1, 3000]),
)
orders = st.lists(
    st.builds(
        lambda found, number, hour: placed(*found, number=number, at=NOON + hour * HOUR),
        st.lists(claims, max_size=4),
        st.integers(1, 9),
        st.integers(0, 2),
    ),
    max_size=4,
    unique_by=lambda order: order.order_id,
)


@QUICK
@given(orders, st.data())
def test_the_order_of_orders_and_of_claims_plays_no_part(
    placed_orders: list[OrderClaims], data: st.DataObject
) -> None:
    world = World(statuses={(VERA, NOON): Status.BLOCKED})
    shuffled = [
        replace(one, claims=tuple(data.draw(st.permutations(one.claims))))
        for one in data.draw(st.permutations(placed_orders))
    ]
    found = verdicts(placed_orders, (), world)
    again = verdicts(shuffled, (), world)
    assert winners(again) == winners(found)
    assert again.binding == found.binding
    for verdict in found.verdicts.values():
        assert sum(outcome.won for outcome in verdict.outcomes) == (verdict.winner is not None)
