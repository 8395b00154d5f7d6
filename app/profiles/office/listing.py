"""The back office: profiles with their switches, and a rule with its versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.backtests import service as backtests
from app.errors import DomainError, NotFound
from app.margins.office.guarding import red_by, warning
from app.profiles import queries, service
from app.profiles.forms.publishing import PublishForm
from app.profiles.models import ProfileRule
from app.profiles.rules import PROFILES, parse, sentence, unfit, write
from app.profiles.rules.worst import worst_told
from app.runs.rules import OPEN
from app.site.access import requires
from app.tenants.queries import setting
from app.web.pages import page, see_other, toast
from app.web.tables import Column, Empty, Filter, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from flask import Response

    from app.margins.service import Stack

bp = Blueprint("profiles", __name__, url_prefix="/bonus-rules")

SHOWN = 5  # rules of a profile on the page of profiles
STATES = [
    ("published", _l("Published")),
    ("draft", _l("Draft")),
    ("paused", _l("Paused")),
    ("archived", _l("Archived")),
]
_PROFILES = [(each.key, _l(each.label)) for each in PROFILES.values()]


def _address(rule: ProfileRule) -> str:
    return url_for("office.profiles.show", rule_id=rule.public_id)


def _profile(rule: ProfileRule) -> str:
    return str(_(PROFILES[rule.profile].label))


RULES = Table(
    name="bonus-rules",
    caption=_l("All rules"),
    key=ProfileRule.id,
    default="-changed_at",
    columns=(
        Column("name", _l("Rule"), render="name", main=True, href=_address),
        Column("profile", _l("Profile"), value=_profile),
        Column("state", _l("State"), render="badge"),
        Column("changed_at", _l("Changed"), render="datetime", sort=ProfileRule.changed_at),
    ),
    filters=(
        Filter("profile", _l("Profile"), _PROFILES, lambda s, v: s.where(ProfileRule.profile == v)),
        Filter("state", _l("State"), STATES, lambda s, v: s.where(ProfileRule.state == v)),
    ),
    empty=Empty(_l("No rules yet"), _l("Switch a profile on, or make a rule of your own."), icon="gift"),
)  # fmt: skip


@bp.get("/")
@requires("read")
def index() -> Response:
    """Show the twelve profiles, each with its switch and its rules."""
    words = service.Spoken()
    rules: dict[str, list[tuple[ProfileRule, str]]] = {key: [] for key in PROFILES}
    for rule in queries.first_of_each(SHOWN):
        rules[rule.profile].append((rule, sentence(parse(rule.draft), words)))
    return page(
        "profiles/office/index.html",
        counts=queries.counts(),
        profiles=list(PROFILES.values()),
        rules=rules,
        loyalty=setting("loyalty"),
    )


@bp.get("/all")
@requires("read")
def everything() -> Response:
    """List all rules, page by page, archived ones too."""
    return page("profiles/office/all.html", "_table.html", listed=RULES.load(queries.listed()))


@bp.post("/switch")
@requires("settings")
def switch() -> Response:
    """Switch a profile on, by its preset where it has no rule, or off."""
    profile = known(request.form.get("profile", ""))
    own = queries.of_profile(profile)
    on = not any(each.state == "published" for each in own)
    service.switch(profile, on=on)
    label = _(PROFILES[profile].label)
    if on:
        words = _("%(profile)s: switched on.", profile=label)
    else:
        words = _("%(profile)s: switched off, its rules rest.", profile=label)
    return see_other("office.profiles.index", message=words)


@bp.get("/rule/<string:rule_id>")
@requires("read")
def show(rule_id: str) -> Response:
    """Show a rule: its sentence, what keeps it from holding, its versions."""
    return shown(found(rule_id), PublishForm(formdata=None))


@bp.post("/rule/<string:rule_id>/publish")
@requires("settings")
def publish(rule_id: str) -> Response:
    """Let the draft hold, from a moment."""
    rule, form = found(rule_id), PublishForm()
    if form.validate_on_submit():
        try:
            red = red_by(lambda: service.publish(rule, form.since.data), form.since.data)
            if red:
                return shown(rule, form, 422, red)
            service.publish(rule, form.since.data)
        except DomainError as error:
            form.tell(error)
        else:
            return see_other("office.profiles.show", rule_id=rule_id, message=_("Published."))
    return shown(rule, form, 422)


@bp.post("/rule/<string:rule_id>/pause")
@requires("settings")
def pause(rule_id: str) -> Response:
    """Let a rule rest."""
    return _done(rule_id, service.pause, _("The rule rests."))


@bp.post("/rule/<string:rule_id>/archive")
@requires("settings")
def archive(rule_id: str) -> Response:
    """Put a rule away."""
    return _done(rule_id, service.archive, _("The rule is put away."))


def _done(rule_id: str, verb: Callable[[ProfileRule], None], message: str) -> Response:
    rule = found(rule_id)
    verb(rule)
    toast(message)
    if rule.state == "archived":
        return see_other("office.profiles.index")
    return see_other("office.profiles.show", rule_id=rule_id)


def shown(
    rule: ProfileRule, form: PublishForm, status: int = 200, red: Sequence[Stack] = ()
) -> Response:
    """Answer with the page of a rule."""
    words, read = service.Spoken(), parse(rule.draft)
    held = queries.version(rule.version_id) if rule.version_id else None
    return page(
        "profiles/office/show.html",
        status=status,
        rule=rule,
        form=form,
        profile=PROFILES[rule.profile],
        said=sentence(read, words),
        problems=[each.text(words) for each in (*unfit(read), *queries.unknown(read))],
        worst=worst_told(read, words),
        holding=sentence(parse(held.body), words) if held and held.body != write(read) else None,
        versions=queries.versions(rule.id),
        can_try=backtests.can_try(rule),
        tried=_tried(rule),
        **warning(red),
    )


def _tried(rule: ProfileRule) -> dict[str, Any] | None:
    """Return the last look at what a draft of the rule would have given."""
    run = backtests.latest(rule)
    if run is None:
        return None
    stale = not backtests.is_of_draft(run, rule)
    return {"run": run, "open": run.standing in OPEN, "stale": stale}


def found(rule_id: str) -> ProfileRule:
    """Return the rule. Raises NotFound."""
    rule = queries.rule(rule_id)
    if rule is None:
        raise NotFound
    return rule


def known(profile: str) -> str:
    """Return the profile's key. Raises NotFound."""
    if profile not in PROFILES:
        raise NotFound
    return profile
