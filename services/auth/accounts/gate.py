"""How often strangers may ask for what costs us, or somebody else, something."""

from services.auth.accounts.models import canonical
from services.auth.throttle import Limits, Throttle, network


class Gate:
    """Lets requests of nobody in particular pass, so and so many from an address.

    Every method raises `TooManyRequests`, and counts the unknown as it counts the known.
    """

    def __init__(self, throttle: Throttle, limits: Limits) -> None:
        self._throttle = throttle
        self._limits = limits

    def sign_up(self, address: str) -> None:
        """Let somebody sign up: that costs a hash, and stores rows."""
        self._throttle.take(self._limits.sign_ups_by_address, network(address))

    def mail_of_sign_up(self, email: str) -> None:
        """Let the mail of a sign-up be sent; asked once it is known that there is one."""
        self._throttle.take(self._limits.mails_to_account, canonical(email))

    def mail(self, email: str, address: str) -> None:
        """Let somebody have a mail sent: nobody's mailbox is to be filled by it."""
        self._throttle.take(self._limits.mails_by_address, network(address))
        self._throttle.take(self._limits.mails_to_account, canonical(email))

    def link(self, address: str) -> None:
        """Let somebody use what stands in a mailed link."""
        self._throttle.take(self._limits.links_by_address, network(address))
