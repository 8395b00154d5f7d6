from datetime import UTC, datetime

import pytest

from app.facts.rules import Timeline

MAY, JUNE, JULY = (datetime(2026, month, 1, tzinfo=UTC) for month in (5, 6, 7))


def test_a_fact_reads_as_its_latest_row_by_then() -> None:
    rate = Timeline.of([(JULY, "5%"), (JUNE, "10%")])
    assert rate.at(JUNE) == "10%"
    assert rate.at(datetime(2026, 6, 30, tzinfo=UTC)) == "10%"
    assert rate.at(JULY) == "5%"


def test_what_is_older_than_the_owner_reads_the_first_row() -> None:
    assert Timeline.of([(JUNE, None), (JULY, 7)]).at(MAY) is None


def test_a_fact_without_rows_is_no_fact() -> None:
    with pytest.raises(ValueError, match="first row"):
        Timeline.of([])
