"""The App: a request is one transaction, run again when two transactions met."""

from __future__ import annotations

import logging
import random
import time
from io import BytesIO
from tempfile import SpooledTemporaryFile
from typing import IO, TYPE_CHECKING, Any, cast

from apiflask import APIFlask
from flask import g, request, session
from flask.sessions import SecureCookieSessionInterface
from htmx_flask.requests import HtmxAwareRequest
from psycopg.errors import DeadlockDetected, SerializationFailure
from sqlalchemy.exc import DBAPIError

from app.errors import Retry
from app.extensions import db
from app.installation import settings

if TYPE_CHECKING:
    from flask import Flask, Response
    from flask.sessions import SessionMixin
    from flask.typing import ResponseReturnValue

log = logging.getLogger(__name__)
TRIES = 5
IN_MEMORY = 500 * 1024  # bytes of a form


class Sessions(SecureCookieSessionInterface):
    """Browsers' sessions, left alone by answers that caches keep for everybody (`g.for_everybody`)."""

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Write the cookie and say that the answer depends on it, unless it does not."""
        if not g.get("for_everybody"):
            super().save_session(app, session, response)


class Request(HtmxAwareRequest):  # type: ignore[misc]  # the library says no types
    """A call whose forms' larger files are put beside the product's own, where there is room for them."""

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,  # noqa: ARG002 - werkzeug's own signature
        filename: str | None = None,  # noqa: ARG002
        content_length: int | None = None,  # noqa: ARG002
    ) -> IO[bytes]:
        if total_content_length is not None and total_content_length <= IN_MEMORY:
            return BytesIO()
        found = SpooledTemporaryFile(  # noqa: SIM115 - closed with the call
            max_size=IN_MEMORY, mode="rb+", dir=str(settings().var_dir)
        )
        return cast("IO[bytes]", found)


class App(APIFlask):
    """APIFlask whose views run in one transaction: committed below 400, rolled back from there on."""

    session_interface = Sessions()

    def dispatch_request(self) -> ResponseReturnValue:
        """Run the view; commit before the answer is built, so that 200 means it is on disk."""
        for left in reversed(range(TRIES)):
            try:
                return self._in_transaction()
            except (Retry, DBAPIError) as error:
                if not left or not may_retry(error):
                    raise
                log.info("transactions met, running again: %s", error)
                time.sleep(random.uniform(0.001, 0.02))  # noqa: S311 - spreads the two apart
        raise AssertionError

    def _in_transaction(self) -> ResponseReturnValue:
        try:
            response = self.make_response(super().dispatch_request())
        except BaseException:
            self._undo()
            raise
        if response.status_code >= 400:
            db.session.rollback()
            return response
        try:
            db.session.commit()
        except BaseException:
            self._undo()
            raise
        return response

    def _undo(self) -> None:
        """Take back what the view did, in the browser's session too: it is asked again, or asks again."""
        db.session.rollback()
        if session.modified:
            kept = self.session_interface.open_session(self, request)
            session.clear()
            session.update(kept or {})


def may_retry(error: BaseException) -> bool:
    """True for what another run of the same transaction may mend."""
    if isinstance(error, Retry):
        return True
    cause: Any = getattr(error, "orig", None)
    return isinstance(cause, SerializationFailure | DeadlockDetected)
