"""The registry, spoken to as docker does, and what ECR says of what was pushed."""

import base64
import hashlib
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from infra.aws import names
from infra.standin.aws import StandIn

KIND = "application/vnd.docker.distribution.manifest.v2+json"


def digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@pytest.fixture
def docker(standin: StandIn) -> Iterator[httpx.Client]:
    """A client with a token of ECR."""
    (data,) = standin.client("ecr").get_authorization_token()["authorizationData"]
    user, _, password = base64.b64decode(data["authorizationToken"]).decode().partition(":")
    with httpx.Client(base_url=data["proxyEndpoint"], auth=(user, password), trust_env=False) as client:
        yield client


def upload(docker: httpx.Client, repository: str, content: bytes) -> str:
    """Upload a blob in two chunks."""
    begun = docker.post(f"/v2/{repository}/blobs/uploads/")
    assert begun.status_code == 202
    half = len(content) // 2
    chunk = docker.patch(begun.headers["Location"], content=iter([content[:half]]))
    assert (chunk.status_code, chunk.headers["Range"]) == (202, f"0-{half - 1}")
    ended = docker.put(chunk.headers["Location"], params={"digest": digest(content)}, content=content[half:])
    assert ended.status_code == 201
    return digest(content)


def push(docker: httpx.Client, repository: str, tag: str, layer: bytes) -> httpx.Response:
    config = b'{"os": "linux"}'
    manifest = {
        "schemaVersion": 2,
        "mediaType": KIND,
        "config": {"digest": upload(docker, repository, config), "size": len(config)},
        "layers": [{"digest": upload(docker, repository, layer), "size": len(layer)}],
    }
    return docker.put(
        f"/v2/{repository}/manifests/{tag}",
        content=json.dumps(manifest).encode(),
        headers={"Content-Type": KIND},
    )


def test_what_is_pushed_can_be_pulled_and_stands_in_ecr(
    standin: StandIn, docker: httpx.Client, name: str
) -> None:
    repository, layer = names.repository("todos"), name.encode() * 100
    pushed = push(docker, repository, name, layer)
    assert pushed.status_code == 201
    ecr = standin.client("ecr")
    (image,) = ecr.describe_images(repositoryName=repository, imageIds=[{"imageTag": name}])["imageDetails"]
    assert image["imageDigest"] == pushed.headers["Docker-Content-Digest"]
    by_digest = docker.get(f"/v2/{repository}/manifests/{image['imageDigest']}")
    assert digest(by_digest.content) == image["imageDigest"]
    assert by_digest.headers["Content-Type"] == KIND
    assert (
        docker.head(f"/v2/{repository}/manifests/{name}").headers["Docker-Content-Digest"]
        == image["imageDigest"]
    )
    (blob,) = by_digest.json()["layers"]
    assert docker.head(f"/v2/{repository}/blobs/{blob['digest']}").headers["Content-Length"] == str(
        len(layer)
    )
    assert docker.get(f"/v2/{repository}/blobs/{blob['digest']}").content == layer


def test_a_tag_is_given_once(docker: httpx.Client, name: str) -> None:
    repository = names.repository("todos")
    assert push(docker, repository, name, b"one of them").status_code == 201
    assert push(docker, repository, name, b"one of them").status_code == 201
    again = push(docker, repository, name, b"another one")
    assert (again.status_code, again.json()["errors"][0]["code"]) == (400, "TAG_INVALID")


def test_a_blob_is_known_in_another_repository_once_it_is_mounted(docker: httpx.Client, name: str) -> None:
    blob = upload(docker, names.repository("todos"), name.encode())
    other = names.repository("auth")
    assert docker.head(f"/v2/{other}/blobs/{blob}").status_code == 404
    mounted = docker.post(
        f"/v2/{other}/blobs/uploads/", params={"mount": blob, "from": names.repository("todos")}
    )
    assert mounted.status_code == 201
    assert docker.head(f"/v2/{other}/blobs/{blob}").status_code == 200


def test_nothing_is_taken_that_is_not_what_it_says(docker: httpx.Client) -> None:
    repository = names.repository("todos")
    begun = docker.post(f"/v2/{repository}/blobs/uploads/").headers["Location"]
    wrong = docker.put(begun, params={"digest": digest(b"this")}, content=b"that")
    assert (wrong.status_code, wrong.json()["errors"][0]["code"]) == (400, "DIGEST_INVALID")
    unknown = {"schemaVersion": 2, "layers": [{"digest": digest(b"nobody has pushed it")}]}
    headers = {"Content-Type": KIND}
    refused = docker.put(
        f"/v2/{repository}/manifests/x", content=json.dumps(unknown).encode(), headers=headers
    )
    assert refused.json()["errors"][0]["code"] == "MANIFEST_BLOB_UNKNOWN"
    assert docker.get(f"/v2/{repository}/manifests/x").status_code == 404


def test_nobody_comes_in_without_a_token(standin: StandIn) -> None:
    for auth in (None, ("AWS", "a guess")):
        answer = httpx.get(f"http://{standin.registry}/v2/", auth=auth, trust_env=False)
        assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, 'Basic realm="ECR"')


def test_a_repository_has_to_be_made_first(docker: httpx.Client) -> None:
    answer = docker.post("/v2/polymacaron/other/blobs/uploads/")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (404, "NAME_UNKNOWN")


def test_repositories_lead_docker_here(standin: StandIn) -> None:
    found: dict[str, Any] = standin.client("ecr").describe_repositories(
        repositoryNames=[names.repository("todos")]
    )
    assert found["repositories"][0]["repositoryUri"] == f"{standin.registry}/{names.repository('todos')}"


def test_scans_find_what_a_test_says(standin: StandIn, docker: httpx.Client, name: str) -> None:
    repository = names.repository("profiles")
    push(docker, repository, name, name.encode())
    asked = {"repositoryName": repository, "imageId": {"imageTag": name}}
    ecr = standin.client("ecr")
    clean = ecr.describe_image_scan_findings(**asked)
    assert clean["imageScanStatus"]["status"] == "COMPLETE"
    assert clean["imageScanFindings"]["findingSeverityCounts"] == {}
    standin.images.find(repository, CRITICAL=1, LOW=2)
    found = ecr.describe_image_scan_findings(**asked)["imageScanFindings"]
    assert found["findingSeverityCounts"] == {"CRITICAL": 1, "LOW": 2}
    assert len(found["findings"]) == 3
    standin.images.find(repository)
