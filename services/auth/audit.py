"""What an auditor asks for later: who got in, was refused, or changed what somebody may do.

One line each, by a logger of its own, so that a deployment can keep them apart, and longer than others.
"""

import logging

logger = logging.getLogger("services.auth.audit")
logger.setLevel(logging.INFO)  # of its own: it is written whatever APP_LOG_LEVEL lets through

OPERATOR = "operator"
"""`by` of what is done with a command: whoever can run it has no account here."""


def audit(
    event: str, *, user: str | None = None, by: str | None = None, address: str | None = None, **told: object
) -> None:
    """Log that something has happened.

    :param event: what, in words that never change: they are searched for.
    :param user: the id of the account it happened to; None where there is none, as for an unknown e-mail.
    :param by: who did it: a user's id, or `OPERATOR`; None for the user themself.
    :param address: the network address it came from.
    :param told: more of it: ids, kinds and reasons. Never a token, password, code or secret, nor an e-mail
        that no account has. None of these may be called as what a log record has already (``name``,
        ``args``, ``module`` …), which `logging` refuses.
    """
    known = {"user": user, "by": by, "address": address, **told}
    logger.info(event, extra={name: value for name, value in known.items() if value is not None})
