"""One question of speed: the product and its yardstick in turns, judged by the median of paired ratios."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bench.stage import Stage

SPREAD = 2.0  # a yardstick that swings wider says nothing


@dataclass(frozen=True)
class Work:
    """What was done in one run: units, wall seconds, and CPU seconds of all processes that took part."""

    units: int
    seconds: float
    cpu: float

    @property
    def rate(self) -> float:
        """Units a second."""
        return self.units / self.seconds

    @property
    def cost(self) -> float:
        """CPU microseconds of a unit."""
        return self.cpu * 1e6 / max(self.units, 1)


@dataclass(frozen=True)
class Trial:
    """`product` and `yardstick` run for about so many seconds; `truth` says what is wrong, if anything.

    A goal is a least ratio of rates; `at_most` turns it round (a size, a growth). Without a yardstick
    the product's own figure is the ratio.
    """

    key: str  # as in P1
    title: str
    unit: str
    goal: float
    product: Callable[[float], Work]
    yardstick: Callable[[float], Work] | None = None
    measure: str = ""  # the yardstick's name
    at_most: bool = False
    truth: Callable[[], str | None] = lambda: None


@dataclass
class Result:
    """What a trial came to."""

    trial: Trial
    ours: list[Work] = field(default_factory=list)
    theirs: list[Work] = field(default_factory=list)
    wrong: str | None = None

    @property
    def ratios(self) -> list[float]:
        """The ratio of each pair; the product's own figure where there is no yardstick."""
        if not self.theirs:
            return [work.rate for work in self.ours]
        return [mine.rate / other.rate for mine, other in zip(self.ours, self.theirs, strict=True)]

    @property
    def spread(self) -> float:
        """How wide the yardstick swung: its fastest run to its slowest."""
        rates = [work.rate for work in self.theirs]
        return max(rates) / min(rates) if rates else 1.0

    @property
    def verdict(self) -> str:
        """Return wrong, unsteady, met or missed."""
        if self.wrong:
            return "wrong"
        if self.spread > SPREAD:
            return "unsteady"
        middle = median(self.ratios)
        met = middle <= self.trial.goal if self.trial.at_most else middle >= self.trial.goal
        return "met" if met else "missed"

    def facts(self) -> dict[str, Any]:
        """Return all of it as JSON takes it."""
        return {
            "key": self.trial.key,
            "title": self.trial.title,
            "unit": self.trial.unit,
            "goal": self.trial.goal,
            "at_most": self.trial.at_most,
            "yardstick": self.trial.measure or None,
            "ratio": median(self.ratios),
            "ratios": self.ratios,
            "verdict": self.verdict,
            "wrong": self.wrong,
            "yardstick_spread": self.spread,
            "rate": median(w.rate for w in self.ours),
            "yardstick_rate": median(w.rate for w in self.theirs) if self.theirs else None,
            "cpu_us": median(w.cost for w in self.ours),
            "yardstick_cpu_us": median(w.cost for w in self.theirs) if self.theirs else None,
        }


Maker = Callable[["Stage"], list[Trial]]


def judge(trial: Trial, rounds: int, seconds: float) -> Result:
    """Warm both up, then run them A B, B A, A B ...; afterwards ask for the truth."""
    result = Result(trial)
    if trial.yardstick is None:
        result.ours = [trial.product(seconds) for _ in range(rounds)]
    else:
        trial.product(min(seconds, 1.0))
        trial.yardstick(min(seconds, 1.0))
        for number in range(rounds):
            pair = [(result.ours, trial.product), (result.theirs, trial.yardstick)]
            for works, run in pair if number % 2 == 0 else reversed(pair):
                works.append(run(seconds))
    result.wrong = trial.truth()
    return result
