"""The mails that users get. Each is plain text, and only two let somebody in."""

from textwrap import fill

from services.auth.mail import Mailer, Message


class Letters:
    """Writes and sends them.

    :param public_url: where this service is for whoever reads them, without a slash at the end.
    :param verified_only: whether nobody is let in whose e-mail is not verified.
    """

    def __init__(self, mailer: Mailer, public_url: str, *, verified_only: bool = True) -> None:
        self._mailer = mailer
        self._verified_only = verified_only
        self._public_url = public_url.rstrip("/")

    def verification(self, to: str, token: str) -> None:
        """Ask whether an address is that of whoever signed up with it."""
        link = f"{self._public_url}/auth/email/verify?token={token}"
        without = (
            "nobody can log in."
            if self._verified_only
            else "the account with your address is not known to be yours."
        )
        self._send(
            to,
            "Confirm your e-mail address",
            "Somebody, probably you, has signed up with this e-mail address. To confirm it, open this page "
            "within 24 hours:",
            link,
            f"If it was not you, do nothing: without it {without}",
        )

    def signed_up_already(self, to: str, *, key: str) -> None:
        """Tell the owner of an account that somebody wanted to sign up with its address.

        :param key: the `Message.key` of this one.
        """
        self._send(
            to,
            "You have an account already",
            "Somebody, probably you, has tried to sign up with this e-mail address. There is an account with "
            "it: log in with your password, or ask for a new one if you have forgotten it.",
            None,
            "If it was not you, there is nothing you need to do: nothing has changed.",
            key,
        )

    def reset(self, to: str, token: str) -> None:
        """Let somebody choose a new password."""
        link = f"{self._public_url}/auth/password/reset?token={token}"
        self._send(
            to,
            "Choose a new password",
            "Somebody, probably you, has asked for a new password for your account. To choose one, open this "
            "page within 30 minutes:",
            link,
            "If it was not you, do nothing: your password stays as it is.",
        )

    def password_changed(self, to: str, *, key: str) -> None:
        """Tell the owner of an account that its password is another one now.

        :param key: the `Message.key` of this one.
        """
        self._send(
            to,
            "Your password was changed",
            "The password of your account was changed, and other sessions were ended.",
            None,
            "If it was not you, ask for a new password at once.",
            key,
        )

    def _send(
        self, to: str, subject: str, what: str, link: str | None, if_not: str, key: str | None = None
    ) -> None:
        paragraphs = [fill(what, 76), *([link] if link else []), fill(if_not, 76)]
        self._mailer.send(Message(to, subject, "\n\n".join(paragraphs) + "\n", link, key))
