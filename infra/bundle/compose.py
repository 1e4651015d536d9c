"""docker-compose.yml as Beanstalk runs it on each instance (Docker running on 64bit Amazon Linux 2023)."""

from typing import Any, Literal

from infra.aws import names
from infra.aws.stage import Stage
from infra.bundle.capacity import limits
from infra.bundle.images import Images

Role = Literal["web", "worker"]
"""What an environment is for: requests (with workers beside them or not), or tasks alone."""

PORT = 8080
"""In the containers: who is not root may not listen on port 80."""
STOP_SECONDS = 25
"""APP_SHUTDOWN_DELAY_SECONDS (5) and APP_DRAIN_SECONDS (15), and a little more, as in docker-compose.yml."""
HEALTHD = "/var/log/nginx/healthd"
"""Where Beanstalk's health agent reads what was answered, on the host and in the container of the proxy."""


def containers(stage: Stage, service: str, role: Role) -> list[str]:
    """What runs on an instance of this role."""
    if role == "worker":
        return ["worker", "beat"]
    return ["web", *(["worker", "beat"] if stage.services[service].worker == "beside" else []), "proxy"]


def compose(stage: Stage, service: str, images: Images, role: Role) -> dict[str, Any]:
    """The compose file's content.

    Raises:
        AwsError: the instances of the service are too small, or of a kind that is not known.
    """
    parts = containers(stage, service, role)
    memory = limits(stage.services[service].instance_type, parts)
    group = names.log_group(service, stage.name)
    made: dict[str, Any] = {}
    for part in parts:
        of_its_own = _proxy(stage, images) if part == "proxy" else _process(stage, images, part)
        made[part] = {**of_its_own, **_confined(part, memory[part], group, stage.region)}
    return {"services": made}


def _process(stage: Stage, images: Images, command: str) -> dict[str, Any]:
    told: dict[str, Any] = {
        "image": images.service,
        "command": [command],
        # config/<stage>.yaml says the rest. Beanstalk writes the properties of an environment into .env, by
        # which an operator can change a setting without a build.
        "env_file": [{"path": ".env", "required": False}],
        "environment": {"APP_ENVIRONMENT": stage.name},
        "stop_grace_period": f"{STOP_SECONDS}s",
    }
    if command == "web":
        ready = [
            "python",
            "-I",
            "infra/image/healthcheck.py",
            "http",
            f"http://127.0.0.1:{PORT}/health/ready",
        ]
        told["healthcheck"] = {
            "test": ["CMD", *ready],
            "interval": "5s",
            "timeout": "10s",
            "retries": 3,
            "start_period": "90s",
        }
    return told


def _proxy(stage: Stage, images: Images) -> dict[str, Any]:
    return {
        "image": images.proxy,
        "environment": {
            "LISTEN": str(PORT),
            "UPSTREAM": f"web:{PORT}",
            "PROXIES": " ".join(stage.network.addresses),
            "HEALTHD": HEALTHD,
        },
        "depends_on": {"web": {"condition": "service_started"}},
        "ports": [f"80:{PORT}"],
        "volumes": [f"{HEALTHD}:{HEALTHD}"],
        "stop_grace_period": f"{STOP_SECONDS}s",
    }


def _confined(part: str, mebibytes: int, group: str, region: str) -> dict[str, Any]:
    """What no container is allowed, as in docker-compose.yml, and where its output goes."""
    return {
        "init": True,
        "read_only": True,
        "tmpfs": ["/tmp:size=64m"],  # noqa: S108
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
        "mem_limit": f"{mebibytes}m",
        "restart": "unless-stopped",
        "logging": {
            "driver": "awslogs",
            "options": {
                "awslogs-group": group,
                "awslogs-region": region,
                # A stream for each container: the name of the process, and the container's id.
                "tag": f"{part}/{{{{.ID}}}}",
                # CloudWatch that does not answer must not stop a process that writes to its log.
                "mode": "non-blocking",
                "max-buffer-size": "4m",
            },
        },
    }
