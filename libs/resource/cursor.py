"""Where a page ended, for the client to hand back unread and unchanged."""

import hashlib

from itsdangerous import BadData, URLSafeSerializer

from libs.errors import Fault, InvalidParameters


class CursorSigner:
    """Make and read cursors.

    A cursor is good for one resource, one partition and one query only: all are part of what is signed, so
    neither another user's cursor nor that of another list is accepted.

    :param secret: at least 32 characters, the same for all processes of a service.
    """

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def sign(self, resource: str, partition: str, last_key: str, *, query: str = "") -> str:
        """Return the cursor of the page after `last_key`."""
        return str(self._serializer(resource, partition, query).dumps(last_key))

    def read(self, resource: str, partition: str, cursor: str, *, query: str = "") -> str:
        """Return the key that `cursor` was made of.

        :raises InvalidParameters: if it was not made here, for this resource, partition and query.
        """
        try:
            key = self._serializer(resource, partition, query).loads(cursor)
        except (BadData, UnicodeError):  # half a surrogate pair has no bytes to check
            key = None
        if not isinstance(key, str):
            fault = Fault("is not a cursor of this list", parameter="cursor")
            raise InvalidParameters(errors=[fault])
        return key

    def _serializer(self, resource: str, partition: str, query: str) -> URLSafeSerializer:
        # The separator stands neither in a resource's name nor in a digest, so no two lists share a salt.
        digest = hashlib.sha256(query.encode()).hexdigest()
        salt = f"cursor\x00{resource}\x00{digest}\x00{partition}"
        return URLSafeSerializer(self._secret, salt=salt, signer_kwargs={"digest_method": hashlib.sha256})
