"""How a command ends: what its exit code says, and the exception that carries it."""

from enum import IntEnum

from infra.aws.errors import AwsError


class Exit(IntEnum):
    """The exit codes. 1 is a fault of this program, told with its traceback."""

    meaning: str

    DONE = 0, "Done, or nothing was to do."
    USAGE = 2, "The command line is wrong."
    CREDENTIALS = 3, "AWS credentials are missing, not known to AWS, have expired, or are of another account."
    REFUSED = (
        4,
        "Something has to be put right first: the tree, the commit, the settings, a stack.",
    )
    LOCKED = 5, "Somebody else is at work at this service and stage."
    DISK_FULL = 6, "There is not enough room on this machine's disk."
    UNIT_TESTS = 7, "The unit tests fail."
    IMAGE = 8, "The image cannot be built or pushed."
    IMAGE_REJECTED = 9, "The acceptance tests fail against the image."
    FINDINGS = 10, "The scan of the image found what the stage does not let pass."
    ENVIRONMENT = 11, "The new environment did not become healthy. Clients noticed nothing."
    ENVIRONMENT_REJECTED = (
        12,
        "The acceptance tests fail against the new environment. Clients noticed nothing.",
    )
    SWAPPED_BACK = 13, "The new environment turned bad after the swap; clients are back at the one before."
    LOST_LOCK = 14, "The lock was lost in the middle; nothing was changed after that."
    DENIED = 15, "A permission is missing."
    AWS = 16, "AWS refused a call, or does not answer."
    STAYS_BAD = 17, "The new environment turned bad after the swap, and there is no good one to go back to."
    WORKERS_STAY = 18, "Clients are back at an earlier version, and its workers did not become healthy."
    INTERRUPTED = 130, "Interrupted (SIGINT, SIGTERM, SIGHUP)."

    def __new__(cls, code: int, meaning: str) -> "Exit":
        """An exit code with what it means."""
        made = int.__new__(cls, code)
        made._value_ = code
        made.meaning = meaning
        return made


class DeployError(AwsError):
    """Why a command ends before it is done, in one to three lines.

    :param exit_code: what the process says.
    """

    def __init__(self, exit_code: Exit, text: str) -> None:
        super().__init__(text)
        self.exit_code = exit_code


class Busy(DeployError):
    """AWS is throttling or does not answer: later it may. Who only waits for something, looks again."""

    def __init__(self, text: str) -> None:
        super().__init__(Exit.AWS, text)


class Interrupted(KeyboardInterrupt):
    """A signal asked the command to end."""
