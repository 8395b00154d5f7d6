"""What stops bin/dev, said in one sentence."""


class Problem(Exception):
    """Something the person at the keyboard can mend; the message is the whole explanation."""
