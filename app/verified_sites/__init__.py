"""Sites that partners have proved to be theirs: visitors who come from there are theirs."""
