"""Documents for all partners of a period, and the zip of them, as long work."""

from __future__ import annotations

import io
import shutil
import tempfile
import zipfile
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app import clock
from app.documents import queries
from app.documents.rules import Kind
from app.documents.service.files import workbook
from app.documents.service.issuing import issue
from app.installation import settings
from app.runs import service as runs
from app.runs.rules import Step
from app.statements import queries as statements
from app.statements.rules import span_of
from app.tenancy import current_tenant
from app.tenants.queries import tenant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from app.documents.models import Document
    from app.runs.models import Run
    from app.statements.rules import Span

    Print = Callable[[Document, Document | None], bytes]

ISSUE, PACK = "documents.issue", "documents.pack"
KEPT = timedelta(days=7)  # packed documents; they can be packed again


def start_issue(kinds: Sequence[Kind], span: Span, locale: str) -> Run:
    """Begin to issue documents to all partners of a period. Raises Conflict while others are being issued."""
    said = {"kinds": [kind.value for kind in kinds], "locale": locale, **_written(span)}
    return runs.start(ISSUE, said, "apply", lane="documents")


def start_pack(span: Span) -> Run:
    """Begin to pack the documents of a period. Raises Conflict while others are being packed."""
    return runs.start(PACK, _written(span), "apply", lane=PACK)


def _written(span: Span) -> dict[str, str]:
    return {"first": span.first.isoformat(), "last": span.last.isoformat()}


def span_of_run(run: Run) -> Span:
    """Return the period that a run is about."""
    merchant, said = tenant(current_tenant()), run.parameters
    zone = merchant.timezone if merchant else "UTC"
    return span_of(date.fromisoformat(said["first"]), date.fromisoformat(said["last"]), zone)


def _issue_batch(run: Run, ids: Sequence[int]) -> Step:
    span, said = span_of_run(run), run.parameters
    made = {name: len(issue(Kind(name), span, ids, said["locale"])) for name in said["kinds"]}
    return Step(ids[-1], len(ids), {"issued": sum(made.values()), "by_kind": made})


def _pack_batch(printed: Print, run: Run, ids: Sequence[int]) -> Step:
    """Write a batch as a zip of its own under its cursor: made twice, it is the same file."""
    found = queries.some(ids)
    replaced = queries.replaced(document for document, _refcode in found)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as made:
        for document, refcode in found:
            name, former = name_of(document, refcode), replaced.get(document.replaces_id or 0)
            made.writestr(f"{name}.html", printed(document, former))
            made.writestr(f"{name}.xlsx", workbook(document))
    folder = folder_of(run.public_id)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".new-", delete=False) as part:
        part.write(packed.getvalue())
    Path(part.name).replace(folder / f"{ids[-1]:020}.zip")
    return Step(ids[-1], len(ids), {"packed": len(ids)})


def name_of(document: Document, refcode: str) -> str:
    """Return the name of a document in the zip, without its end: kind, number and the partner's code."""
    safe = "".join(c if c.isalnum() or c in "-_" else "_" for c in refcode)
    return f"{document.kind}-{document.year}-{document.number:06}-{safe}"


def folder_of(run: str) -> Path:
    """Return where the tenant's packed documents of a run are."""
    return settings().var_dir.absolute() / "documents" / str(current_tenant()) / run


def packed(run: Run) -> Iterator[bytes]:
    """Give the zip of a finished run piece by piece, put together of its batches' zips."""
    out = _Pieces()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as whole:
        for path in sorted(folder_of(run.public_id).glob("*.zip")):
            with zipfile.ZipFile(path) as part:
                for each in part.infolist():
                    whole.writestr(each.filename, part.read(each))
                    yield out.take()
    yield out.take()


class _Pieces(io.RawIOBase):
    """A file that is written in one direction and read as it grows."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        """A zip asks."""
        return True

    def write(self, data: Any) -> int:
        """Keep a piece until it is taken."""
        self._pieces.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        """Return what was written since."""
        taken, self._pieces = b"".join(self._pieces), []
        return taken


def is_kept(run: Run) -> bool:
    """Whether the packed documents are still there."""
    return any(folder_of(run.public_id).glob("*.zip"))


def prune() -> None:
    """Throw away packed documents of past weeks: they hold people's names, and can be packed again."""
    folder = settings().var_dir.absolute() / "documents" / str(current_tenant())
    oldest = (clock.wall() - KEPT).timestamp()
    for each in folder.glob("*") if folder.is_dir() else ():
        if each.stat().st_mtime < oldest:
            shutil.rmtree(each, ignore_errors=True)


def _count_of(number: Callable[[Span], int]) -> Callable[[Run], int]:
    return lambda run: number(span_of_run(run))


def _take_of(take: Callable[[Span, int, int], Sequence[int]]) -> Callable[..., Sequence[int]]:
    return lambda run, cursor, most: take(span_of_run(run), cursor, most)


def kinds(printed: Print) -> dict[str, runs.Kind]:
    """Return how documents are issued and packed; `printed` makes a document's page, as people read it."""
    return {
        ISSUE: runs.Kind(
            count=_count_of(statements.number_with_account),
            take=_take_of(statements.with_account),
            apply=_issue_batch,
        ),
        PACK: runs.Kind(
            count=_count_of(queries.number_to_pack),
            take=_take_of(queries.to_pack),
            apply=partial(_pack_batch, printed),
        ),
    }
