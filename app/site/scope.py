"""A request's tenant and actor: opened at the door, closed when the answer is on its way."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

from flask import g, request
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import BadRequest, NotFound

from app import clock
from app.events.service import acting_as
from app.extensions import db
from app.tenancy import PLATFORM, tenant_scope

if TYPE_CHECKING:
    from flask import Flask

    from app.tenants.models import Tenant

BIGGEST = 2**63 - 1  # what a key's column holds


def enter_tenant(tenant: Tenant | None) -> None:
    """Work on this tenant's rows (the platform's, if None) until the request ends."""
    enter_id(PLATFORM if tenant is None else tenant.id)
    stand_in(tenant)


def enter_id(tenant_id: int) -> None:
    """Work on the rows of a tenant of which nothing else is known yet."""
    _stack().enter_context(tenant_scope(tenant_id))


def stand_in(tenant: Tenant | None) -> None:
    """Make the tenant whose rows these are the request's, and its time the request's time."""
    g.tenant = tenant
    if tenant is not None and tenant.clock_offset:
        _stack().enter_context(clock.offset_by(tenant.clock_offset))


def act_as(actor: str) -> None:
    """Name who acts until the request ends."""
    _stack().enter_context(acting_as(actor))


def init_app(app: Flask) -> None:
    """Close what a request opened, whatever became of it; refuse addresses that no column can hold."""

    @app.before_request
    def refuse_unstorable() -> None:
        given = (
            request.path,
            *request.args.keys(),
            *(v for vs in request.args.listvalues() for v in vs),
        )
        if any("\x00" in text for text in given):
            raise BadRequest
        numbers = (v for v in (request.view_args or {}).values() if isinstance(v, int))
        if any(number > BIGGEST for number in numbers):
            raise NotFound

    @app.teardown_request
    def leave(_error: BaseException | None) -> None:
        stack: ExitStack | None = g.pop("scope", None)
        if stack is not None:
            # What the view did is committed or rolled back by now; what was read since ends here.
            with suppress(SQLAlchemyError):
                db.session.rollback()
            stack.close()
        for name in list(
            g
        ):  # an application context may outlive its request: in tests and commands
            g.pop(name)


def _stack() -> ExitStack:
    if "scope" not in g:
        g.scope = ExitStack()
    stack: ExitStack = g.scope
    return stack
