"""Spec-first APIs: contracts, the functions bound to them, typed objects, and clients."""

from libs.api.binding.answering import empty_response, problem_body, problem_response
from libs.api.binding.contract import Contract
from libs.api.binding.decorators import before_validation
from libs.api.binding.dependencies import Dependencies
from libs.api.binding.operation import Contribution, Operation, Result
from libs.api.binding.problem_responses import problem_responses
from libs.api.binding.rate_limits import RateLimit
from libs.api.binding.routes import Route, Routes
from libs.api.binding.serving import Server
from libs.api.clients.client import ApiClient
from libs.api.clients.documents import ClientDocument, client_document
from libs.api.clients.identity import add_auth
from libs.api.clients.in_process import InProcess
from libs.api.clients.operation import Answer, Options, RemoteOperation
from libs.api.clients.problems import (
    InvalidAnswer,
    RemoteBadRequest,
    RemoteConflict,
    RemoteDetails,
    RemoteForbidden,
    RemoteNotFound,
    RemotePreconditionFailed,
    RemoteProblem,
    RemoteServerError,
    RemoteTooManyRequests,
    RemoteUnauthorized,
    RemoteUnprocessable,
)
from libs.api.clients.sending import Sender
from libs.api.clients.timing import Timeouts
from libs.api.clients.urls import is_http_url, is_service_url
from libs.api.clients.waiting import OperationCancelled, OperationPending
from libs.api.document.errors import ContractError
from libs.api.document.files import APIS, PUBLISHED, contract_names, contract_path, read_published
from libs.api.document.servers import base_path
from libs.api.document.source import Source, read_document, read_source
from libs.api.idempotency.declaration import declares_keys
from libs.api.idempotency.records import HeldKey, IdempotencyRecord, forget_requests, held_key, key_in_use
from libs.api.objects.folder import Models
from libs.api.objects.models import ApiModels
from libs.api.objects.object import ApiObject, Difference
from libs.api.objects.views import ApiList, ApiMap, InvalidObject
from libs.api.persistence.changes import REMOVE, Append, Exclude, Include, Increase
from libs.api.persistence.declaration import Index
from libs.api.persistence.pages import Page
from libs.api.persistence.persistent import Persistent, table_models
from libs.api.schema import Schema
from libs.api.typed import Clients, models
from libs.api.wire.answers import AnswerCheck
from libs.api.wire.json_text import dump_json
from libs.api.wire.paths import path_segment, path_segments, sent_path
from libs.api.wire.streams import BodyStream
from libs.api.wire.uploads import UploadedFile

__all__ = [
    "APIS",
    "PUBLISHED",
    "REMOVE",
    "Answer",
    "AnswerCheck",
    "ApiClient",
    "ApiList",
    "ApiMap",
    "ApiModels",
    "ApiObject",
    "Append",
    "BodyStream",
    "ClientDocument",
    "Clients",
    "Contract",
    "ContractError",
    "Contribution",
    "Dependencies",
    "Difference",
    "Exclude",
    "HeldKey",
    "IdempotencyRecord",
    "InProcess",
    "Include",
    "Increase",
    "Index",
    "InvalidAnswer",
    "InvalidObject",
    "Models",
    "Operation",
    "OperationCancelled",
    "OperationPending",
    "Options",
    "Page",
    "Persistent",
    "RateLimit",
    "RemoteBadRequest",
    "RemoteConflict",
    "RemoteDetails",
    "RemoteForbidden",
    "RemoteNotFound",
    "RemoteOperation",
    "RemotePreconditionFailed",
    "RemoteProblem",
    "RemoteServerError",
    "RemoteTooManyRequests",
    "RemoteUnauthorized",
    "RemoteUnprocessable",
    "Result",
    "Route",
    "Routes",
    "Schema",
    "Sender",
    "Server",
    "Source",
    "Timeouts",
    "UploadedFile",
    "add_auth",
    "base_path",
    "before_validation",
    "client_document",
    "contract_names",
    "contract_path",
    "declares_keys",
    "dump_json",
    "empty_response",
    "forget_requests",
    "held_key",
    "is_http_url",
    "is_service_url",
    "key_in_use",
    "models",
    "path_segment",
    "path_segments",
    "problem_body",
    "problem_response",
    "problem_responses",
    "read_document",
    "read_published",
    "read_source",
    "sent_path",
    "table_models",
]
