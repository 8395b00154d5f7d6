"""The public page: the merchant's marks, and the check of a statement file by whoever has one."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, Any

from flask import Blueprint, g, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.ledger.cabinet import NAMES
from app.ledger.rules import BUCKETS, sign
from app.proofs import queries, rules
from app.proofs.forms import FileForm
from app.proofs.models import Block
from app.site import attempts
from app.site.access import requires
from app.strict_json import BadJson, Unstorable, parse
from app.web.pages import page
from app.web.tables import Column, Empty, Table

if TYPE_CHECKING:
    from flask import Response

bp = Blueprint("proofs", __name__)

MARKS = Table(
    name="marks",
    caption=_l("Marks"),
    key=Block.number,
    default="-number",
    columns=(
        Column("number", _l("Number"), render="number", sort=Block.number, main=True),
        Column("sealed_at", _l("Sealed"), render="datetime"),
        Column("head", _l("Mark"), render="code"),
    ),
    empty=Empty(
        _l("Nothing is sealed yet"), _l("The first mark appears within a day."), "shield-lock"
    ),
    counted=False,
)
FORM = 64 * 1024  # what a form adds to its file


@bp.url_value_preprocessor
def take_file(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Let the page that takes a file take a larger body; said before anything reads the body."""
    if endpoint == "public.proofs.check":
        request.max_content_length = rules.MOST_BYTES + FORM


@bp.get("/<merchant>/proof")
@requires("anyone")
def marks() -> Response:
    """List the marks; whoever kept one can compare."""
    return _page(FileForm(formdata=None))


@bp.post("/<merchant>/proof")
@requires("anyone")
def check() -> Response:
    """Check a file: every line against its mark, and the mark against ours."""
    attempts.count_check()
    form = FileForm()
    if not form.validate_on_submit():
        return _page(form, status=422)
    try:
        document = parse(form.file.data.read())
        verdict = rules.verify(document)
    except (BadJson, Unstorable, rules.Malformed):
        form.complain("file", _("This is no statement file of ours."))
        return _page(form, status=422)
    ours = verdict.merchant == g.tenant.slug
    known = queries.head_of(verdict.number) if ours else None
    good = verdict.sound and known == verdict.head
    return page(
        "proofs/public/verdict.html",
        verdict=verdict,
        ours=ours,
        marked=known == verdict.head,
        gained=_gained(verdict) if good else [],
        period=_period(document) if good else None,
    )


def _gained(verdict: rules.Verdict) -> list[tuple[str, int, str]]:
    """Return what the file's lines moved on each of the partner's accounts, by the accounts' names."""
    found: Counter[tuple[str, str]] = Counter()
    for (account, currency), amount in verdict.sums.items():
        bucket = account.rpartition(":")[2]
        if account.startswith("partner:") and bucket in BUCKETS:
            found[bucket, currency] += amount * sign(account)
    order = list(BUCKETS)
    return [
        (str(NAMES[bucket]), amount, currency)
        for (bucket, currency), amount in sorted(found.items(), key=lambda e: order.index(e[0][0]))
    ]


def _period(document: Any) -> tuple[datetime, datetime] | None:
    moments = [datetime.fromisoformat(str(line["at"])) for line in rules.lines_of(document)]
    return (min(moments), max(moments)) if moments else None


def _page(form: FileForm, status: int = 200) -> Response:
    return page(
        "proofs/public/marks.html",
        "_table.html",
        status,
        marks=MARKS.load(queries.blocks()),
        form=form,
    )
