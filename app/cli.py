"""Commands of the operator and of bin/dev: `flask --app wsgi <command>`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from app.extensions import db
from app.ledger import checks

if TYPE_CHECKING:
    from app.application import App


def init_app(app: App) -> None:
    """Register the commands."""
    app.cli.command("check")(check)


def check() -> None:
    """Ask every invariant of the books; tell what does not hold and end with 1."""
    found = checks.broken()
    db.session.rollback()
    for broken in found:
        click.echo(str(broken), err=True)
    if found:
        sys.exit(1)
    click.echo(f"{len(checks.CHECKS)} invariants hold.")
