"""What the web process takes from clients and shows them."""

from dataclasses import dataclass

from marshmallow.validate import Equal, Range, Regexp

from libs.service.docs.menu import read_menu
from libs.service.protection.cors import read_origins
from libs.service.settings.declaring import setting
from libs.service.settings.validators import ANSWER_CHECK, http_url, over_tls, readable


@dataclass(frozen=True, kw_only=True)
class WebSettings:
    """What the web process takes from clients and shows them."""

    read_timeout_seconds: int = setting(
        10,
        Range(1, 300),
        help="A header has to be there within that time; 408 if not. A client silent for that long in the "
        "middle of a body, or that reads nothing of an answer for as long, loses its connection.",
        unit="seconds",
    )
    body_timeout_seconds: int = setting(
        60,
        Range(1, 3600),
        help="A body has to be there within that time, however much of it comes at once; 408 if not."
        " And an answer in one piece has to be read within it.",
        unit="seconds",
    )
    max_body_bytes: int = setting(
        1024 * 1024,
        Range(1024),
        help="Larger bodies are refused with 413.",
        unit="bytes",
    )
    trusted_proxies: int = setting(
        0,
        Range(0, 10),
        help="How many proxies of yours each request comes through: the client is told by the entry of "
        "`X-Forwarded-For` that the first of them has added. 1 behind a load balancer, 2 behind a "
        "CDN and a load balancer. Too high a number lets clients say who they are.",
    )
    validate_answers: str = setting(
        "off",
        ANSWER_CHECK,
        help="Check answers against the contract: `always` (tests, development), where a broken one "
        "becomes a 500, or a share of them such as `0.01`, where it is logged as an error and sent.",
    )
    rate_limits: bool = setting(
        True,
        advised=Equal(True, error="Anybody may call as often as they like."),
        help="Whether [limits of the contract](http.md#rate-limits) count; `off` for load tests.",
    )
    cors_origins: str | None = setting(
        None,
        readable(read_origins),
        deployed=Regexp(r"(?!.*http://)", error="Has to be https, each of them, outside of development."),
        help="The [origins](http.md#pages-of-other-sites) whose pages may call it from a browser: "
        "`https://app.example.com,http://localhost:3000`. None if absent.",
    )
    docs: bool = setting(True, help="Whether `/docs` [is there](docs-page.md); `off` makes it a 404.")
    docs_services: str | None = setting(
        None,
        readable(read_menu),
        help="The services of its menu: `auth=https://auth.example.com,todos=https://todos.example.com`.",
    )
    docs_login_url: str | None = setting(
        None,
        http_url,
        deployed=over_tls,
        help="Where its form sends e-mail and password: auth's `/auth/login`. No form if absent.",
    )
