"""The rule constructor's pure middle (SW13, SW14): what a rule is, whether it is met, what it gives.

words: marks for the catalogues; triggers, facts, effects: the registries; shape: a rule as values;
parse, tree, arguments, values: reading it strictly; checks: may it be published; answering, evaluating,
chain, stacking, rounding: what it makes of an event; due: what a customer's orders have earned; presets:
what switching a profile on publishes; schema, sentence, giving, document: what follows
from the registries.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from app.profiles.rules.checks import unfit
from app.profiles.rules.document import document
from app.profiles.rules.effects import EFFECTS
from app.profiles.rules.evaluating import evaluate
from app.profiles.rules.facts import FACTS
from app.profiles.rules.facts import find as find_fact
from app.profiles.rules.outcome import (
    Act,
    Applied,
    Evaluation,
    Facts,
    Goods,
    Owner,
    Recipient,
    Referrer,
    Share,
    Step,
)
from app.profiles.rules.parse import parse, write
from app.profiles.rules.problems import Problem, RuleError
from app.profiles.rules.schema import schema
from app.profiles.rules.sentence import condition, leaf_text, sentence, told
from app.profiles.rules.shape import (
    All,
    AnyOf,
    Cap,
    Effect,
    Leaf,
    Limits,
    Lines,
    Node,
    Not,
    Rule,
    Stacking,
    Window,
    leaves,
)
from app.profiles.rules.stacking import Run, Used, settle
from app.profiles.rules.triggers import PROFILES, TRIGGERS
from app.profiles.rules.words import English, Words

if TYPE_CHECKING:
    from typing import Any


def rule_hash(written: dict[str, Any]) -> str:
    """SHA-256 (hex) of a rule's one written form: equal rules have equal hashes."""
    text = json.dumps(written, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


__all__ = [
    "EFFECTS",
    "FACTS",
    "PROFILES",
    "TRIGGERS",
    "Act",
    "All",
    "AnyOf",
    "Applied",
    "Cap",
    "Effect",
    "English",
    "Evaluation",
    "Facts",
    "Goods",
    "Leaf",
    "Limits",
    "Lines",
    "Node",
    "Not",
    "Owner",
    "Problem",
    "Recipient",
    "Referrer",
    "Rule",
    "RuleError",
    "Run",
    "Share",
    "Stacking",
    "Step",
    "Used",
    "Window",
    "Words",
    "condition",
    "document",
    "evaluate",
    "find_fact",
    "leaf_text",
    "leaves",
    "parse",
    "rule_hash",
    "schema",
    "sentence",
    "settle",
    "told",
    "unfit",
    "write",
]
