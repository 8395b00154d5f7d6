"""What is wrong with a rule: named, with its place, in words for the catalogues."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from app.profiles.rules.words import N_

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.profiles.rules.words import Words

MESSAGES = {
    "not_an_object": N_("An object is expected here."),
    "not_a_list": N_("A list is expected here."),
    "unknown_key": N_("Nothing of the name %(name)s belongs here."),
    "missing": N_("%(name)s is missing."),
    "unknown_schema": N_("Only rules of schema 1 are read."),
    "unknown_profile": N_("There is no profile %(name)s."),
    "unknown_trigger": N_("There is no trigger %(name)s."),
    "foreign_trigger": N_("The trigger %(name)s belongs to another profile."),
    "unknown_node": N_("A condition is a fact, or a group of conditions."),
    "empty_group": N_("A group needs at least one condition."),
    "too_deep": N_("At most %(most)s groups stand inside one another."),
    "too_many_leaves": N_("At most %(most)s conditions fit into a rule."),
    "too_many_effects": N_("At most %(most)s effects fit into a rule."),
    "unknown_fact": N_("There is no fact %(name)s."),
    "wrong_scope": N_("The fact %(name)s cannot be asked here."),
    "wrong_operator": N_("The fact %(name)s cannot be compared so."),
    "wrong_value": N_("The value does not fit."),
    "no_window": N_("The fact %(name)s is not counted over days."),
    "unknown_effect": N_("There is no effect %(name)s."),
    "no_lines": N_("Say which goods match."),
    "staff_by_mail": N_("Staff are told by e-mail."),
    "rule_window": N_("The rule would end before it begins."),
    # What a draft may have, and a published rule may not.
    "fact_not_known_then": N_("The fact %(name)s is not known when this happens."),
    "effect_not_then": N_("The effect %(name)s does not fit what happens."),
    "no_effects": N_("A rule needs at least one effect."),
    "never_so": N_("This can never be so: the conditions on %(name)s exclude one another."),
    "no_metric": N_("Nobody counts an achievement %(name)s here."),
    "other_metric": N_(
        "A sum of purchases is asked by the sum, a number of orders or friends by the number."
    ),
    # What it names, and nobody knows.
    "no_product": N_("The shop has no product with the id %(name)s."),
    "no_category": N_("The shop has no category with the id %(name)s."),
    "no_group": N_("No customer of the shop is in the group %(name)s."),
    "no_list": N_("Nobody has subscribed to a mailing list %(name)s yet."),
    "no_rank": N_("There is no rank %(name)s."),
    "no_award": N_("There is no award %(name)s."),
    "no_owner": N_("There is no rights holder %(name)s."),
    "no_coupon": N_("There is no coupon %(name)s."),
    "no_template": N_("There is no message %(name)s."),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong; `path` as in effects.0.rate; `code` a key of MESSAGES."""

    path: str
    code: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def text(self, words: Words) -> str:
        """Say it in a language."""
        return words.gettext(MESSAGES[self.code], **self.values)


class RuleError(ValueError):
    """What was given is no rule; all that is wrong with it is told at once."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        """At least one problem."""
        super().__init__("; ".join(f"{each.path}: {each.code}" for each in problems))
        self.problems = tuple(problems)
