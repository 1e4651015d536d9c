"""The one exception a person at the keyboard is meant to read."""


class LocalError(Exception):
    """Something the reader can mend: the text is one line that says what is wrong and what to do about it."""
