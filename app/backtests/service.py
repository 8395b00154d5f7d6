"""Try the draft of a rule on the last 90 days: nothing is written but what the look itself found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from flask_babel import gettext as _

from app import clock
from app.backtests import queries, rules
from app.backtests.queries import Time
from app.backtests.rules import Given, Terms
from app.earnings import queries as earned
from app.errors import Conflict
from app.intake.service import tenant
from app.profiles import queries as profiles
from app.profiles.rules import leaves, parse, rule_hash
from app.profiles.rules.shape import trees
from app.runs import queries as runs
from app.runs import service as work
from app.runs.rules import Line, Step
from app.runs.service import Kind

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from app.profiles.models import ProfileRule
    from app.profiles.queries import Known
    from app.profiles.rules import Used
    from app.profiles.rules.due import Published, Seen, WindowKey
    from app.runs.models import Run

RULE = "rule"  # the kind of long work
SIDES = ("before", "after")


def start(rule: ProfileRule) -> Run:
    """Look at what the draft of a rule would have given over the last 90 days, whole days of the zone.

    Raises Conflict where what sets it off cannot be told anew, and while another look is under way.
    """
    draft = parse(rule.draft)
    if not can_try(rule):
        raise Conflict("not_replayed", _("What sets this rule off cannot be told anew."))
    zone, now = ZoneInfo(tenant().timezone), clock.now()
    first = now.astimezone(zone).date() - timedelta(days=rules.BACK)
    since = datetime.combine(first, time(), tzinfo=zone)
    values = {
        "rule": rule.public_id,
        "rule_id": rule.id,
        "hash": rule_hash(rule.draft),
        "draft": rule.draft,
        "live": [each.version_id for each in profiles.published_at([now])[0][0]],
        "undated": rules.is_undated(draft, since, now),
        "since": since.isoformat(),
        "until": now.isoformat(),
    }
    return work.start(RULE, values, "preview")


def can_try(rule: ProfileRule) -> bool:
    """Tell whether what sets the draft off can be told anew."""
    return bool(rule.draft["trigger"] in rules.REPLAYED)


def latest(rule: ProfileRule) -> Run | None:
    """Return the newest look at any draft of the rule."""
    return runs.latest(RULE, rule=rule.public_id)


def is_of_draft(run: Run, rule: ProfileRule) -> bool:
    """Tell whether a look was at the draft as it now is."""
    return bool(run.parameters["hash"] == rule_hash(rule.draft))


@dataclass(frozen=True)
class _Look:
    """What a look goes by: the time, and the terms before and after."""

    run: Run
    time: Time
    sides: Mapping[str, Terms]

    @property
    def all_rules(self) -> tuple[Published, ...]:
        """The rules of both sides."""
        return tuple(each for name in SIDES for each in self.sides[name].rules)


def _time(run: Run) -> Time:
    values = run.parameters
    birthdays = values["draft"]["trigger"] == "schedule.birthday"
    since, until = (datetime.fromisoformat(values[name]) for name in ("since", "until"))
    return Time(since, until, birthdays)


def _look_of(run: Run) -> _Look:
    zone, when = ZoneInfo(tenant().timezone), _time(run)
    live = profiles.versions_of(run.parameters["live"])
    draft = parse(run.parameters["draft"])
    program = earned.earning()
    after = rules.with_draft(live, run.parameters["rule_id"], draft, when.since, when.until)
    sides = {"before": Terms(live, program, zone), "after": Terms(after, program, zone)}
    return _Look(run, when, sides)


def _preview(run: Run, ids: Sequence[int]) -> Step:
    look = _look_of(run)
    known = profiles.known_of(tenant(), ids, _windows(look), look.time.since)
    shares = earned.shares_of([order for each in known for order in each.person.orders])
    seen = {each.member.id: each.seen((), shares) for each in known}
    events = queries.events_of(
        known, look.time, look.sides["after"].zone, [each.rule for each in look.all_rules]
    )
    chains = {
        each.member.id: _above(seen[each.member.id], events[each.member.id]) for each in known
    }
    able = earned.with_accounts({*ids, *(who for chain in chains.values() for who in chain)})
    found: dict[str, Given] = {}
    lines: list[Line] = []
    for side in SIDES:
        terms = look.sides[side]
        limits = _Limits(look, side, known, chains)
        each = []
        for one in known:
            member_id = one.member.id
            used = limits.of(member_id)
            what = (seen[member_id], events[member_id], terms, used)
            each.append(rules.give(*what, look.time.since, look.time.until, able))
            limits.note(used)
        found[side] = rules.merged(each)
        lines += limits.lines()
    orders = sum(look.time.holds(o.created_at) for own in seen.values() for o in own)
    told = sum(len(each) for each in events.values())
    sums = rules.sums_of(found["before"], found["after"], orders, told)
    return Step(max(ids), len(ids), sums, [*lines, *_people(found["before"], found["after"])])


def _people(before: Given, after: Given) -> Iterable[Line]:
    for member_id in {*before.people, *after.people}:
        pair = before.people.get(member_id, 0), after.people.get(member_id, 0)
        yield Line("member", member_id, *pair)


def _windows(look: _Look) -> frozenset[int]:
    return frozenset(
        leaf.days
        for each in look.all_rules
        for _path, _scope, tree in trees(each.rule)
        for leaf in leaves(tree)
        if leaf.days is not None
    )


def _above(seen: Sequence[Seen], events: Sequence[rules.Event]) -> frozenset[int]:
    facts = [*(each.facts for each in seen), *(each.facts for each in events)]
    return frozenset(who.member_id for each in facts for who in each.chain if who.member_id > 0)


class _Limits:
    """What limits have given so far: a customer's own, and those that customers share."""

    def __init__(
        self, look: _Look, side: str, known: Sequence[Known], chains: Mapping[int, Collection[int]]
    ) -> None:
        """Read what was given before the time, and what earlier batches of the look gave."""
        self.side, self.chains = side, chains
        terms, since = look.sides[side], look.time.since
        above = {who for chain in chains.values() for who in chain}
        kept = runs.lines_of(look.run.id, f"used_{side}", [0, *above])
        names = {f"member:{each.member.id}" for each in known}
        names |= {f"referrer:{who}" for who in above - kept.keys()}
        self.own: dict[int | None, dict[WindowKey, Used]] = {}
        self.shared: dict[int | None, dict[WindowKey, Used]] = {}
        for key, used in queries.given_before(terms.rules, names, since, terms.zone).items():
            into = self.own if key[1] == "per_member" else self.shared
            into.setdefault(key[2], {})[key] = used
        for subject, line in kept.items():
            self.shared[subject or None] = rules.read(side, subject, line.facts)
        if 0 not in kept:
            self.shared[None] = queries.given_to_all(terms.rules, since, terms.zone)

    def of(self, member_id: int) -> dict[WindowKey, Used]:
        """Return all that limits a customer and those above him."""
        found = dict(self.own.get(member_id, {}))
        for who in (None, *self.chains[member_id]):
            found |= self.shared.get(who, {})
        return found

    def note(self, used: Mapping[WindowKey, Used]) -> None:
        """Keep what was given within limits that customers share."""
        for key, each in used.items():
            if key[1] != "per_member":
                self.shared.setdefault(key[2], {})[key] = each

    def lines(self) -> list[Line]:
        """Return what the next batches go on from."""
        together = {key: used for each in self.shared.values() for key, used in each.items()}
        found = {0: {}, **rules.written(self.side, together)}
        return [Line(f"used_{self.side}", who, 0, 0, facts) for who, facts in found.items()]


def _count(run: Run) -> int:
    return queries.count(_time(run))


def _take(run: Run, cursor: int, most: int) -> Sequence[int]:
    return queries.after(_time(run), cursor, most)


KINDS: dict[str, Kind] = {RULE: Kind(_count, _take, _preview)}
