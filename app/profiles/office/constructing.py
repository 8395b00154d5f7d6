"""The back office: the constructor. Rows and cards come and go by POST; nothing is kept before Save."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import request
from flask_babel import gettext as _

from app.errors import DomainError
from app.margins.office.guarding import red_by
from app.profiles import queries, service
from app.profiles.forms import board, constructor, levels
from app.profiles.office.listing import bp, found, known
from app.profiles.rules import EFFECTS, PROFILES, RuleError, parse, sentence, unfit
from app.profiles.rules.facts import FAMILIES, OPERATOR_LABELS, of_family, offered_at
from app.profiles.rules.triggers import TRIGGERS
from app.profiles.rules.worst import worst_told
from app.site.access import requires
from app.web.pages import page, see_other

if TYPE_CHECKING:
    from flask import Response

    from app.profiles.forms.constructor import Constructor
    from app.profiles.models import ProfileRule

KEEP = frozenset({"save", "publish"})


@bp.get("/new")
@requires("settings")
def new() -> Response:
    """Offer an empty constructor of a profile."""
    profile = known(request.args.get("profile", "order"))
    trigger = PROFILES[profile].triggers[0]
    body = {"profile": profile, "trigger": trigger, "effects": []}
    return _page(constructor.show("", body), None)


@bp.post("/new")
@requires("settings")
def create() -> Response:
    """Change what stands on the page, or keep it as a rule."""
    profile = request.args.get("profile", "order")
    return _worked(constructor.read(request.form, known(profile)), None)


@bp.get("/rule/<string:rule_id>/edit")
@requires("settings")
def edit(rule_id: str) -> Response:
    """Show a rule in the constructor."""
    rule = found(rule_id)
    return _page(constructor.show(rule.name, rule.draft), rule)


@bp.post("/rule/<string:rule_id>/edit")
@requires("settings")
def change(rule_id: str) -> Response:
    """Change what stands on the page, or keep it."""
    rule = found(rule_id)
    return _worked(constructor.read(request.form, rule.profile), rule)


def _worked(made: Constructor, rule: ProfileRule | None) -> Response:
    act = request.form.get("act", "save")
    if act not in KEEP:
        made.act(act, request.form)
        if act == "look":
            _checked(made)
        return _page(made, rule)
    kept = _kept(made, rule, publish=act == "publish")
    if kept is None:
        return _page(made, rule, 422)
    words = _("Published.") if act == "publish" else _("Saved.")
    if act == "publish" and kept.state != "published":
        words = _("Saved as a draft: it could eat up margins. Publish it below to see which.")
    return see_other("office.profiles.show", rule_id=kept.public_id, message=words)


def _kept(made: Constructor, rule: ProfileRule | None, *, publish: bool) -> ProfileRule | None:
    body, written = made.write()
    if made.problems:
        _checked(made)
        return None
    try:
        kept = service.draft(made.name, body, rule)
        if publish and not red_by(lambda: service.publish(kept)):
            service.publish(kept)
    except DomainError as error:
        made.blame(((each.field, each.message) for each in error.errors), written)
        if not error.errors:
            made.complain("", error.message)
        return None
    return kept


def _checked(made: Constructor) -> None:
    """Complain of all that keeps the rule from being published."""
    body, written = made.write()
    words = service.Spoken()
    try:
        read = parse(body)
        problems = (*unfit(read), *queries.unknown(read))
    except RuleError as error:
        problems = error.problems
    made.blame(((each.path, each.text(words)) for each in problems), written)


def _told(made: Constructor) -> dict[str, Any]:
    """Say the rule, and what it costs at most; nothing while it says nothing whole."""
    told = dict(made.problems)
    body, _written = made.write()
    made.problems = told
    words = service.Spoken()
    try:
        read = parse(body)
    except RuleError:
        return {"said": None, "worst": []}
    return {"said": sentence(read, words), "worst": worst_told(read, words)}


def _page(made: Constructor, rule: ProfileRule | None, status: int = 200) -> Response:
    trigger = TRIGGERS[made.trigger]
    choices: dict[str, list[tuple[str, list[tuple[str, str]]]]] = {
        "event": [
            (label, [(f.key, f.label) for f in offered_at(trigger) if f.family == family])
            for family, label in FAMILIES.items()
            if family in trigger.families and family != "external"
        ]
    }
    for family in ("line", "upline"):
        choices[family] = [(FAMILIES[family], [(f.key, f.label) for f in of_family(family)])]
    if "external" in trigger.families:
        choices["event"].append(
            (FAMILIES["external"], [("external.payload.", FAMILIES["external"])])
        )
    context: dict[str, Any] = {
        "made": made,
        "rule": rule,
        "profile": PROFILES[made.profile],
        "choices": choices,
        "effects": [
            (spec.do, spec.label) for spec in EFFECTS.values() if made.trigger in spec.triggers
        ],
        "of_order": trigger.of_order,
        **_told(made),
        "group_modes": board.MODES,
        "level_kinds": levels.OF,
        "group_aggregates": board.AGGREGATES,
        "operator_labels": OPERATOR_LABELS,
        "caps": constructor.CAPS,
        "windows": constructor.WINDOW_LABELS,
    }
    return page("profiles/office/constructor.html", "_constructor.html", status, **context)
