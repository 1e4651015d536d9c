"""Spec-first APIs: contracts, the functions bound to them, typed objects, and clients."""

from libs.api.client import ApiClient, RemoteProblem
from libs.api.contract import Contract
from libs.api.dependencies import Dependencies
from libs.api.files import APIS, PUBLISHED, ContractError, read_document, read_published
from libs.api.objects import ApiModels, ApiObject, Models, models
from libs.api.operation import Contribution, Operation, Result
from libs.api.paths import path_segment, path_segments, sent_path
from libs.api.problem_responses import problem_responses
from libs.api.routes import Route, Routes
from libs.api.schemas import Schema
from libs.api.serving import Server, dump_json, empty_response, problem_response

__all__ = [
    "APIS",
    "PUBLISHED",
    "ApiClient",
    "ApiModels",
    "ApiObject",
    "Contract",
    "ContractError",
    "Contribution",
    "Dependencies",
    "Models",
    "Operation",
    "RemoteProblem",
    "Result",
    "Route",
    "Routes",
    "Schema",
    "Server",
    "dump_json",
    "empty_response",
    "models",
    "path_segment",
    "path_segments",
    "problem_response",
    "problem_responses",
    "read_document",
    "read_published",
    "sent_path",
]
