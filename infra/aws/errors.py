"""The exceptions a person who delivers is meant to read."""


class AwsError(Exception):
    """Something the reader can mend: the text says what is wrong and what to do, and holds no secret."""


class CredentialsError(AwsError):
    """Nobody is asking, or somebody AWS does not know, or who is of another account. Told in three lines.

    :param what: what is missing or wrong.
    :param mend: how that is mended.
    """

    def __init__(self, what: str, mend: str) -> None:
        super().__init__(
            f"{what}\n{mend}\nFor an account that nothing was set up in yet, begin with docs/production.md."
        )
