"""One request to an operation that heeds keys: what becomes of it and its answer."""

import hashlib
import io
import logging
from collections.abc import Callable
from typing import Any

import orjson
from werkzeug import Request, Response

from libs.api.idempotency.answers import Attributes, Replayed, is_final, of_answer, of_problem, of_untold
from libs.api.idempotency.declaration import REQUIRED
from libs.api.idempotency.header import missing_key, read_key, wrong_key
from libs.api.idempotency.records import HeldKey, hold_key, holding
from libs.api.wire.parameters import Parameters
from libs.api.wire.paths import sent_path
from libs.api.wire.streams import BodyStream
from libs.dynamodb import ConditionFailed, Item
from libs.errors import Fault, Forbidden, Problem, no_deadline
from libs.jwt import Caller

logger = logging.getLogger(__name__)


class Attempt:
    """What is done of a request with a key, and without one nothing.

    :param operation: method and path of the operation, with its placeholders.
    :param keyed: what the operation says of keys: `OPTIONAL` or `REQUIRED`.
    """

    def __init__(self, operation: str, keyed: str, request: Request) -> None:
        self._operation = operation
        self._required = keyed == REQUIRED
        self._request = request
        self._key: str | None = None
        self._fingerprint = ""
        self._held: HeldKey | None = None
        self._rights = ""

    def read(self) -> list[Fault]:
        """Read the key; return what is wrong with it."""
        sent = self._request.environ.get("HTTP_IDEMPOTENCY_KEY")
        if sent is None:
            return [missing_key()] if self._required else []
        self._key = read_key(sent)
        return [wrong_key()] if self._key is None else []

    def take_body(self, parameters: Parameters) -> None:
        """Read the body, which is there to be read once more, and remember what the request looks like.

        :param parameters: of the operation: what is sent for them is part of the request, wherever it stands.
        :raises BodyTooLarge: if it is longer than `request.max_content_length`.
        :raises RequestTimeout: if it does not arrive in time.
        """
        if self._key is None:
            return
        environ = self._request.environ
        content = BodyStream(self._request).readall()
        environ["wsgi.input"] = io.BytesIO(content)
        if "HTTP_TRANSFER_ENCODING" in environ:
            environ["CONTENT_LENGTH"] = str(len(content))
        self._fingerprint = _digest(
            sent_path(environ),
            environ.get("QUERY_STRING", ""),
            environ.get("CONTENT_TYPE", ""),
            hashlib.sha256(content).hexdigest(),
            parameters.sent_beside(self._request),
        )

    def handle(self, call: Callable[[], Any], caller: Caller | None) -> Any:
        """Do `call`.

        :raises Replayed: if it was done and answered before.
        :raises Conflict: IDEMPOTENCY_KEY_IN_USE.
        :raises KeyReused: if it was another request.
        :raises Forbidden: if that answer was given to a caller who might do more.
        """
        if self._key is None:
            return call()
        if caller is None:
            raise RuntimeError(f"{self._operation} heeds keys, and nobody has told who calls")
        client = str(caller.claims.get("client_id", ""))
        request = _digest(caller.actor, client, self._operation, self._key)
        found = hold_key(caller.subject, request, self._fingerprint)
        if not isinstance(found, HeldKey):
            _check_rights(found, caller)
            raise Replayed(found)
        self._held, self._rights = found, _rights_of(caller)
        with holding(found):
            return call()

    def answered(self, answer: Response) -> None:
        """Keep the answer, if it is final."""
        final = self._held is not None and is_final(answer.status_code, answer.headers)
        self._end(of_answer(answer) if final else None, of_untold(answer.headers))

    def failed(self, error: BaseException) -> None:
        """Keep the refusal, if it is final."""
        final = isinstance(error, Problem) and is_final(error.status, error.headers)
        self._end(of_problem(error) if isinstance(error, Problem) and final else None, of_untold())

    def _end(self, kept: Attributes | None, short: Attributes) -> None:
        """Let go of the key, or keep what was answered.

        :param short: what is kept instead if that cannot be, so that it is not done once more.
        """
        held, self._held = self._held, None
        if held is None:
            return
        try:
            with no_deadline():
                if kept is None:
                    held.release()
                else:
                    _keep(held, {"rights": {"S": self._rights}}, kept, short)
        except Exception as error:  # noqa: BLE001 - what was done was done, and its answer is due
            told = {"operation": self._operation, "error": type(error).__name__}
            logger.warning("answer not kept under its key", extra=told)


def _keep(held: HeldKey, rights: Attributes, kept: Attributes, short: Attributes) -> None:
    try:
        held.keep({**rights, **kept})
    except ConditionFailed:
        raise
    except Exception:  # noqa: BLE001 - too long together with its marks, or too much was asked for just now
        held.keep({**rights, **short})


def _rights_of(caller: Caller) -> str:
    return orjson.dumps([sorted(caller.scopes), sorted(caller.roles)]).decode()


def _check_rights(found: Item, caller: Caller) -> None:
    # What may be done with them is decided in the call, which is left out.
    scopes, roles = orjson.loads(found["rights"]["S"])
    if not (caller.scopes.issuperset(scopes) and caller.roles.issuperset(roles)):
        raise Forbidden("The answer under this key was given to a caller with more scopes or roles.")


def _digest(*parts: Any) -> str:
    return hashlib.sha256(orjson.dumps(parts)).hexdigest()
