"""What an instance needs besides containers: files and commands, before Beanstalk starts the containers.

The platform is Amazon Linux 2023: it has systemd and the AWS CLI, and no cron.
"""

from typing import Any

from infra.aws.names import PROJECT
from infra.aws.stage import Stage
from infra.bundle.compose import HEALTHD, Role

PROXY_USER = 10001
"""Who the proxy runs as: infra/proxy/Dockerfile."""

TMPFILES = f"/etc/tmpfiles.d/{PROJECT}-healthd.conf"
CLEAN = "/etc/systemd/system/systemd-tmpfiles-clean.timer.d/hourly.conf"
HOP_LIMIT = f"/usr/local/bin/{PROJECT}-hop-limit"


def files(role: Role) -> dict[str, Any]:
    """The files of an instance, by their path."""
    made = {
        HOP_LIMIT: _file(_HOP_LIMIT, "000755"),
    }
    if role == "web":
        made[TMPFILES] = _file(
            "# Made at boot, for the proxy to write; what is older than two hours has been read.\n"
            f"d {HEALTHD} 0755 {PROXY_USER} {PROXY_USER} 2h\n"
        )
        made[CLEAN] = _file("[Timer]\nOnUnitActiveSec=1h\n")
    return made


def commands(stage: Stage, role: Role) -> dict[str, Any]:
    """What is run as root, in the order of names; one that fails ends the instance's start."""
    made = {"10-hop-limit": {"command": f"{HOP_LIMIT} {stage.region}"}}
    if role == "web":
        made["20-healthd"] = {"command": f"systemd-tmpfiles --create {TMPFILES}"}
        made["30-clean-hourly"] = {
            "command": "systemctl daemon-reload && systemctl restart systemd-tmpfiles-clean.timer"
        }
    return made


def _file(content: str, mode: str = "000644") -> dict[str, str]:
    return {"mode": mode, "owner": "root", "group": "root", "content": content}


# A container is one hop further from the metadata service than its host, and gets no credentials within one.
# Beanstalk has no option for it: https://github.com/aws/elastic-beanstalk-roadmap/issues/242. So an instance
# is to be allowed ec2:ModifyInstanceMetadataOptions on itself.
_HOP_LIMIT = """\
#!/bin/sh
# Let containers reach the metadata service, which gives them the role of the instance.
set -eu
metadata=http://169.254.169.254/latest
token=$(curl -sSf -m 10 -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' "$metadata/api/token")
instance=$(curl -sSf -m 10 -H "X-aws-ec2-metadata-token: $token" "$metadata/meta-data/instance-id")
aws ec2 modify-instance-metadata-options --region "$1" --instance-id "$instance" \\
    --http-tokens required --http-put-response-hop-limit 2 >/dev/null
"""
