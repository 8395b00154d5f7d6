"""Schemathesis over the whole document at a running server, all checks on; docs/adr/the-api-is-fuzzed.md says how."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema

if TYPE_CHECKING:
    from collections.abc import Mapping

    from schemathesis.core.failures import Failure
    from schemathesis.schemas import BaseSchema

PHASES = ("examples", "coverage", "fuzzing", "stateful")
# A sentence of the schema is not all that a sum, a day or a name must be: 422 is an answer to good form.
POSITIVE = ["2xx", "401", "403", "404", "409", "422", "429"]


@dataclass
class Found:
    """What a run found, and what it was answered."""

    failures: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    calls: set[str] = field(default_factory=set)

    def take(self, event: Any) -> None:
        """Add what an event of the engine tells."""
        if isinstance(event, events.NonFatalError | events.FatalError):
            self.errors.append(str(getattr(event, "info", event))[:1000])
        if not isinstance(event, events.ScenarioFinished):
            return
        for checks in event.recorder.checks.values():
            for each in checks:
                if each.failure_info is not None:
                    words = _words(each.failure_info.failure, each.failure_info.code_sample)
                    self.failures.append(f"{each.name} {words}")
        for case in event.recorder.cases.values():
            self.calls.add(case.value.operation.label)
        for one in event.recorder.interactions.values():
            if one.response is not None:
                self.statuses[one.response.status_code] += 1


def _words(failure: Failure, sample: str) -> str:
    return f"{failure.operation}: {failure.title}\n  {failure.message[:500]}\n  {sample[:700]}"


def run(
    url: str,
    keys: Mapping[str, str],
    ids: Mapping[tuple[str, str], str],
    examples: int,
    phases: tuple[str, ...] = PHASES,
) -> Found:
    """Search at a server. `keys`: the key by a part of the path, "" for all else; `ids`: of things that are there."""
    config = SchemathesisConfig.from_dict(
        {
            "seed": 8,
            "rate-limit": "120/s",  # of the 150 that a key may make in a second
            "headers": {"Authorization": f"Bearer {keys['']}"},
            "continue-on-failure": True,
            "generation": {"max-examples": examples, "deterministic": True, "database": "none"},
            "phases": {phase: {"enabled": phase in phases} for phase in PHASES},
            "checks": {"positive_data_acceptance": {"expected-statuses": POSITIVE}},
            "operations": [
                {"include-path-regex": path, "headers": {"Authorization": f"Bearer {key}"}}
                for path, key in keys.items()
                if path
            ],
        }
    )
    schema = schemathesis.openapi.from_url(f"{url}/api/v1/openapi.json", config=config)
    _lead_to_what_is_there(schema, ids)
    found = Found()
    for event in from_schema(schema).execute():
        found.take(event)
    return found


def _lead_to_what_is_there(schema: BaseSchema, ids: Mapping[tuple[str, str], str]) -> None:
    """More than half of the addresses that are made up get an id of something that is there."""

    @schema.hook
    def map_path_parameters(context: Any, path_parameters: Any) -> Any:
        chance = random.Random(repr(path_parameters)).random()  # noqa: S311 - the same each run
        if not path_parameters or chance > 0.6:
            return path_parameters
        noun = context.operation.path.removeprefix("/api/v1/").partition("/")[0]
        return {n: ids.get((noun, n), value) for n, value in path_parameters.items()}
