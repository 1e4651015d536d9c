"""What the calls of an account work on."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from infra.standin.beanstalk.errors import combination, invalid
from infra.standin.beanstalk.estate import Estate
from infra.standin.beanstalk.life import Life
from infra.standin.bundles import BadBundle, Bundle

Asked = dict[str, Any]
Said = dict[str, Any] | None


@dataclass(frozen=True)
class Storage:
    """What Beanstalk does in S3, with rights of its own.

    :ivar read: returns what is in a bucket under a key; LookupError, with AWS's reason, if it cannot be had.
    :ivar write: keeps a text under a key, and returns the URL that it can be fetched from.
    """

    read: Callable[[str, str], bytes]
    write: Callable[[str, str], str]


@dataclass(frozen=True)
class Account:
    """What there is, what happens to it, and where bundles lie."""

    estate: Estate
    life: Life
    storage: Storage

    def bundle(self, application: str, label: str) -> Bundle:
        """Return the bundle of a version that is to be deployed.

        :raises Refused: InvalidParameterValue, if there is no such version, or none that can be deployed.
        """
        version = self.estate.version(application, label)
        if version.status in ("Processing", "Failed"):
            raise invalid(
                f"Application Version '{label}' is in state {version.status.upper()} and cannot be deployed."
            )
        if version.bundle is None:
            try:
                version.bundle = Bundle.read(self.content(version.bucket, version.key))
            except BadBundle as error:
                raise invalid(
                    f"Source bundle of {label} has issues that would cause the deployment to fail: {error}"
                ) from None
        return version.bundle

    def content(self, bucket: str, key: str) -> bytes:
        """Return what lies in S3.

        :raises Refused: InvalidParameterCombination, if it cannot be had.
        """
        try:
            return self.storage.read(bucket, key)
        except LookupError as error:
            raise combination(
                f"Unable to download from S3 location (Bucket: {bucket}  Key: {key}). Reason: {error.args[0]}"
            ) from None
