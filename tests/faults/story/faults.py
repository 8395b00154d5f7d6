"""What can go wrong in the middle of a step. Each fault heals itself; the story then goes on.

"In the middle" is no matter of luck: a table is held, so that whoever shall be hit stands in its
transaction, with what it has written and not committed, when the blow falls.
"""

from __future__ import annotations

import os
import signal
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from random import Random
from typing import TYPE_CHECKING

from app.dev.children import wait_until
from tests.faults.story.installation import PATIENCE, STEP

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.faults.story.installation import Installation
    from tests.faults.story.plot import Story
    from tests.faults.story.steps import Step

    Fault = Callable[[Installation, Story, Step], None]

WRITERS = 8


class People:
    """Those who act while something happens; whoever waits for them has the errors they met."""

    def __init__(self, pool: ThreadPoolExecutor, step: Step, story: Story) -> None:
        """Nobody begins yet."""
        self.pool, self.step, self.story = pool, step, story
        self.acts: list[Future[None]] = []

    def begin(self, number: int = 1) -> list[Future[None]]:
        """Let so many do the step."""
        self.acts += [self.pool.submit(self.step.act, self.story) for _ in range(number)]
        return self.acts


@contextmanager
def under_way(step: Step, story: Story) -> Iterator[People]:
    """Yield people who act when told; in the end they must have had their answers."""
    with ThreadPoolExecutor(WRITERS) as pool:
        people = People(pool, step, story)
        yield people
        for act in people.acts:
            act.result()


def web_dies_before_commit(place: Installation, story: Story, step: Step) -> None:
    """F1: the request was half done; the client asks again."""
    with under_way(step, story) as people:
        with place.held(step.writes):
            place.who_waits(step.writes, people.begin())
            place.web.kill()
        place.web.start()


def web_dies_after_commit(place: Installation, story: Story, step: Step) -> None:
    """F1: it was done, and the answer never came; the client asks again."""
    before = place.count(step.writes)
    with under_way(step, story) as people:
        people.begin()
        assert wait_until(lambda: place.count(step.writes) > before, PATIENCE, 0.01)
        place.web.kill()
        place.web.start()
    step.act(story)


def worker_and_job_die(place: Installation, story: Story, step: Step) -> None:
    """F2: nobody is left who knows of the job but the rows."""
    with under_way(step, story) as people:
        with place.held(step.works):
            place.who_waits(step.works, people.begin(), "worker")
            job = place.job()
            place.kill_worker()
            os.kill(job, signal.SIGKILL)
        place.worker.start()
        place.hurry()


def job_dies(place: Installation, story: Story, step: Step) -> None:
    """F3: the job alone dies; its worker goes on."""
    with under_way(step, story) as people:
        with place.held(step.works):
            place.who_waits(step.works, people.begin(), "worker")
            os.kill(place.job(), signal.SIGKILL)
        place.hurry()
    assert place.worker.running


def job_dies_at_the_mail_server(place: Installation, story: Story, step: Step) -> None:
    """F3: the job dies while it hands over a letter, whose lease it takes along."""
    place.mail.knocked.clear()
    place.mail.open.clear()
    try:
        with under_way(step, story) as people:
            people.begin()
            assert place.mail.knocked.wait(PATIENCE), place.worker.tail(20)
            os.kill(place.job(), signal.SIGKILL)
            place.mail.open.set()
    finally:
        place.mail.open.set()


def database_dies(place: Installation, story: Story, step: Step) -> None:
    """F4: the postmaster is killed under eight writers; nobody is restarted but itself."""
    with under_way(step, story) as people:
        with place.held(step.writes):
            place.who_waits(step.writes, people.begin(WRITERS if step.crowd else 1))
            place.kill_postgres()
        place.revive_postgres()


def backend_dies(place: Installation, story: Story, step: Step) -> None:
    """F5: one session's process is killed, and the postmaster ends all the others with it."""
    with under_way(step, story) as people:
        with place.held(step.writes) as lost:
            os.kill(place.who_waits(step.writes, people.begin()), signal.SIGKILL)
            assert wait_until(lost, PATIENCE, 0.01)
        assert wait_until(place.is_up, PATIENCE, STEP)


def redis_dies(place: Installation, story: Story, step: Step) -> None:
    """F6: what people do is done all the same; letters leave when Redis is back, or the schedule sends them."""
    place.kill_redis()
    try:
        step.act(story)
    finally:
        place.revive_redis()


def redis_is_flushed(place: Installation, story: Story, step: Step) -> None:
    """F7: every waiting call is forgotten, again and again."""
    with place.redis() as redis, under_way(step, story) as people:
        (act,) = people.begin()
        while not act.done():
            redis.flushall()
        redis.flushall()


def fifty_at_once(place: Installation, story: Story, step: Step) -> None:
    """F16: the shop sends one delivery fifty times, all at once."""
    with story.as_they_do(senders=50):
        step.act(story)


def out_of_order(place: Installation, story: Story, step: Step, dice: Random | None = None) -> None:
    """F17: completed may come before paid, and everything twice."""
    with story.as_they_do(shuffled=dice or Random(17)):  # noqa: S311 - so that a failure can be seen again
        step.act(story)


def forged(place: Installation, story: Story, step: Step) -> None:
    """F19: nine wrong signatures, empty and cut bodies, before the one that holds."""
    with story.as_they_do(forged=True):
        step.act(story)


def two_ask(place: Installation, story: Story, step: Step) -> None:
    """F20: a partner asks in two windows at once."""
    with story.as_they_do(askers=2):
        step.act(story)


def twenty_ask(place: Installation, story: Story, step: Step) -> None:
    """F20: in twenty."""
    with story.as_they_do(askers=20):
        step.act(story)


def all_decide_at_once(place: Installation, story: Story, step: Step) -> None:
    """F21: the merchant approves, the partner cancels and the shop takes goods back, at once."""
    with story.as_they_do(race=True):
        step.act(story)


def nothing(place: Installation, story: Story, step: Step) -> None:
    """F22 needs no blow: a return after the money was paid out is part of the story."""
    step.act(story)
