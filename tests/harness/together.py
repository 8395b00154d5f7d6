"""People who press at the same time, on a machine however busy."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from threading import Barrier, BrokenBarrierError
from typing import TYPE_CHECKING, TypeVar, cast

from sqlalchemy import Engine, create_engine

from app.extensions import db

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from app.application import App

PATIENCE = 60.0
Said = TypeVar("Said")


def together(
    acts: Sequence[Callable[[], Said]],
    ready: Callable[[], AbstractContextManager[object]] = nullcontext,
) -> list[Said]:
    """Run the acts from one moment on, each in a thread of its own; return what they return, in order.

    Each thread first enters `ready()`, so that what it holds it holds at the meeting. A thread that
    fails on the way there lets the others go, and its own error is raised: not that nobody met.
    """
    barrier = Barrier(len(acts), timeout=PATIENCE)

    def run(act: Callable[[], Said]) -> Said:
        with ExitStack() as held:
            try:
                held.enter_context(ready())
            except BaseException:
                barrier.abort()
                raise
            barrier.wait()
            return act()

    with ThreadPoolExecutor(len(acts)) as pool:
        running = [pool.submit(run, act) for act in acts]
    errors = [error for done in running if (error := done.exception()) is not None]
    for error in sorted(errors, key=lambda e: isinstance(e, BrokenBarrierError)):
        raise error
    return [done.result() for done in running]


@contextmanager
def room_for(app: App, people: int) -> Iterator[None]:
    """For a while the app has a pool with a place for each of so many.

    Its own has twenty, and whoever counted a click in this process keeps one of them for good.
    """
    with app.app_context():
        engines = cast("dict[str | None, Engine]", db.engines)
    usual = engines[None]
    engines[None] = create_engine(usual.url, pool_size=people + 1, pool_timeout=PATIENCE)
    try:
        yield
    finally:
        engines[None].dispose()
        engines[None] = usual
