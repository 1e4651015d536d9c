"""Who may do what: for every operation that a service serves, whose it is and a request that is right.

tests/test_access_matrix.py sends each request as everybody else, and then as whoever may. A text in braces
stands for what the owner has: ``{todo_id}``; ``{new}`` is another word in each request. See
`tests.access_world` for what everybody has.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class Access(Enum):
    """Whose an operation is."""

    PUBLIC = "everybody's, whatever token comes with it"
    OWN = "of every known caller, and about themselves"
    OWNED = "of the owner of what the path names; to others that is not there"
    SCOPED = "of callers with the scopes that the document names"


@dataclass(frozen=True)
class Row:
    """What is right for an operation.

    :param status: of the answer to whoever may.
    :param path: the parameters of the path that are not called as what the owner has.
    :param json: the body.
    :param form: the body, where it is a form.
    :param other: the status for others who send this very request with tokens of their own, where the
        operation is `OWN` and something in the body is the owner's.
    """

    access: Access
    status: int
    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    json: Any = None
    form: Mapping[str, str] | None = None
    other: int | None = None


PUBLIC, OWN, OWNED, SCOPED = Access

BUILTIN = {
    "ping": Row(PUBLIC, 200),
    "get_version": Row(PUBLIC, 200),
    "get_version_as_caller": Row(OWN, 200),
    "get_liveness": Row(PUBLIC, 200),
    "get_readiness": Row(PUBLIC, 200),
    "get_document": Row(PUBLIC, 200),
    "get_document_as_yaml": Row(PUBLIC, 200),
    "get_docs": Row(PUBLIC, 200),
    "get_docs_file": Row(PUBLIC, 404, path={"file": "not-there.js"}),
}

PARKED = {"operation_id": "{parked_id}"}
ADMINISTRATION = {
    "list_all_operations": Row(SCOPED, 200),
    "get_any_operation": Row(SCOPED, 200),
    "replay_operation": Row(SCOPED, 200, PARKED),
    "discard_operation": Row(SCOPED, 200, PARKED),
    "cancel_any_operation": Row(SCOPED, 200),
}

AUTH = {
    "sign_up": Row(PUBLIC, 201, json={"email": "{new}@example.com", "password": "a third horse battery"}),
    "show_verification": Row(PUBLIC, 200, query={"token": "x"}),
    "verify_email": Row(PUBLIC, 422, json={"token": "x"}),
    "verify_email_by_form": Row(PUBLIC, 422, form={"token": "x"}),
    "send_verification_again": Row(PUBLIC, 202, json={"email": "{new}@example.com"}),
    "change_password": Row(
        OWN,
        204,
        json={"current_password": "{password}", "new_password": "another horse battery"},
        other=403,
    ),
    "forgot_password": Row(PUBLIC, 202, json={"email": "{new}@example.com"}),
    "show_reset": Row(PUBLIC, 200, query={"token": "x"}),
    "reset_password": Row(PUBLIC, 422, json={"token": "x", "password": "another horse battery"}),
    "reset_password_by_form": Row(PUBLIC, 422, form={"token": "x", "password": "another horse battery"}),
    "get_me": Row(OWN, 200),
    "delete_me": Row(OWN, 202, json={"password": "{password}"}, other=403),
    "list_users": Row(SCOPED, 200),
    "get_user": Row(SCOPED, 200),
    "delete_user": Row(SCOPED, 202),
    "disable_user": Row(SCOPED, 200),
    "enable_user": Row(SCOPED, 200),
    "unlock_user": Row(SCOPED, 204),
    "set_roles": Row(SCOPED, 200, json={"roles": ["editor"]}),
    "log_in": Row(PUBLIC, 401, json={"email": "{email}", "password": "not the password"}),
    "refresh": Row(PUBLIC, 401, json={"refresh_token": "{session_id}.x"}),
    # A refresh token in the body is enough, whatever comes of an access token.
    "log_out": Row(PUBLIC, 204, json={"refresh_token": "{session_id}.x"}),
    # They go by cookies of their own; without these there is nothing to refresh, and nothing to end.
    "browser_log_in": Row(PUBLIC, 401, json={"email": "{email}", "password": "not the password"}),
    "browser_refresh": Row(PUBLIC, 401),
    "browser_log_out": Row(PUBLIC, 204),
    "list_sessions": Row(OWN, 200),
    "end_sessions": Row(OWN, 204),
    "end_session": Row(OWNED, 204),
    "issue_token": Row(PUBLIC, 401, form={"grant_type": "client_credentials", "client_id": "x"}),
    "show_log_in": Row(PUBLIC, 400, query={"client_id": "x"}),
    "log_in_for_client": Row(
        PUBLIC, 400, query={"client_id": "x"}, form={"email": "{email}", "password": "x"}
    ),
    # They take the tokens of other programs, and none of these.
    "get_userinfo": Row(PUBLIC, 401),
    "post_userinfo": Row(PUBLIC, 401),
    "get_openid_configuration": Row(PUBLIC, 200),
    "get_oauth_metadata": Row(PUBLIC, 200),
    "get_keys": Row(PUBLIC, 200),
    "list_revocations": Row(PUBLIC, 200),
    "get_operation": Row(OWNED, 200),
    "cancel_operation": Row(OWNED, 200),
    "follow_operation": Row(OWNED, 200),
}

PROFILES = {
    "create_profile": Row(SCOPED, 201, json={"profile_id": "{new}", "name": "Ada"}),
    "get_profile": Row(OWNED, 200),
    "update_profile": Row(OWNED, 200, json={"bio": "changed"}),
    "delete_profile": Row(SCOPED, 204),
}

TODO = {"key": "{todo_id}"}
TODOS = {
    "create_todo": Row(OWN, 201, json={"title": "new"}),
    "list_todos": Row(OWN, 200),
    "sample_todos": Row(OWN, 200),
    "measure_todos": Row(OWN, 200, query={"fields": "estimate"}),
    "group_todos": Row(OWN, 200, path={"field": "tags"}),
    "get_todo": Row(OWNED, 200, TODO),
    "update_todo": Row(OWNED, 200, TODO, json={"title": "changed"}),
    "replace_todo": Row(OWNED, 200, TODO, json={"title": "changed"}),
    "delete_todo": Row(OWNED, 204, TODO),
    "export_todos": Row(OWN, 202),
    "get_export": Row(OWNED, 200),
    "erase_todos": Row(SCOPED, 200, json={"owner": "{user_id}"}),
    "get_operation": Row(OWNED, 200),
    "cancel_operation": Row(OWNED, 200),
    "follow_operation": Row(OWNED, 200),
}

TABLE: Mapping[str, Mapping[str, Row]] = {
    "auth": {**BUILTIN, **ADMINISTRATION, **AUTH},
    "profiles": {**BUILTIN, **PROFILES},
    "todos": {**BUILTIN, **ADMINISTRATION, **TODOS},
}
"""By service and `operationId`."""
