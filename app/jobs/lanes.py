"""Work at other people's servers: each server a lane of its own, so that one that is slow or away holds up no other."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import current_app

from app.jobs.work import DRAIN, at_work, in_transaction
from app.tenancy import role

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from flask import Flask

AT_HAND = 40.0  # seconds of work in one go


@dataclass(frozen=True)
class Lanes:
    """How things that wait are done: `due` gives (tenant, server, thing), asked as partnerka_drain.

    `do` takes a tenant and a thing: True where it was done, False where the server is away or busy, None where
    there was nothing to do. `most` servers are spoken to at once, and each for `turn` seconds, until the others
    have had theirs.
    """

    due: Callable[[], Sequence[tuple[int, int, int]]]
    do: Callable[[int, int], bool | None]
    most: int
    turn: float

    def work(self) -> None:
        """Do what is due, until nothing is, or time is up; what servers that are away leave waits for the next go."""
        until, app = time.monotonic() + AT_HAND, this_app()
        with at_work():
            while time.monotonic() < until and (lanes := self._lanes()):
                with ThreadPoolExecutor(self.most) as pool:
                    done = list(
                        pool.map(
                            lambda lane: self._run(app, lane[0], lane[1], until), lanes.items()
                        )
                    )
                if not any(done):
                    return

    def _lanes(self) -> Mapping[tuple[int, int], list[int]]:
        lanes: dict[tuple[int, int], list[int]] = {}
        for tenant_id, server_id, thing_id in in_transaction(self._due):
            lanes.setdefault((tenant_id, server_id), []).append(thing_id)
        return lanes

    def _due(self) -> Sequence[tuple[int, int, int]]:
        with role(DRAIN):
            return self.due()

    def _run(self, app: Flask, whose: tuple[int, int], ids: Sequence[int], until: float) -> bool:
        """Do a server's things one after the other until it is away; tell whether any was done."""
        any_done, until = False, min(until, time.monotonic() + self.turn)
        with app.app_context():
            for each in ids:
                if time.monotonic() > until:
                    break
                done = self.do(whose[0], each)
                any_done = any_done or done is True
                if done is False:
                    break  # the others keep for the next go
        return any_done


def this_app() -> Flask:
    """Return the application itself, for threads that open contexts of their own."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined] # noqa: SLF001
    return app
