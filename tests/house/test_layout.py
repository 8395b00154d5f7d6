"""The shape of the house: fixed names, small files, imports at the top.

Blank lines do not count for the median.
"""

from __future__ import annotations

import ast
import re
import statistics
from typing import TYPE_CHECKING

from tests.house.tree import APP, ROOT, TEMPLATES, committed, modules, name, parsed, slices

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LARGEST_MODULE = 400
LARGEST_FUNCTION = 50
LARGEST_TEMPLATE = 120
MEDIAN_MODULE = 90
NAMES = {
    *("__init__", "rules", "models", "queries", "service", "forms", "schemas"),
    *("office", "cabinet", "public", "api", "platform"),
}
# A file with a name of its own, and why it is none of those above.
OWN_NAMES = {
    "attribution/clicks.py": "a WSGI function in front of Flask",
    "attribution/explain.py": "words for stored claims: no rule, and no page of its own",
    "commissions/explain.py": "words for a stored explanation: no rule, and no page of its own",
    "documents/prints.py": "documents are pages that travel",
    "intake/hooks.py": "a WSGI function in front of Flask",
    "profiles/explain.py": "words for what a rule saw and gave: no rule, and no page of its own",
    "ledger/checks.py": "the invariants, as queries with no rows",
    "ledger/checkout_checks.py": "those of what orders pay in bonuses and partner money",
    "verified_sites/probe.py": "the look at a stranger's server: an edge, as delivery is",
    "notifications/letters.py": "letters are pages that travel",
    "notifications/customers.py": "what messages to customers are filled with",
    "notifications/delivery.py": "the SMTP client's edge",
    "notifications/notes.py": "letters' short siblings, ready to be sent",
    "notifications/overtaken.py": "letters that say what is no longer so when they would leave",
    "notifications/view.py": "what the templates of messages may ask for",
    "notifications/words.py": "words that letters have for codes: no rule, and no form",
    "notifications/written.py": "letters whose words are the merchant's",
    "mailings/markup.py": "the edge of nh3 and css-inline",
    "sms/gateways.py": "the SMS services' edge",
    "telegram/botapi.py": "the Bot API's edge",
}
# Parts of a slice that may be folders: a name of the list above split up, or one of many kinds.
FOLDERS = NAMES | {"shops", "demo"}
# Slices whose rules count seconds and tries, never money.
NO_MONEY = {"notifications", "mailings", "identity", "webhooks"}
# Where one bad message, delivery or row must not end all others.
EDGES = {
    "app/calls/service.py",
    "app/jobs/joining.py",
    "app/jobs/bonuses.py",
    "app/jobs/books.py",
    "app/jobs/feeds.py",
    "app/jobs/figures.py",
    "app/jobs/long_work.py",
    "app/jobs/messages.py",
    "app/jobs/work.py",
    "app/jobs/orders.py",
    "app/jobs/telling.py",
    "app/jobs/postbacks.py",
    "app/jobs/webhooks.py",
    "app/jobs/shops.py",
    "app/jobs/settling.py",
    "app/jobs/sites.py",
    "app/jobs/reminders.py",
    "app/jobs/tree.py",
    "app/schedule.py",
    "app/application.py",
    "app/notifications/delivery.py",
    "worker.py",
}


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def lines(path: Path) -> int:
    return len(path.read_text().splitlines())


def test_files_of_a_slice_have_the_names_of_the_house() -> None:
    strange = []
    for folder in slices():
        for path in sorted(folder.rglob("*.py")):
            parts = path.relative_to(folder).parts
            inside = f"{folder.name}/{'/'.join(parts)}"
            known = (
                parts[0].removesuffix(".py") in NAMES if len(parts) == 1 else parts[0] in FOLDERS
            )
            if not known and inside not in OWN_NAMES:
                strange.append(inside)
    assert not strange


def test_no_file_is_called_util_or_helpers() -> None:
    forbidden = {"util", "utils", "helper", "helpers", "common", "misc"}
    python = [path for path in committed() if path.suffix == ".py"]
    assert not [name(path) for path in python if path.stem in forbidden]


def test_modules_are_small() -> None:
    sizes = {name(path): lines(path) for path in modules()}
    assert not {path: size for path, size in sizes.items() if size > LARGEST_MODULE}
    said = [sum(1 for line in path.read_text().splitlines() if line.strip()) for path in modules()]
    assert statistics.median(size for size in said if size) <= MEDIAN_MODULE


def test_functions_are_short() -> None:
    long = [
        f"{name(path)}:{node.lineno} {node.name}"
        for path in modules()
        for node in functions(parsed(path))
        if (node.end_lineno or 0) - node.lineno + 1 > LARGEST_FUNCTION
    ]
    assert not long


def test_templates_are_short() -> None:
    templates = (path for path in TEMPLATES.rglob("*") if path.is_file())
    assert not [name(path) for path in templates if lines(path) > LARGEST_TEMPLATE]


def test_own_modules_are_imported_at_the_top() -> None:
    hidden = []
    for path in modules():
        for function in functions(parsed(path)):
            for node in (n for n in ast.walk(function) if isinstance(n, ast.stmt)):
                own = isinstance(node, ast.ImportFrom) and (node.module or "").startswith("app")
                own |= isinstance(node, ast.Import) and node.names[0].name.startswith("app")
                if own:
                    hidden.append(f"{name(path)}:{node.lineno}")
    assert not hidden


def test_everything_is_caught_only_at_the_edges() -> None:
    caught = []
    for path in modules():
        handlers = (n for n in ast.walk(parsed(path)) if isinstance(n, ast.ExceptHandler))
        for node in handlers:
            named = node.type.id if isinstance(node.type, ast.Name) else ""
            broad = node.type is None or named in {"Exception", "BaseException"}
            if broad and name(path) not in EDGES:
                caught.append(f"{name(path)}:{node.lineno}")
    assert not caught


def test_no_float_is_near_money() -> None:
    money = re.compile(r"^(app/money\.py|app/ledger/.*|app/.*/rules(\.py|/.*))$")
    floats = []
    for path in modules():
        if not money.match(name(path)) or set(path.parts) & NO_MONEY:
            continue
        for node in (n for n in ast.walk(parsed(path)) if isinstance(n, ast.expr)):
            named = isinstance(node, ast.Name) and node.id == "float"
            written = isinstance(node, ast.Constant) and isinstance(node.value, float)
            if named or written:
                floats.append(f"{name(path)}:{node.lineno}")
    assert not floats


def test_services_never_commit() -> None:
    for path in APP.rglob("*.py"):
        if "service" in path.parts or path.stem in {"service", "queries", "rules"}:
            assert not re.search(r"\.(commit|rollback)\(\)", path.read_text()), name(path)


def test_queries_are_select_statements_not_model_query() -> None:
    found = [
        name(p)
        for p in modules()
        if re.search(r"\b[A-Z]\w+\.query\b|session\.query\(", p.read_text())
    ]
    assert not found


def test_doors_hold_no_sql() -> None:
    doors = {"office", "cabinet", "public", "api", "platform"}
    found = [
        name(path)
        for folder in slices()
        for path in folder.rglob("*.py")
        if path.stem in doors and re.search(r"\.execute\(|\.commit\(\)", path.read_text())
    ]
    assert not found


def test_a_test_is_never_skipped_and_never_sleeps() -> None:
    words = re.compile(r"pytest\.(skip|mark\.skip|mark\.xfail|xfail|importorskip)|time\.sleep\(")
    tests = (ROOT / "tests").rglob("test_*.py")
    assert not [
        name(path)
        for path in tests
        if words.search(path.read_text()) and path.stem != "test_layout"
    ]
