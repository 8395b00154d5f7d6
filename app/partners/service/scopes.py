"""What a campaign is narrowed to, as people and programs name it, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _

from app.catalog import queries as catalog
from app.errors import DomainError, FieldError
from app.partners import queries
from app.partners.rules import fold_code
from app.programs import queries as programs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


def read_scopes(
    said: Mapping[str, Sequence[str]], shop_id: int | None = None
) -> dict[str, list[int]]:
    """Return our ids of what was named in a campaign's scopes.

    Products and categories by the shop's ids (of one shop, or of all), groups by name or id,
    partners by refcode. Only what is named is in the answer. Raises DomainError at the field of each unknown word.
    """
    readers: dict[str, Any] = {
        "products": lambda words: catalog.product_ids(words, shop_id),
        "categories": lambda words: catalog.category_ids(words, shop_id),
        "groups": _groups,
        "partners": _partners,
    }
    found, errors = {}, []
    for name, words in said.items():
        known: Mapping[str, list[int]] = readers[name](words)
        unknown = [word for word in words if not known.get(word)]
        if unknown:
            words_ = _("We do not know %(what)s.", what=", ".join(unknown[:5]))
            errors.append(FieldError(name, words_))
        found[name] = sorted({i for ids in known.values() for i in ids})
    if errors:
        raise DomainError("unknown_scope", _("Some of these are not known."), *errors)
    return found


def _groups(words: Iterable[str]) -> dict[str, list[int]]:
    return {word: [group.id] for word, group in programs.find_groups(words).items()}


def _partners(words: Sequence[str]) -> dict[str, list[int]]:
    known = queries.partner_of_code(words)
    found = {word: known.get(fold_code(word)) for word in words}
    return {word: [partner_id] for word, partner_id in found.items() if partner_id}


def written_scopes(offer: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return a campaign's scopes in the words by which they were named."""
    groups = {group.id: group.name for group in programs.all_groups()}
    cards = queries.cards(offer["partners"])
    return {
        "products": catalog.product_externals(offer["products"]),
        "categories": catalog.category_externals(offer["categories"]),
        "groups": [groups[i] for i in offer["groups"] if i in groups],
        "partners": [cards[i].refcode for i in offer["partners"] if i in cards],
    }
