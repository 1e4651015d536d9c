"""Where the service keeps its data."""

from dataclasses import dataclass

from marshmallow.validate import Equal, Length, Regexp

from libs.service.settings.declaring import Secret, setting
from libs.service.settings.validators import http_url, over_tls, redis_address


@dataclass(frozen=True, kw_only=True)
class StoreSettings:
    """Where the service keeps its data."""

    dynamodb_region: str = setting(validate=Length(1), help="AWS region.")
    dynamodb_endpoint: str | None = setting(
        None, http_url, deployed=over_tls, help="URL of DynamoDB Local; AWS if absent."
    )
    table_prefix: str = setting(
        "polymacaron-",
        Regexp(r"[A-Za-z0-9_.-]{0,100}\Z"),
        deployed=Regexp(r"(?!local-|test-)", error="Is that of a local stack."),
        help="What tables and Redis keys start with: one for each stage.",
    )
    create_tables: bool = setting(
        False,
        deployed=Equal(
            False, error="Is for local stacks; elsewhere CloudFormation makes them (`make stacks`)."
        ),
        help="Create missing tables at start; for local stacks.",
    )
    redis_url: Secret | None = setting(
        None,
        redis_address,
        help="Redis: `redis://`, `rediss://` or `unix://`. Where requests are counted, needed by auth "
        "and by services with [limits](http.md#rate-limits); and the broker, if there is no other: "
        "services with tasks need one of the two.",
    )
