"""No sentence that people see stands outside the catalogues."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from app.web.locale import LOCALES
from tests.house import catalogs
from tests.house.tree import TEMPLATES, modules, name, parsed

if TYPE_CHECKING:
    from pathlib import Path

WORD = re.compile(r"[A-Za-zА-Яа-яЁё]{2,}")
SPOKEN = re.compile(
    r"""\b(title|placeholder|aria-label|alt|label)=(["'])([^"'{]*[A-Za-z]{2,}[^"'{]*)\2"""
)
# Names, units and samples that are the same in every language.
UNIVERSAL = re.compile(
    r"\b(Partnerka|CSV|XLSX|QR|API|URL|PNG|SVG|JSON|OpenAPI|HTTPS?|UTC|ID|WooCommerce|webhook|https?|sk_live|sk_test|"
    r"nbsp|mdash|ndash|middot|rarr|larr|times|hellip|laquo|raquo|amp|lt|gt|quot|copy|shy)\b"
)
# A capital, then at least one more word: what a macro is told to say.
TOLD = re.compile(
    r"""(?<!gettext\()(?<!_\()"""
    r"""(["'])([A-Z][a-z]+(?: [\w,'-]+)+[.?!]?)\1"""
)
IN_CONTEXT = re.compile(r"""pgettext\((["'])\w+\1, """)  # it says how a word is meant
DEVELOPERS = {"dev", "web"}  # pages of bin/dev, in the language of the code
# The public interface answers programmers, in English, as its documents do.
INTERFACE = re.compile(r"app/(\w+/(api|schemas)|site/(api|once)|intake/shops/\w+)\.py")
SPEAKERS = {"flash", "toast", "DomainError", "NotFound", "Conflict", "Forbidden", "ValidationError"}


def bare(template: str) -> str:
    """Return a page's text: no Jinja, no scripts or styles, no tags."""
    text = re.sub(r"\{% block (body_class|width) %\}.*?\{% endblock %\}", " ", template)
    text = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", " ", text, flags=re.DOTALL)
    text = re.sub(
        r"<(script|style|code|pre)\b.*?</\1>|<!--.*?-->|<[^>]*>|[\w-]+=\"[^\"]*\"",
        " ",
        text,
        flags=re.DOTALL,
    )
    return UNIVERSAL.sub(" ", text)


def pages() -> list[Path]:
    """Return the pages that people see."""
    found = sorted(TEMPLATES.rglob("*.html"))
    return [path for path in found if path.relative_to(TEMPLATES).parts[0] not in DEVELOPERS]


def test_pages_take_their_words_from_the_catalogues() -> None:
    told = []
    for path in pages():
        text = path.read_text()
        without_jinja = re.sub(r"\{#.*?#\}|\{%.*?%\}", " ", text, flags=re.DOTALL)
        words = WORD.findall(bare(text))
        words += [
            found[2]
            for found in SPOKEN.findall(without_jinja)
            if WORD.search(UNIVERSAL.sub("", found[2]))
        ]
        told += [f"{name(path)}: {word}" for word in words]
    assert not told


def test_macros_are_told_words_of_the_catalogues() -> None:
    told = []
    for path in pages():
        jinja = " ".join(re.findall(r"\{%.*?%\}|\{\{.*?\}\}", path.read_text(), re.DOTALL))
        told += [
            f"{name(path)}: {found[2]}"
            for found in TOLD.finditer(IN_CONTEXT.sub("gettext(", jinja))
        ]
    assert not told


def test_refusals_and_toasts_take_their_words_from_the_catalogues() -> None:
    told = []
    for path in modules():
        if INTERFACE.fullmatch(name(path)):
            continue
        for node in ast.walk(parsed(path)):
            if not isinstance(node, ast.Call):
                continue
            called = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if called not in SPEAKERS:
                continue
            for argument in [
                *node.args,
                *(k.value for k in node.keywords if k.arg in {"message", "text"}),
            ]:
                literal = argument.value if isinstance(argument, ast.Constant) else None
                if isinstance(literal, str) and " " in literal:
                    told.append(f"{name(path)}:{node.lineno} {literal}")
    assert not told


def test_catalogues_that_there_are_are_whole() -> None:
    known = [locale for locale in LOCALES if catalogs.catalogue(locale).exists()]
    assert not [fault for locale in known for fault in catalogs.faults(locale)]
