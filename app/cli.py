"""Commands of the operator and of bin/dev: `flask --app wsgi <command>`."""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click
from flask.cli import AppGroup
from sqlalchemy import select

from app import jobs
from app.errors import DomainError
from app.extensions import db
from app.identity import service as identity
from app.installation import settings
from app.ledger import checks
from app.ledger import service as ledger
from app.onboarding import demo
from app.onboarding.demo import scale as sizes
from app.proofs import service as proofs
from app.reruns import queries as reruns
from app.reruns import service as reruns_service
from app.runs.service import TOGETHER
from app.tenancy import PLATFORM, tenant_scope
from app.tenants import queries as tenant_queries
from app.tenants import service as tenants
from app.tenants.models import Tenant

if TYPE_CHECKING:
    from app.application import App

ROOT = Path(__file__).resolve().parent.parent


def init_app(app: App) -> None:
    """Register the commands, and migrations where commands are run."""
    if os.environ.get("FLASK_RUN_FROM_CLI"):
        # Alembic is eight megabytes of every process that imports it.
        from flask_migrate import Migrate  # noqa: PLC0415

        Migrate(app, db, directory=str(ROOT / "migrations"))
    app.cli.command("check")(check)
    app.cli.command("replay")(replay)
    app.cli.command("snapshots")(snapshots)
    app.cli.command("create-operator")(create_operator)
    app.cli.command("create-platform-key")(create_platform_key)
    app.cli.command("seed-demo")(seed_demo)
    bench = AppGroup("bench", help="Data to measure with.")
    bench.command("data")(bench_data)
    app.cli.add_command(bench)


def check() -> None:
    """Ask every invariant of the books; tell what does not hold and end with 1."""
    found = checks.broken()
    db.session.rollback()
    for broken in found:
        click.echo(str(broken), err=True)
    if found:
        sys.exit(1)
    click.echo(f"{len(checks.CHECKS)} invariants hold.")


@click.argument("slug")
def replay(slug: str) -> None:
    """Fold every order of the merchant SLUG anew, reconcile it, and tell what was posted: nothing, if all is well."""
    tenant = tenant_queries.by_slug(slug)
    db.session.rollback()
    if tenant is None:
        msg = f"There is no merchant {slug}."
        raise click.ClickException(msg)
    tenant_id, cursor, seen, refolded, posted = tenant.id, 0, 0, 0, 0
    while ids := jobs.in_transaction(partial(reruns.all_orders, cursor, TOGETHER), tenant_id):
        found = jobs.in_transaction(partial(reruns_service.replay, ids), tenant_id)
        cursor, seen, refolded = ids[-1], seen + len(ids), refolded + len(found.refolded)
        posted += len(found.posted)
        for posting in found.posted:
            click.echo(posting.reference, err=True)
        for order_id in found.refolded:
            click.echo(f"order:{order_id} stood otherwise than its messages say", err=True)
    click.echo(f"{seen} orders, {refolded} folded anew, {posted} posted.")
    if refolded or posted:
        sys.exit(1)


@click.option(
    "--anew", is_flag=True, help="Forget the old ones first: after a restore they mean nothing."
)
def snapshots(*, anew: bool) -> None:
    """Sum up the accounts that keep no running balance, so that reading them stays quick."""
    for tenant_id in db.session.scalars(select(Tenant.id)).all():
        with tenant_scope(tenant_id):
            if anew:
                ledger.forget_snapshots()
                proofs.forget_mark()
            ledger.take_snapshots()
            db.session.commit()


@click.argument("email")
@click.option("--name", default="Operator")
def create_operator(email: str, name: str) -> None:
    """Make EMAIL an operator of the platform and print a link, good for one use, that sets the password."""
    with tenant_scope(PLATFORM):
        try:
            person = identity.make_operator(email, name)
        except DomainError as error:
            raise click.ClickException(error.message) from error
        purpose = "reset" if person.password_hash else "invitation"
        link = identity.password_link(person.id, purpose)
        db.session.commit()
    click.echo(link)


@click.argument("name")
def create_platform_key(name: str) -> None:
    """Make an API key that opens merchants' accounts, and print it: it is told once."""
    with tenant_scope(PLATFORM):
        made = tenants.make_key(None, name, ["platform"], "platform")
        db.session.commit()
    click.echo(made.secret)


@click.option(
    "--write", type=click.Path(path_type=Path), required=True, help="Where the logins are told."
)
def seed_demo(write: Path) -> None:
    """Make what is missing of the demo: two merchants with ninety days of sales behind them."""
    os.nice(5)  # whoever looks at the first pages meanwhile goes first
    try:
        for line in demo.seed(write):
            click.echo(line)
    except demo.Unfit as error:
        raise click.ClickException(str(error)) from error


@click.option("--scale", type=click.Choice(list(sizes.SIZES)), default="small")
@click.option("--name", default="Scale", help="The merchant's name; the address begins with it.")
def bench_data(scale: str, name: str) -> None:
    """Make one more merchant with many partners, orders and clicks: a tenth of the full scale, unless said."""
    if settings().production:
        raise click.ClickException("Data made up for measurements are not for production.")
    for line in sizes.make(sizes.SIZES[scale], name):
        click.echo(line)
