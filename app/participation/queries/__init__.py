"""Reads of participation: the page and its questions, consents, applications, customers to convert."""

from __future__ import annotations

from app.participation.queries.consents import (
    agreed_to_letters,
    consents_of,
    current_texts,
    gate,
    history,
    owed_by,
    text_of,
)
from app.participation.queries.customers import (
    Fit,
    conversions,
    groups_known,
    rule,
    runs_listed,
    standing_of,
    standing_of_partner,
    touched,
    with_rules,
)
from app.participation.queries.page import (
    entry,
    link_by_code,
    link_counts,
    links,
    page,
    picture,
    question,
    questions,
)
from app.participation.queries.people import (
    admission,
    answers_of,
    decided_in,
    request_by,
    told,
    told_shortly,
    turned_away,
    turned_away_count,
)

__all__ = [
    "Fit",
    "admission",
    "agreed_to_letters",
    "answers_of",
    "consents_of",
    "conversions",
    "current_texts",
    "decided_in",
    "entry",
    "gate",
    "groups_known",
    "history",
    "link_by_code",
    "link_counts",
    "links",
    "owed_by",
    "page",
    "picture",
    "question",
    "questions",
    "request_by",
    "rule",
    "runs_listed",
    "standing_of",
    "standing_of_partner",
    "text_of",
    "told",
    "told_shortly",
    "touched",
    "turned_away",
    "turned_away_count",
    "with_rules",
]
