"""Texts with named places, such as "Hello, {name}": no logic, no attributes, no formats."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

_PLACE = re.compile(r"\{([a-z_]{1,30})\}")
# What was meant as a place: also with capitals, in Cyrillic, with blanks. It would be sent as it was typed.
# Two braces are meant for something else, and are words.
_MEANT = re.compile(r"(?<!\{)\{([ \u00a0]*[^\W\d]\w{0,29}[ \u00a0]*)\}")


def places(text: str) -> list[str]:
    """Return the names that a text asks for, in their order, each once."""
    return list(dict.fromkeys(_PLACE.findall(text)))


def unknown(text: str, known: Collection[str]) -> list[str]:
    """Return the names that a text asks for and nobody can fill."""
    return [name for name in dict.fromkeys(_MEANT.findall(text)) if name not in known]


def fill(
    text: str, values: Mapping[str, str], escape: Callable[[str], str] = lambda value: value
) -> str:
    """Put values into their places, once: what a value holds is never a place itself.

    A name without a value stays as it was typed.
    """
    return _PLACE.sub(
        lambda found: escape(values[found[1]]) if found[1] in values else found[0], text
    )
