"""Y2: pgbench's TPC-B, four clients, on the same PostgreSQL."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import psycopg

from app.dev.database import with_database
from app.dev.problem import Problem
from bench.trial import Work

if TYPE_CHECKING:
    from bench.stage import Stage

NAME = "Y2 pgbench TPC-B, 4 clients"
DATABASE = "pgbench"
SCALES = {"full": 20, "small": 10}


class Pgbench:
    """The yardstick of everything that writes; its tables are made at the first run."""

    def __init__(self, stage: Stage) -> None:
        """Find the program; raises Problem where there is none."""
        beside = stage.postgres.bin / "pgbench"
        found = str(beside) if beside.exists() else shutil.which("pgbench")
        if found is None:
            raise Problem("pgbench is missing: it comes with PostgreSQL's server package.")
        self.program, self.stage = found, stage
        self.url = with_database(stage.superuser, DATABASE)

    def run(self, seconds: float) -> Work:
        """Run it for whole seconds."""
        self._prepare()
        with self.stage.measured() as spent:
            said = self._call("-n", "-c4", "-j1", f"-T{max(1, round(seconds))}")
        done = re.search(r"actually processed: (\d+)", said)
        rate = re.search(r"tps = ([\d.]+)", said)
        if done is None or rate is None:
            raise Problem(said)
        return Work(int(done[1]), int(done[1]) / float(rate[1]), spent.seconds)

    def _prepare(self) -> None:
        with psycopg.connect(self.stage.superuser, autocommit=True) as connection:
            known = "SELECT 1 FROM pg_database WHERE datname = %s"
            if connection.execute(known, (DATABASE,)).fetchone():
                return
            connection.execute(f"CREATE DATABASE {DATABASE}")
        self._call("-i", "-q", f"-s{SCALES[self.stage.scale]}")

    def _call(self, *options: str) -> str:
        command = [self.program, *options, self.url]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode:
            raise Problem(done.stderr)
        return done.stdout
