"""What stops bin/dev, said in one sentence."""


class Problem(Exception):  # noqa: N818 - it is read by a person, who has a problem, not an error
    """Something the person at the keyboard can mend; the message is the whole explanation."""
