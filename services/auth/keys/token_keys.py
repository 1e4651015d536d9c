"""What access tokens are signed and verified with: the ring, or, on one box, one secret."""

import logging
from typing import Protocol, cast

import jwt
from botocore.exceptions import BotoCoreError
from pynamodb.exceptions import PynamoDBException

from libs.jwt import SharedSecret, Signer
from libs.jwt.keys import Algorithm
from libs.service import Secret, SettingsError
from services.auth.keys.ring import KeyRing
from services.auth.keys.sealing import WrongSecret

logger = logging.getLogger(__name__)


class _Settings(Protocol):
    @property
    def key_secret(self) -> Secret | None: ...
    @property
    def key_secret_before(self) -> Secret | None: ...
    @property
    def key_algorithm(self) -> str: ...
    @property
    def jwt_secret(self) -> Secret | None: ...
    @property
    def key_rotation_days(self) -> float: ...


class TokenKeys:
    """The keys of the service, whichever they are. It is a key set (`find`).

    :param keys: the ring, or the secret that all services of the box know.
    """

    def __init__(self, keys: KeyRing | SharedSecret) -> None:
        self._keys = keys

    @classmethod
    def of(cls, settings: _Settings) -> "TokenKeys":
        """Return the keys that the settings ask for.

        :raises LookupError: if they ask for none.
        :raises SettingsError: if they ask for a secret that opens keys, and there are none to open.
        """
        if settings.jwt_secret is not None:
            if settings.key_secret_before is not None:
                raise SettingsError("APP_KEY_SECRET_BEFORE: It does nothing beside APP_JWT_SECRET.")
            return cls(SharedSecret(settings.jwt_secret.reveal()))
        if settings.key_secret is None:
            raise LookupError("there is neither a secret to seal keys with, nor one to sign with")
        before = settings.key_secret_before
        return cls(
            KeyRing(
                settings.key_secret.reveal(),
                before=None if before is None else before.reveal(),
                rotation_days=settings.key_rotation_days,
                algorithm=cast(Algorithm, settings.key_algorithm),
            )
        )

    @property
    def ring(self) -> KeyRing | None:
        """The ring; None where one secret signs."""
        return self._keys if isinstance(self._keys, KeyRing) else None

    def signer(self) -> Signer:
        """Return what to sign with now.

        :raises WrongSecret: if the keys of the ring were sealed with another secret.
        """
        return self._keys.signer() if isinstance(self._keys, KeyRing) else self._keys

    def find(self, kid: str) -> jwt.PyJWK | None:
        """Return the key to verify with that is named `kid`, or None if there is none."""
        return self._keys.find(kid)

    def jwks(self) -> list[dict[str, str]]:
        """Return the public keys (RFC 7517); one secret is none of them."""
        return self._keys.jwks() if isinstance(self._keys, KeyRing) else []

    def ready(self) -> None:
        """:raises WrongSecret: if the keys of the ring were sealed with another secret."""
        if isinstance(self._keys, KeyRing):
            self._keys.ready()


def check_secret(settings: _Settings) -> None:
    """Read the keys, and make the first one, before a process starts.

    A database that is away stops nothing: the process waits for it, as it does for all other tables.

    :raises SettingsError: if the stored keys were sealed with another APP_KEY_SECRET.
    """
    try:
        TokenKeys.of(settings).ready()
    except WrongSecret:
        raise SettingsError(
            "APP_KEY_SECRET: The stored keys were sealed with another one. Give that, here or as "
            "APP_KEY_SECRET_BEFORE; or delete the table of keys, and with it all tokens."
        ) from None
    except (PynamoDBException, BotoCoreError) as error:
        logger.warning("cannot read the keys", extra={"error": type(error).__name__})
