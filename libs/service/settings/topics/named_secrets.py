"""Where secrets that are named `aws-secret:…` and `aws-parameter:…` are fetched."""

from dataclasses import dataclass

from libs.service.settings.declaring import setting
from libs.service.settings.validators import http_url, over_tls


@dataclass(frozen=True, kw_only=True)
class NamedSecretSettings:
    """Where secrets that are named `aws-secret:…` and `aws-parameter:…` are fetched."""

    secrets_region: str | None = setting(
        None,
        help="AWS region of [named secrets](#secrets) that are not named by an ARN; "
        "`dynamodb_region` if absent.",
    )
    secrets_endpoint: str | None = setting(
        None,
        http_url,
        deployed=over_tls,
        help="URL that stands in for Secrets Manager and SSM; AWS if absent.",
    )
