"""A registry of images, as docker speaks to one: what is pushed here stands in ECR, too.

Source: https://github.com/opencontainers/distribution-spec/blob/main/spec.md. It is at 127.0.0.1, which
docker asks for no TLS.
"""

import hashlib
import json
import re
import tempfile
import threading
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError
from werkzeug.wrappers import Request, Response

from infra.local.ports import HOST
from infra.standin.images import Images
from infra.standin.servers import serving

_ROUTE = re.compile(
    r"/v2/(?P<name>[a-z0-9._/-]+)/(?P<kind>manifests|blobs/uploads|blobs|tags)/(?P<what>[^/]*)"
)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_CHUNK = 1024 * 1024


class _Refused(Exception):
    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


class Registry:
    """A WSGI application. Blobs are files of a folder, shared by all repositories.

    :param ecr: a client of ECR, which is told of manifests, and says what may not be.
    :param images: whose tokens are taken.
    """

    def __init__(self, folder: Path, ecr: Any, images: Images) -> None:
        self._folder, self._ecr, self._images = folder, ecr, images
        self._manifests: dict[tuple[str, str], tuple[bytes, str]] = {}
        self._blobs: set[tuple[str, str]] = set()
        self._lock = threading.Lock()

    @classmethod
    @contextmanager
    def serving(cls, ecr: Any, images: Images) -> Iterator[str]:
        """Serve one for the length of a with-block; host and port."""
        with (
            tempfile.TemporaryDirectory(prefix="registry-", ignore_cleanup_errors=True) as folder,
            serving(cls(Path(folder), ecr, images)) as port,
        ):
            yield f"{HOST}:{port}"

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        request = Request(environ)
        try:
            answer = self._answer(request)
        except _Refused as refused:
            told = {"errors": [{"code": refused.code, "message": refused.message}]}
            answer = Response(json.dumps(told), refused.status, content_type="application/json")
            if refused.status == 401:
                answer.headers["WWW-Authenticate"] = 'Basic realm="ECR"'
        answer.headers["Docker-Distribution-Api-Version"] = "registry/2.0"
        for _ in iter(lambda: request.stream.read(_CHUNK), b""):
            pass  # what was not read would be taken for the next request
        return answer(environ, start_response)

    def _answer(self, request: Request) -> Response:
        self._authorize(request)
        if request.path in ("/v2/", "/v2"):
            return Response("{}", content_type="application/json")
        route = _ROUTE.fullmatch(request.path)
        if route is None:
            raise _Refused(404, "UNSUPPORTED", "There is nothing here.")
        name, kind, what = route["name"], route["kind"], route["what"]
        self._repository(name)
        match kind, request.method:
            case "blobs", "GET" | "HEAD":
                return self._blob(name, what)
            case "blobs/uploads", "POST":
                return self._begin(name, request)
            case "blobs/uploads", "PATCH":
                return self._go_on(name, what, request)
            case "blobs/uploads", "PUT":
                return self._end(name, what, request)
            case "manifests", "GET" | "HEAD":
                return self._manifest(name, what)
            case "manifests", "PUT":
                return self._put(name, what, request)
        raise _Refused(405, "UNSUPPORTED", f"{request.method} is not stood in for.")

    def _authorize(self, request: Request) -> None:
        sent = request.authorization
        if (
            sent is None
            or sent.type != "basic"
            or sent.username != "AWS"
            or sent.password not in self._images.tokens
        ):
            raise _Refused(401, "UNAUTHORIZED", "Your authorization token is missing, wrong, or has expired.")

    def _repository(self, name: str) -> None:
        try:
            self._ecr.describe_repositories(repositoryNames=[name])
        except ClientError:
            message = f"The repository with name '{name}' does not exist in the registry."
            raise _Refused(404, "NAME_UNKNOWN", message) from None

    def _file(self, digest: str) -> Path:
        return self._folder / digest.replace(":", "-")

    def _blob(self, name: str, digest: str) -> Response:
        if (name, digest) not in self._blobs:
            raise _Refused(404, "BLOB_UNKNOWN", "There is no such blob.")
        file = self._file(digest)
        headers = {"Docker-Content-Digest": digest, "Content-Length": str(file.stat().st_size)}
        stream = file.open("rb")
        answer = Response(
            iter(lambda: stream.read(_CHUNK), b""), headers=headers, content_type="application/octet-stream"
        )
        answer.call_on_close(stream.close)
        return answer

    def _begin(self, name: str, request: Request) -> Response:
        mount = request.args.get("mount", "")
        if mount and any(digest == mount for _, digest in list(self._blobs)):
            return self._keep(name, mount)
        upload = str(uuid.uuid4())
        (self._folder / upload).touch()
        if "digest" in request.args:
            return self._end(name, upload, request)
        return self._uploaded(name, upload)

    def _go_on(self, name: str, upload: str, request: Request) -> Response:
        file = self._upload(upload)
        begins = request.headers.get("Content-Range", "").partition("-")[0]
        if begins.isdigit() and int(begins) != file.stat().st_size:
            raise _Refused(416, "BLOB_UPLOAD_INVALID", "The chunk does not follow the one before.")
        with file.open("ab") as stream:
            for chunk in iter(lambda: request.stream.read(_CHUNK), b""):
                stream.write(chunk)
        return self._uploaded(name, upload)

    def _end(self, name: str, upload: str, request: Request) -> Response:
        self._go_on(name, upload, request)
        file, digest = self._upload(upload), request.args.get("digest", "")
        with file.open("rb") as stream:
            is_so = f"sha256:{hashlib.file_digest(stream, 'sha256').hexdigest()}" == digest
        if not is_so:
            file.unlink()
            raise _Refused(400, "DIGEST_INVALID", "The content has another digest.")
        file.replace(self._file(digest))
        return self._keep(name, digest)

    def _keep(self, name: str, digest: str) -> Response:
        self._blobs.add((name, digest))
        headers = {"Location": f"/v2/{name}/blobs/{digest}", "Docker-Content-Digest": digest}
        return Response(status=201, headers=headers)

    def _upload(self, upload: str) -> Path:
        file = self._folder / Path(upload).name
        if not upload or _DIGEST.fullmatch(upload) or not file.is_file():
            raise _Refused(404, "BLOB_UPLOAD_UNKNOWN", "There is no such upload.")
        return file

    def _uploaded(self, name: str, upload: str) -> Response:
        last = max(0, self._upload(upload).stat().st_size - 1)
        headers = {
            "Location": f"/v2/{name}/blobs/uploads/{upload}",
            "Docker-Upload-UUID": upload,
            "Range": f"0-{last}",
        }
        return Response(status=202, headers=headers)

    def _manifest(self, name: str, reference: str) -> Response:
        if (name, reference) not in self._manifests:
            raise _Refused(404, "MANIFEST_UNKNOWN", "The requested image is not found.")
        content, kind = self._manifests[name, reference]
        headers = {"Docker-Content-Digest": _digest(content)}
        return Response(content, headers=headers, content_type=kind)

    def _put(self, name: str, reference: str, request: Request) -> Response:
        content, kind = request.get_data(), request.headers.get("Content-Type", "")
        digest, tag = _digest(content), None if _DIGEST.fullmatch(reference) else reference
        if tag is None and reference != digest:
            raise _Refused(400, "DIGEST_INVALID", "The manifest has another digest.")
        self._check(name, content)
        with self._lock:
            self._tell(name, tag, digest, content, kind)
            self._manifests[name, digest] = self._manifests[name, reference] = (content, kind)
        headers = {"Location": f"/v2/{name}/manifests/{digest}", "Docker-Content-Digest": digest}
        return Response(status=201, headers=headers)

    def _check(self, name: str, content: bytes) -> None:
        """Refuse a manifest of what is not here."""
        try:
            told = json.loads(content)
            parts = [*told.get("layers", []), *([told["config"]] if "config" in told else [])]
            blobs = [part["digest"] for part in parts]
            manifests = [part["digest"] for part in told.get("manifests", [])]
        except (ValueError, KeyError, TypeError, AttributeError):
            raise _Refused(400, "MANIFEST_INVALID", "The manifest cannot be read.") from None
        missing = [one for one in blobs if (name, one) not in self._blobs]
        missing += [one for one in manifests if (name, one) not in self._manifests]
        if missing:
            raise _Refused(400, "MANIFEST_BLOB_UNKNOWN", f"{missing[0]} was not pushed.")

    def _tell(self, name: str, tag: str | None, digest: str, content: bytes, kind: str) -> None:
        told: dict[str, str] = {"imageTag": tag} if tag else {}
        try:
            self._ecr.put_image(
                repositoryName=name,
                imageManifest=content.decode(),
                imageManifestMediaType=kind,
                imageDigest=digest,
                **told,
            )
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code not in ("ImageAlreadyExistsException", "ImageTagAlreadyExistsException"):
                raise _Refused(400, "MANIFEST_INVALID", code) from None
            if self._manifests.get((name, tag or digest), (content,))[0] != content:
                message = (
                    f"The image tag '{tag}' already exists in the '{name}' repository and cannot be "
                    "overwritten because the repository is immutable."
                )
                raise _Refused(400, "TAG_INVALID", message) from None


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
