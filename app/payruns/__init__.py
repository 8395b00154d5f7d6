"""Pay runs: everybody above the minimum on a date, without requests; their schedule and its calendar."""
