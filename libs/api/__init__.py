"""Spec-first APIs: contracts, the functions bound to them, typed objects, and clients."""

from libs.api.client import ApiClient, RemoteProblem
from libs.api.contract import Contract
from libs.api.dependencies import Dependencies
from libs.api.files import APIS, PUBLISHED, ContractError, read_document, read_published
from libs.api.objects import ApiModels, ApiObject, Models, models
from libs.api.operation import Contribution, Operation, Result
from libs.api.schemas import Schema
from libs.api.serving import Server, dump_json, problem_response

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
    "Schema",
    "Server",
    "dump_json",
    "models",
    "problem_response",
    "read_document",
    "read_published",
]
