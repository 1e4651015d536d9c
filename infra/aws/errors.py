"""The one exception a person who delivers is meant to read."""


class AwsError(Exception):
    """Something the reader can mend: the text says what is wrong and what to do, and holds no secret."""
