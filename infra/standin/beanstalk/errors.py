"""What Beanstalk refuses calls with, in its own words."""


class Refused(Exception):
    """An error that the caller is answered with.

    :param code: as AWS names it.
    :param status: of HTTP.
    """

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


def invalid(message: str) -> Refused:
    """A value that is in the way of what is asked for."""
    return Refused("InvalidParameterValue", message)


def combination(message: str) -> Refused:
    """Parameters that do not go together."""
    return Refused("InvalidParameterCombination", message)


def must_be_ready(environment: str) -> Refused:
    """What almost every call says to an environment that something is done to already."""
    return invalid(
        f"Environment named {environment} is in an invalid state for this operation. Must be Ready."
    )
