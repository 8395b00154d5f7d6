"""Verbs on campaigns: special rates from moment to moment, ending by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from flask_babel import gettext as _

from app import clock
from app.errors import Conflict, DomainError, FieldError
from app.events.service import actor, record
from app.extensions import db
from app.facts import service as facts
from app.programs import queries
from app.programs.models import Campaign
from app.programs.rules import SCOPES
from app.programs.service.levels import free_name, read_levels
from app.tenancy import public_id

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

MOST_SCOPED = 1000  # ids of one kind that a campaign may name


class CampaignChanges(TypedDict, total=False):
    """What may be said of a campaign; what is absent stays. Scopes are our ids, empty: all."""

    name: str
    levels: Sequence[str | None]
    starts_at: datetime | None  # None: now
    ends_at: datetime | None  # None: until it is stopped
    products: Sequence[int]
    categories: Sequence[int]
    groups: Sequence[int]
    partners: Sequence[int]


def create_campaign(**said: Unpack[CampaignChanges]) -> Campaign:
    """Make a campaign. One that begins in the past begins now: older orders keep what held.

    Raises DomainError for what cannot stand, Conflict for a taken name.
    """
    now = clock.now()
    offer = _offer(said, None, now)
    campaign = Campaign(
        public_id=public_id("ca"),
        name=free_name(Campaign, said.get("name", "")),
        starts_at=offer["starts_at"],
        ends_at=offer["ends_at"],
        created_at=now,
    )
    db.session.add(campaign)
    db.session.flush()
    facts.found(f"campaign:{campaign.id}", {"offer": _written(offer)}, actor())
    _tell("campaign.created", campaign, offer)
    return campaign


def change_campaign(campaign: Campaign, **said: Unpack[CampaignChanges]) -> Campaign:
    """Change what is given, from now on; orders made before keep what held then.

    Raises as create_campaign does, and Conflict for a campaign that is over.
    """
    now = clock.now()
    db.session.refresh(campaign, with_for_update=True)
    _refuse_over(campaign, now)
    offer = _offer(said, campaign, now)
    renamed = "name" in said and said["name"].strip() != campaign.name
    if renamed:
        campaign.name = free_name(Campaign, said["name"])
    changed = facts.put(f"campaign:{campaign.id}", "offer", _written(offer), actor=actor())
    if changed or renamed:
        campaign.starts_at, campaign.ends_at = offer["starts_at"], offer["ends_at"]
        _tell("campaign.changed", campaign, offer)
        db.session.flush()
    return campaign


def check_campaign(campaign: Campaign | None, **said: Unpack[CampaignChanges]) -> None:
    """Raise DomainError with everything that cannot stand in a new or changed campaign, name included."""
    errors: list[FieldError] = []
    try:
        _offer(said, campaign, clock.now())
    except DomainError as error:
        errors += error.errors
    if "name" in said and (campaign is None or said["name"].strip() != campaign.name):
        try:
            free_name(Campaign, said["name"])
        except DomainError as error:
            errors += error.errors
    if errors:
        raise DomainError("invalid_campaign", _("This campaign cannot stand as it is."), *errors)


def stop_campaign(campaign: Campaign) -> Campaign:
    """End a campaign now; one that has not begun never pays. Raises Conflict when it is over."""
    now = clock.now()
    db.session.refresh(campaign, with_for_update=True)
    _refuse_over(campaign, now)
    owner, offer = f"campaign:{campaign.id}", queries.offer_of(campaign)
    begun = campaign.starts_at < now
    ended = offer | {"to": now.isoformat()}
    facts.put(owner, "offer", ended if begun else None, actor=actor())
    campaign.stopped_at = now
    if begun:
        campaign.ends_at = now
    record("campaign.stopped", owner, name=campaign.name)
    db.session.flush()
    return campaign


def _refuse_over(campaign: Campaign, now: datetime) -> None:
    ended = campaign.ends_at is not None and campaign.ends_at <= now
    if ended or campaign.stopped_at is not None:
        raise Conflict("over", _("This campaign is over. Make another one."))


def _offer(said: CampaignChanges, campaign: Campaign | None, now: datetime) -> dict[str, Any]:
    before = queries.offer_of(campaign) if campaign else {}
    offer: dict[str, Any] = {
        name: said.get(name, before.get(name, ())) for name in ("levels", *SCOPES)
    }
    offer["levels"] = read_levels(offer["levels"])
    begun = campaign is not None and campaign.starts_at <= now
    starts = said.get("starts_at", campaign.starts_at if campaign else None)
    # What has begun keeps its beginning; what has not begins now at the earliest.
    offer["starts_at"] = campaign.starts_at if campaign and begun else max(starts or now, now)
    offer["ends_at"] = said.get("ends_at", campaign.ends_at if campaign else None)
    errors = []
    ends = offer["ends_at"]
    if ends is not None and (ends <= offer["starts_at"] or ends < now):
        errors.append(FieldError("to", _("The end is before the start, or has passed.")))
    if not offer["levels"]:
        errors.append(FieldError("levels", _("Give a rate for at least one level.")))
    for name in SCOPES:
        offer[name] = sorted(set(offer[name] or ()))
        if len(offer[name]) > MOST_SCOPED:
            errors.append(FieldError(name, _("At most %(most)s of a kind.", most=MOST_SCOPED)))
    if errors:
        raise DomainError("invalid_campaign", _("This campaign cannot stand as it is."), *errors)
    return offer


def _written(offer: dict[str, Any]) -> dict[str, Any]:
    """Return the offer as its dated fact keeps it."""
    ends = offer["ends_at"]
    times = {"from": offer["starts_at"].isoformat(), "to": ends.isoformat() if ends else None}
    return {name: offer[name] for name in ("levels", *SCOPES)} | times


def _tell(kind: str, campaign: Campaign, offer: dict[str, Any]) -> None:
    written = _written(offer)
    record(
        kind,
        f"campaign:{campaign.id}",
        name=campaign.name,
        levels=written["levels"],
        starts=written["from"],
        ends=written["to"],
    )
