"""bin/bench: measure what is asked for and say what it came to."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
from pathlib import Path

from app.dev.problem import Problem
from bench import report
from bench.registry import BENCHES, PARTS
from bench.stage import stage
from bench.trial import judge


def main() -> int:
    """Run the trials one after another; 1 when a truth is broken. Goals are told, not enforced."""
    asked = _arguments()
    names = asked.only.split(",") if asked.only else list(BENCHES)
    known = BENCHES | PARTS
    unknown = sorted(set(names) - set(known))
    if unknown:
        print(
            f"No such bench: {', '.join(unknown)}. There are: {', '.join(known)}.",
            file=sys.stderr,
        )
        return 2
    logging.getLogger().setLevel(logging.ERROR)
    results = []
    with stage(asked.scale) as ground:
        for name in names:
            for trial in known[name](ground):
                print(f"{trial.key} {trial.title} ...", file=sys.stderr, flush=True)
                results.append(judge(trial, asked.rounds, asked.seconds))
        commit = ground.commit_seconds()
    print(report.table(results))
    print(
        f"A commit took {commit * 1e3:.2f} ms; the load of the machine was {os.getloadavg()[0]:.1f}."
    )
    report.save(
        results, vars(asked) | {"json": str(asked.json), "commit_seconds": commit}, asked.json
    )
    return 1 if any(result.wrong for result in results) else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/bench", description=__doc__)
    parser.add_argument("--only", default="", help=f"some of: {','.join(BENCHES | PARTS)}")
    parser.add_argument("--rounds", type=int, default=5, help="pairs of runs")
    parser.add_argument("--seconds", type=float, default=3.0, help="length of a run")
    parser.add_argument("--scale", choices=("small", "full"), default="small")
    parser.add_argument("--json", type=Path, default=Path("var/bench.json"))
    return parser.parse_args()


if __name__ == "__main__":
    signal.signal(
        signal.SIGTERM, lambda _number, _frame: sys.exit(143)
    )  # the stage is cleared away
    try:
        sys.exit(main())
    except Problem as problem:
        print(problem, file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
