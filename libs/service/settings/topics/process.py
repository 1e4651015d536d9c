"""What a process is, and how many of it there are."""

from dataclasses import dataclass

from marshmallow.validate import NoneOf, Range, Regexp

from libs.service.settings.declaring import setting
from libs.service.settings.validators import HOST


@dataclass(frozen=True, kw_only=True)
class ProcessSettings:
    """What a process is, and how many of it there are."""

    service: str = setting(
        validate=Regexp(r"[a-z][a-z0-9_]*\Z"),
        help="Which service this is: a folder in `services/`.",
    )
    environment: str = setting(
        validate=Regexp(r"[a-z][a-z0-9-]*\Z"),
        help="Which [file in config/](#files) it reads over `config/default.yaml`: `local`, `test`, "
        "`staging`, `live`, or another you add. All but `local` and `test` are "
        "[strict](#outside-of-development).",
    )
    version: str = setting(
        "dev",
        advised=NoneOf(["dev"], error="Nobody can tell what is running."),
        help="What `/version` tells.",
    )
    commit: str | None = setting(None, help="What `/version` tells, if given.")
    host: str = setting(
        "127.0.0.1", HOST, help="Address the web process listens on; the image sets `0.0.0.0`."
    )
    port: int = setting(8080, Range(1, 65535), help="Its port.")
    web_workers: int = setting(2, Range(1, 64), help="gunicorn processes.")
    web_threads: int = setting(8, Range(1, 256), help="Threads of each.")
    shutdown_delay_seconds: float = setting(
        5.0,
        Range(0, 600),
        help="How long a web process that was told to [stop](protection.md#stopping) serves all the same, "
        "only not ready: longer than your load balancer takes to see that. `0` where there is none.",
        unit="seconds",
    )
    drain_seconds: int = setting(
        15,
        Range(1, 3600),
        help="How long after that requests and tasks under way may go on; the time a container is "
        "given to stop must be longer than both.",
        unit="seconds",
    )
    alive_path: str | None = setting(
        None,
        help="A file that a living worker or beat touches, for health checks; the image sets `/tmp/alive`.",
    )
