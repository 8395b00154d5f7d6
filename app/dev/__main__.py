"""`python -m app.dev`, which bin/dev calls once the environment is there."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

from app.dev.problem import Problem
from app.dev.run import Run
from app.dev.settings import Settings, alone

if TYPE_CHECKING:
    from types import FrameType

ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Ended(BaseException):
    """Somebody asked us to end."""


def main() -> int:
    """Run until told to end; 0 then, 1 with one sentence when something is in the way."""
    for sign in ENDINGS:
        signal.signal(sign, _end)
    try:
        settings = Settings.read(os.environ)
        with alone(settings.var_dir):
            run = Run(settings)
            try:
                run.up()
                run.watch()
            finally:
                for sign in ENDINGS:  # ending has begun: it is not to be interrupted
                    signal.signal(sign, signal.SIG_IGN)
                run.down()
    except Problem as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    except Ended:
        return 0
    return 0


def _end(_sign: int, _frame: FrameType | None) -> None:
    raise Ended


if __name__ == "__main__":
    raise SystemExit(main())
