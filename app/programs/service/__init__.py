"""Verbs on what partners earn: sets of terms, groups, campaigns, and the levels they all have."""

from __future__ import annotations

from app.programs.service.campaigns import (
    CampaignChanges,
    change_campaign,
    check_campaign,
    create_campaign,
    stop_campaign,
)
from app.programs.service.drafts import (
    OF_MERCHANT,
    bring_up,
    change_draft,
    changed_by,
    delete_draft,
    draft_terms,
    moved_since,
    publish_draft,
    standing,
    withdraw_draft,
)
from app.programs.service.groups import change_group, create_group
from app.programs.service.levels import (
    currency,
    rate_words,
    read_by_buyer,
    read_levels,
    read_rate,
    read_sum,
)
from app.programs.service.terms import (
    TermsChanges,
    change_terms,
    create_terms,
    found_base,
    label_of,
)

__all__ = [
    "OF_MERCHANT",
    "CampaignChanges",
    "TermsChanges",
    "bring_up",
    "change_campaign",
    "change_draft",
    "change_group",
    "change_terms",
    "changed_by",
    "check_campaign",
    "create_campaign",
    "create_group",
    "create_terms",
    "currency",
    "delete_draft",
    "draft_terms",
    "found_base",
    "label_of",
    "moved_since",
    "publish_draft",
    "rate_words",
    "read_by_buyer",
    "read_levels",
    "read_rate",
    "read_sum",
    "standing",
    "stop_campaign",
    "withdraw_draft",
]
