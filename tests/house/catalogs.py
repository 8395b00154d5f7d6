"""Are the catalogues whole? `python -m tests.house.catalogs` says what is missing."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

from app.web.locale import LOCALES
from tests.house.tree import ROOT

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = "en"  # the language of the code: it needs no catalogue
KEYWORDS: dict[str, Any] = DEFAULT_KEYWORDS | {
    "_l": None,
    "lazy_gettext": None,
    "lazy_ngettext": (1, 2),
    "lazy_pgettext": ((1, "c"), 2),
}
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]|\{(\w+)\}")


def catalogue(locale: str) -> Path:
    """Return where a language's sentences are."""
    return ROOT / "translations" / locale / "LC_MESSAGES" / "messages.po"


def wanted() -> dict[tuple[str | None, str], tuple[str, ...]]:
    """Return every sentence of the product: {(context, singular): (singular, plural)}."""
    with (ROOT / "babel.cfg").open() as config:
        methods, options = parse_mapping_cfg(config)  # type: ignore[no-untyped-call]
    found = {}
    for top in ("app", "templates"):
        inside = [
            (pattern.partition("/")[2], how) for pattern, how in methods if pattern.startswith(top)
        ]
        kept = {pattern.partition("/")[2]: value for pattern, value in options.items()}
        for _file, _line, message, _comments, context in extract_from_dir(
            ROOT / top, inside, kept, keywords=KEYWORDS
        ):
            forms = message if isinstance(message, tuple) else (message,)
            found[context, forms[0]] = tuple(form for form in forms if form)
    return found


def faults(locale: str) -> list[str]:
    """Return what a language lacks: untranslated, doubtful, or with other placeholders than the source."""
    path = catalogue(locale)
    if not path.exists():
        return [f"{locale}: no catalogue"]
    with path.open("rb") as text:
        known = read_po(text, locale=locale)
    told = []
    for (context, singular), forms in wanted().items():
        message = known.get(singular, context)
        if message is None or message.fuzzy or not all(_strings(message.string)):
            told.append(f"{locale}: not translated: {singular!r}")
            continue
        told += [
            f"{locale}: other placeholders: {singular!r} -> {string!r}"
            for string in _strings(message.string)
            if not _placeholders(string) <= _placeholders(" ".join(forms))
        ]
        if len(forms) > 1 and len(_strings(message.string)) != known.num_plurals:
            told.append(f"{locale}: {known.num_plurals} plural forms are needed: {singular!r}")
    return told


def _strings(translated: Any) -> tuple[str, ...]:
    return tuple(translated) if isinstance(translated, tuple | list) else (translated or "",)


def _placeholders(string: str) -> set[str]:
    return {first or second for first, second in PLACEHOLDER.findall(string)}


def main() -> int:
    """Print the faults of every language that people can choose."""
    told = [fault for locale in LOCALES if locale != SOURCE for fault in faults(locale)]
    sys.stdout.write("\n".join(told) + "\n" if told else "")
    return 1 if told else 0


if __name__ == "__main__":
    raise SystemExit(main())
