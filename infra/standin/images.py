"""What ECR says about images: where docker finds them, with what token, and what a scan has found."""

import base64
import json
import re
import secrets
import time
from typing import Any

from werkzeug.wrappers import Request, Response

from infra.standin.front import Call

TOKEN_SECONDS = 12 * 3600
_ADDRESS = re.compile(rb"(https://)?[0-9]{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com")


class Images:
    """Answers the calls of ECR that moto answers otherwise than AWS, or leads to AWS.

    :ivar tokens: passwords that docker may come with.
    """

    def __init__(self) -> None:
        self.registry = ""
        """host:port, as docker knows it."""
        self.tokens: set[str] = set()
        self._findings: dict[str, dict[str, int]] = {}

    def find(self, repository: str, **severities: int) -> None:
        """Have scans of a repository's images find something from now on: ``HIGH=2``."""
        self._findings[repository] = severities

    def token(self) -> str:
        """Give out a password for the registry; the user is AWS."""
        token = secrets.token_urlsafe(32)
        self.tokens.add(token)
        return token

    def answer(self, call: Call, request: Request) -> Response | None:
        """Answer a call, or leave it to moto."""
        asked: dict[str, Any] = request.get_json(force=True, silent=True) or {}
        if call.action == "GetAuthorizationToken":
            data = {
                "authorizationToken": base64.b64encode(f"AWS:{self.token()}".encode()).decode(),
                "expiresAt": time.time() + TOKEN_SECONDS,
                "proxyEndpoint": f"http://{self.registry}",
            }
            return _json({"authorizationData": [data]})
        if call.action == "DescribeImageScanFindings":
            return _json(self._scan(asked))
        return None

    def rewrite(self, body: bytes) -> bytes:
        """Have repositories be where ours is."""

        def ours(found: re.Match[bytes]) -> bytes:
            return (b"http://" if found[1] else b"") + self.registry.encode()

        return _ADDRESS.sub(ours, body)

    def _scan(self, asked: dict[str, Any]) -> dict[str, Any]:
        found = self._findings.get(asked["repositoryName"], {})
        return {
            "registryId": asked.get("registryId"),
            "repositoryName": asked["repositoryName"],
            "imageId": asked["imageId"],
            "imageScanStatus": {"status": "COMPLETE", "description": "The scan was completed successfully."},
            "imageScanFindings": {
                "imageScanCompletedAt": time.time(),
                "vulnerabilitySourceUpdatedAt": time.time(),
                "findings": [
                    {"name": f"CVE-2000-{number:04}", "severity": severity, "uri": "https://example.com"}
                    for severity, count in found.items()
                    for number in range(count)
                ],
                "findingSeverityCounts": found,
            },
        }


def _json(told: dict[str, Any]) -> Response:
    return Response(json.dumps(told), content_type="application/x-amz-json-1.1")
