"""Written by `make contracts` from apis/: what type checkers know of `models` and `Clients`. Do not edit."""

# A class with something mixed in has attributes of such classes where its base has attributes of plain ones.
# mypy: disable-error-code="assignment, misc, override"
# pyright: reportIncompatibleVariableOverride=false, reportOverlappingOverload=false, reportUnusedImport=false

import builtins as _b
import collections.abc as _abc
import datetime as _datetime
import decimal as _decimal
import typing as _t
import uuid as _uuid

import services.profiles.models
from libs.api.clients.client import ApiClient
from libs.api.clients.clients import Clients as _Clients
from libs.api.objects.models import ApiModels
from libs.api.objects.object import ApiObject
from libs.api.wire.uploads import UploadedFile as _UploadedFile

class _Folder(type):
    def __getitem__(cls, api: str) -> ApiModels: ...
    def names(cls) -> list[str]: ...
    def get_model(cls, name: str) -> type[ApiObject]: ...
    def clashes(cls) -> list[str]: ...

class _Contract(type):
    def __getitem__(cls, name: str) -> type[ApiObject]: ...
    def names(cls) -> list[str]: ...
    def persistent(cls) -> list[type[ApiObject]]: ...
    def wrap(cls, schema: _t.Any, value: _t.Any) -> _t.Any: ...

class _auth:
    class SignUp(ApiObject):
        email: str
        password: str
        name: str | None
        def __init__(
            self,
            *,
            email: str,
            password: str,
            name: str = ...,
        ) -> None: ...
    class SignUpPending(ApiObject):
        email: str
        def __init__(
            self,
            *,
            email: str,
        ) -> None: ...
    class MailedToken(ApiObject):
        token: str
        def __init__(
            self,
            *,
            token: str,
        ) -> None: ...
    class VerificationForm(ApiObject):
        token: str
        def __init__(
            self,
            *,
            token: str,
            **further: _t.Any,
        ) -> None: ...
    class ResetForm(ApiObject):
        token: str
        password: str
        def __init__(
            self,
            *,
            token: str,
            password: str,
            **further: _t.Any,
        ) -> None: ...
    class Mailbox(ApiObject):
        email: str
        def __init__(
            self,
            *,
            email: str,
        ) -> None: ...
    class PasswordChange(ApiObject):
        current_password: str
        new_password: str
        def __init__(
            self,
            *,
            current_password: str,
            new_password: str,
        ) -> None: ...
    class PasswordReset(ApiObject):
        token: str
        password: str
        def __init__(
            self,
            *,
            token: str,
            password: str,
        ) -> None: ...
    class Me(ApiObject):
        user_id: str
        email: str
        email_verified: bool
        roles: list[str]
        created_at: _datetime.datetime
        def __init__(
            self,
            *,
            user_id: str,
            email: str,
            email_verified: bool,
            roles: _abc.Sequence[str],
            created_at: _datetime.datetime | str,
        ) -> None: ...
    class PasswordProof(ApiObject):
        password: str
        def __init__(
            self,
            *,
            password: str,
        ) -> None: ...
    class BeingDeleted(ApiObject):
        user_id: str
        def __init__(
            self,
            *,
            user_id: str,
        ) -> None: ...
    class User(ApiObject):
        user_id: str
        email: str
        email_verified: bool
        roles: list[str]
        created_at: _datetime.datetime
        disabled_at: _datetime.datetime | None
        deletion_asked_at: _datetime.datetime | None
        def __init__(
            self,
            *,
            user_id: str,
            email: str,
            email_verified: bool,
            roles: _abc.Sequence[str],
            created_at: _datetime.datetime | str,
            disabled_at: _datetime.datetime | str = ...,
            deletion_asked_at: _datetime.datetime | str = ...,
        ) -> None: ...
    class UserPage(ApiObject):
        items: _abc.MutableSequence[_auth.User]
        next: str | None
        def __init__(
            self,
            *,
            items: _abc.Sequence[_auth.User | _abc.Mapping[str, _t.Any]],
            next: str = ...,
        ) -> None: ...
    class UserRoles(ApiObject):
        roles: list[str]
        def __init__(
            self,
            *,
            roles: _abc.Sequence[str],
        ) -> None: ...
    class Account(ApiObject):
        user_id: str
        email: str
        def __init__(
            self,
            *,
            user_id: str,
            email: str,
        ) -> None: ...
    class Credentials(ApiObject):
        email: str
        password: str
        def __init__(
            self,
            *,
            email: str,
            password: str,
        ) -> None: ...
    class Token(ApiObject):
        access_token: str
        token_type: _t.Literal['Bearer']
        expires_in: int
        refresh_token: str
        refresh_expires_in: int
        user_id: str
        scope: str
        def __init__(
            self,
            *,
            access_token: str,
            token_type: _t.Literal['Bearer'],
            expires_in: int,
            refresh_token: str,
            refresh_expires_in: int,
            user_id: str,
            scope: str,
        ) -> None: ...
    class BrowserSession(ApiObject):
        user_id: str
        scope: str
        expires_in: int
        refresh_expires_in: int
        csrf_token: str
        def __init__(
            self,
            *,
            user_id: str,
            scope: str,
            expires_in: int,
            refresh_expires_in: int,
            csrf_token: str,
        ) -> None: ...
    class RefreshToken(ApiObject):
        refresh_token: str
        def __init__(
            self,
            *,
            refresh_token: str,
        ) -> None: ...
    class TokenRequest(ApiObject):
        grant_type: str
        client_id: str | None
        client_secret: str | None
        scope: str | None
        audience: str | None
        requested_subject: str | None
        roles: str | None
        refresh_token: str | None
        code: str | None
        redirect_uri: str | None
        code_verifier: str | None
        def __init__(
            self,
            *,
            grant_type: str,
            client_id: str = ...,
            client_secret: str = ...,
            scope: str = ...,
            audience: str = ...,
            requested_subject: str = ...,
            roles: str = ...,
            refresh_token: str = ...,
            code: str = ...,
            redirect_uri: str = ...,
            code_verifier: str = ...,
            **further: _t.Any,
        ) -> None: ...
    class LogInForm(ApiObject):
        email: str
        password: str
        def __init__(
            self,
            *,
            email: str,
            password: str,
        ) -> None: ...
    class Userinfo(ApiObject):
        sub: str
        email: str | None
        email_verified: bool | None
        def __init__(
            self,
            *,
            sub: str,
            email: str = ...,
            email_verified: bool = ...,
        ) -> None: ...
    class OAuthTokens(ApiObject):
        access_token: str
        token_type: _t.Literal['Bearer']
        expires_in: int
        scope: str
        refresh_token: str | None
        id_token: str | None
        def __init__(
            self,
            *,
            access_token: str,
            token_type: _t.Literal['Bearer'],
            expires_in: int,
            scope: str,
            refresh_token: str = ...,
            id_token: str = ...,
            **further: _t.Any,
        ) -> None: ...
    class OAuthError(ApiObject):
        error: str
        error_description: str
        def __init__(
            self,
            *,
            error: str,
            error_description: str,
            **further: _t.Any,
        ) -> None: ...
    class Session(ApiObject):
        session_id: str
        created_at: _datetime.datetime
        used_at: _datetime.datetime
        expires_at: _datetime.datetime
        device: str | None
        address: str | None
        client_id: str
        current: bool
        def __init__(
            self,
            *,
            session_id: str,
            created_at: _datetime.datetime | str,
            used_at: _datetime.datetime | str,
            expires_at: _datetime.datetime | str,
            device: str | None,
            address: str | None,
            client_id: str,
            current: bool,
        ) -> None: ...
    class SessionList(ApiObject):
        items: _abc.MutableSequence[_auth.Session]
        def __init__(
            self,
            *,
            items: _abc.Sequence[_auth.Session | _abc.Mapping[str, _t.Any]],
        ) -> None: ...
    class Revocations(ApiObject):
        sid: list[str]
        sub: dict[str, float]
        jti: list[str]
        def __init__(
            self,
            *,
            sid: _abc.Sequence[str],
            sub: _abc.Mapping[str, float | _decimal.Decimal],
            jti: _abc.Sequence[str],
        ) -> None: ...
    class KeySet(ApiObject):
        keys: _abc.MutableSequence[_auth._KeySet_keys]
        def __init__(
            self,
            *,
            keys: _abc.Sequence[_auth._KeySet_keys | _abc.Mapping[str, _t.Any]],
            **further: _t.Any,
        ) -> None: ...
    class Problem(ApiObject):
        type: str
        title: str
        status: int
        code: str
        detail: str | None
        instance: str | None
        request_id: str
        error_id: str | None
        user_message: str | None
        errors: _abc.MutableSequence[_auth._Problem_errors] | None
        def __init__(
            self,
            *,
            type: str,
            title: str,
            status: int,
            code: str,
            detail: str = ...,
            instance: str = ...,
            request_id: str,
            error_id: str = ...,
            user_message: str = ...,
            errors: _abc.Sequence[_auth._Problem_errors | _abc.Mapping[str, _t.Any]] = ...,
            **further: _t.Any,
        ) -> None: ...
    class Version(ApiObject):
        service: str
        version: str
        commit: str | None
        caller: str | None
        def __init__(
            self,
            *,
            service: str,
            version: str,
            commit: str = ...,
            caller: str = ...,
            **further: _t.Any,
        ) -> None: ...
    class Health(ApiObject):
        status: _t.Literal['ok']
        checks: _abc.MutableMapping[str, _auth._Health_checks] | None
        def __init__(
            self,
            *,
            status: _t.Literal['ok'],
            checks: _abc.Mapping[str, _auth._Health_checks | _abc.Mapping[str, _t.Any]] = ...,
            **further: _t.Any,
        ) -> None: ...
    class Operation(ApiObject):
        id: str
        task: str
        status: _t.Literal['queued', 'running', 'succeeded', 'failed', 'cancelled']
        progress: float
        message: str | None
        result: _t.Any | None
        problem: dict[str, _t.Any] | None
        created_at: _datetime.datetime
        started_at: _datetime.datetime | None
        updated_at: _datetime.datetime
        finished_at: _datetime.datetime | None
        cancel_asked_at: _datetime.datetime | None
        def __init__(
            self,
            *,
            id: str,
            task: str,
            status: _t.Literal['queued', 'running', 'succeeded', 'failed', 'cancelled'],
            progress: float | _decimal.Decimal,
            message: str = ...,
            result: _t.Any = ...,
            problem: _abc.Mapping[str, _t.Any] = ...,
            created_at: _datetime.datetime | str,
            started_at: _datetime.datetime | str = ...,
            updated_at: _datetime.datetime | str,
            finished_at: _datetime.datetime | str = ...,
            cancel_asked_at: _datetime.datetime | str = ...,
            **further: _t.Any,
        ) -> None: ...
    class OperationPage(ApiObject):
        items: _abc.MutableSequence[_auth.OperationSummary]
        next: str | None
        def __init__(
            self,
            *,
            items: _abc.Sequence[_auth.OperationSummary | _abc.Mapping[str, _t.Any]],
            next: str = ...,
        ) -> None: ...
    class OperationSummary(ApiObject):
        id: str
        task: str
        status: _t.Literal['queued', 'running', 'succeeded', 'failed', 'cancelled']
        parked: bool
        owner: str | None
        attempts: int
        queue: str | None
        code: str | None
        not_before: _datetime.datetime | None
        created_at: _datetime.datetime
        started_at: _datetime.datetime | None
        updated_at: _datetime.datetime
        finished_at: _datetime.datetime | None
        def __init__(
            self,
            *,
            id: str,
            task: str,
            status: _t.Literal['queued', 'running', 'succeeded', 'failed', 'cancelled'],
            parked: bool,
            owner: str = ...,
            attempts: int,
            queue: str = ...,
            code: str = ...,
            not_before: _datetime.datetime | str = ...,
            created_at: _datetime.datetime | str,
            started_at: _datetime.datetime | str = ...,
            updated_at: _datetime.datetime | str,
            finished_at: _datetime.datetime | str = ...,
        ) -> None: ...
    class OperationDetails(ApiObject):
        caller: dict[str, _t.Any] | None
        arguments: dict[str, _t.Any]
        version: int | None
        unique: bool
        priority: int | None
        request_id: str
        traceparent: str | None
        progress: float | None
        message: str | None
        problem: dict[str, _t.Any] | None
        history: _abc.MutableSequence[_auth._OperationDetails_history]
        publications: int | None
        due: _datetime.datetime | None
        cancel_asked_at: _datetime.datetime | None
        expires_at: _datetime.datetime | None
        id: str
        task: str
        status: _t.Literal['queued', 'running', 'succeeded', 'failed', 'cancelled']
        parked: bool
        owner: str | None
        attempts: int
        queue: str | None
        code: str | None
        not_before: _datetime.datetime | None
        created_at: _datetime.datetime
        started_at: _datetime.datetime | None
        updated_at: _datetime.datetime
        finished_at: _datetime.datetime | None
        def __init__(
            self,
            *,
            caller: _abc.Mapping[str, _t.Any] = ...,
            arguments: _abc.Mapping[str, _t.Any],
            version: int = ...,
            unique: bool,
            priority: int = ...,
            request_id: str,
            traceparent: str = ...,
            progress: float | _decimal.Decimal = ...,
            message: str = ...,
            problem: _abc.Mapping[str, _t.Any] = ...,
            history: _abc.Sequence[_auth._OperationDetails_history | _abc.Mapping[str, _t.Any]],
            publications: int = ...,
            due: _datetime.datetime | str = ...,
            cancel_asked_at: _datetime.datetime | str = ...,
            expires_at: _datetime.datetime | str = ...,
            id: str,
            task: str,
            status: _t.Literal['queued', 'running', 'succeeded', 'failed', 'cancelled'],
            parked: bool,
            owner: str = ...,
            attempts: int,
            queue: str = ...,
            code: str = ...,
            not_before: _datetime.datetime | str = ...,
            created_at: _datetime.datetime | str,
            started_at: _datetime.datetime | str = ...,
            updated_at: _datetime.datetime | str,
            finished_at: _datetime.datetime | str = ...,
        ) -> None: ...
    class _KeySet_keys(ApiObject):
        kty: str
        kid: str
        alg: str
        use: str
        def __init__(
            self,
            *,
            kty: str,
            kid: str,
            alg: str,
            use: str,
            **further: _t.Any,
        ) -> None: ...
    class _Problem_errors(ApiObject):
        detail: str
        pointer: str | None
        parameter: str | None
        def __init__(
            self,
            *,
            detail: str,
            pointer: str = ...,
            parameter: str = ...,
            **further: _t.Any,
        ) -> None: ...
    class _Health_checks(ApiObject):
        ok: bool
        milliseconds: float | None
        error: str | None
        workers: int | None
        oldest_waiting_seconds: float | None
        def __init__(
            self,
            *,
            ok: bool,
            milliseconds: float | _decimal.Decimal = ...,
            error: str = ...,
            workers: int = ...,
            oldest_waiting_seconds: float | _decimal.Decimal = ...,
            **further: _t.Any,
        ) -> None: ...
    class _OperationDetails_history(ApiObject):
        at: str | None
        attempt: int | None
        code: str | None
        seconds: float | None
        def __init__(
            self,
            *,
            at: str | None = ...,
            attempt: int = ...,
            code: str | None = ...,
            seconds: float | _decimal.Decimal | None = ...,
            **further: _t.Any,
        ) -> None: ...

class _auth_client(_auth, ApiClient):
    def sign_up(
        self,
        *,
        body: _auth.SignUp | _abc.Mapping[str, _t.Any],
        auth: str | None = ...,
        timeout: float = ...,
    ) -> _auth.Account | _auth.SignUpPending: ...
    def show_verification(
        self,
        *,
        token: str,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> str: ...
    def verify_email(
        self,
        *,
        body: _auth.MailedToken | _abc.Mapping[str, _t.Any],
        auth: str | None = ...,
        timeout: float = ...,
    ) -> None: ...
    def verify_email_by_form(
        self,
        *,
        body: _t.Any,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> str: ...
    def send_verification_again(
        self,
        *,
        body: _auth.Mailbox | _abc.Mapping[str, _t.Any],
        auth: str | None = ...,
        timeout: float = ...,
    ) -> None: ...
    def change_password(
        self,
        *,
        body: _auth.PasswordChange | _abc.Mapping[str, _t.Any],
        auth: str | None = ...,
        timeout: float = ...,
    ) -> None: ...
    def forgot_password(
        self,
        *,
        body: _auth.Mailbox | _abc.Mapping[str, _t.Any],
        auth: str | None = ...,
        timeout: float = ...,
    ) -> None: ...
    def show_reset(
        self,
        *,
        token: str,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> str: ...
    def reset_password(
        self,
        *,
        body: _auth.PasswordReset | _abc.Mapping[str, _t.Any],
        auth: str | None = ...,
        timeout: float = ...,
    ) -> None: ...
    def reset_password_by_form(
        self,
        *,
        body: _t.Any,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> str: ...
    def get_me(
        self,
        *,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> _auth.Me: ...
    def delete_me(
        self,
        *,
        body: _auth.PasswordProof | _abc.Mapping[str, _t.Any],
        auth: str | None = ...,
        timeout: float = ...,
    ) -> _auth.BeingDeleted: ...
    def list_users(
        self,
        *,
        email: str | None = ...,
        after: str | None = ...,
        limit: int | None = ...,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> _auth.UserPage: ...
    def get_user(
        self,
        *,
        user_id: str,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> _auth.User: ...
    def delete_user(
        self,
        *,
        user_id: str,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> _auth.Operation: ...
    def disable_user(
        self,
        *,
        user_id: str,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> _auth.User: ...
    def enable_user(
        self,
        *,
        user_id: str,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> _auth.User: ...
    def unlock_user(
        self,
        *,
        user_id: str,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> None: ...
    def set_roles(
        self,
        *,
        user_id: str,
        body: _auth.UserRoles | _abc.Mapping[str, _t.Any],
        auth: str | None = ...,
        timeout: float = ...,
    ) -> _auth.User: ...
    def log_in(
        self,
        *,
        body: _auth.Credentials | _abc.Mapping[str, _t.Any],
        auth: str | None = ...,
        timeout: float = ...,
    ) -> _auth.Token: ...
    def refresh(
        self,
        *,
        body: _auth.RefreshToken | _abc.Mapping[str, _t.Any],
        auth: str | None = ...,
        timeout: float = ...,
    ) -> _auth.Token: ...
    def log_out(
        self,
        *,
        body: _auth.RefreshToken | _abc.Mapping[str, _t.Any] = ...,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> None: ...
    def browser_log_in(
        self,
        *,
        body: _auth.Credentials | _abc.Mapping[str, _t.Any],
        auth: str | None = ...,
        timeout: float = ...,
    ) -> _auth.BrowserSession: ...
    def browser_refresh(
        self,
        *,
        x_csrf_token: str | None = ...,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> _auth.BrowserSession: ...
    def browser_log_out(
        self,
        *,
        x_csrf_token: str | None = ...,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> None: ...
    def list_sessions(
        self,
        *,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> _auth.SessionList: ...
    def end_sessions(
        self,
        *,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> None: ...
    def end_session(
        self,
        *,
        session_id: str,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> None: ...
    def issue_token(
        self,
        *,
        body: _t.Any,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> _auth.OAuthTokens: ...
    def show_log_in(
        self,
        *,
        response_type: str | None = ...,
        client_id: str | None = ...,
        redirect_uri: str | None = ...,
        scope: str | None = ...,
        state: str | None = ...,
        nonce: str | None = ...,
        code_challenge: str | None = ...,
        code_challenge_method: str | None = ...,
        more: _abc.Mapping[str, str] | None = ...,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> str | None: ...
    def log_in_for_client(
        self,
        *,
        body: _t.Any,
        response_type: str | None = ...,
        client_id: str | None = ...,
        redirect_uri: str | None = ...,
        scope: str | None = ...,
        state: str | None = ...,
        nonce: str | None = ...,
        code_challenge: str | None = ...,
        code_challenge_method: str | None = ...,
        more: _abc.Mapping[str, str] | None = ...,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> None: ...
    def get_userinfo(
        self,
        *,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> _auth.Userinfo: ...
    def post_userinfo(
        self,
        *,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> _auth.Userinfo: ...
    def get_openid_configuration(
        self,
        *,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> dict[str, _t.Any]: ...
    def get_oauth_metadata(
        self,
        *,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> dict[str, _t.Any]: ...
    def get_keys(
        self,
        *,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> _auth.KeySet: ...
    def list_revocations(
        self,
        *,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> _auth.Revocations: ...
    def ping(
        self,
        *,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> _auth.Health: ...
    def get_version(
        self,
        *,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> _auth.Version: ...
    def get_version_as_caller(
        self,
        *,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> _auth.Version: ...
    def get_liveness(
        self,
        *,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> _auth.Health: ...
    def get_readiness(
        self,
        *,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> _auth.Health: ...
    def get_document(
        self,
        *,
        if_none_match: str | None = ...,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> dict[str, _t.Any] | None: ...
    def get_document_as_yaml(
        self,
        *,
        if_none_match: str | None = ...,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> bytes | None: ...
    def get_docs(
        self,
        *,
        if_none_match: str | None = ...,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> str | None: ...
    def get_docs_file(
        self,
        *,
        file: str,
        if_none_match: str | None = ...,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> str | bytes | None: ...
    def get_operation(
        self,
        *,
        operation_id: str,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> _auth.Operation: ...
    def follow_operation(
        self,
        *,
        operation_id: str,
        last_event_id: str | None = ...,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> str | None: ...
    def cancel_operation(
        self,
        *,
        operation_id: str,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> _auth.Operation: ...
    def list_all_operations(
        self,
        *,
        status: _t.Literal['parked', 'queued', 'running'] | None = ...,
        task: str | None = ...,
        after: str | None = ...,
        limit: int | None = ...,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> _auth.OperationPage: ...
    def get_any_operation(
        self,
        *,
        operation_id: str,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> _auth.OperationDetails: ...
    def replay_operation(
        self,
        *,
        operation_id: str,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> _auth.OperationDetails: ...
    def discard_operation(
        self,
        *,
        operation_id: str,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> _auth.OperationDetails: ...
    def cancel_any_operation(
        self,
        *,
        operation_id: str,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> _auth.OperationDetails: ...

class _profiles:
    class NewProfile(ApiObject):
        profile_id: str
        name: str
        def __init__(
            self,
            *,
            profile_id: str,
            name: str,
        ) -> None: ...
    class ProfileChanges(ApiObject):
        name: str | None
        bio: str | None
        def __init__(
            self,
            *,
            name: str = ...,
            bio: str = ...,
        ) -> None: ...
    class Profile(ApiObject):
        profile_id: str
        name: str
        bio: str
        created_at: _datetime.datetime
        updated_at: _datetime.datetime
        def __init__(
            self,
            *,
            profile_id: str,
            name: str,
            bio: str,
            created_at: _datetime.datetime | str,
            updated_at: _datetime.datetime | str,
        ) -> None: ...
    class Problem(ApiObject):
        type: str
        title: str
        status: int
        code: str
        detail: str | None
        instance: str | None
        request_id: str
        error_id: str | None
        user_message: str | None
        errors: _abc.MutableSequence[_profiles._Problem_errors] | None
        def __init__(
            self,
            *,
            type: str,
            title: str,
            status: int,
            code: str,
            detail: str = ...,
            instance: str = ...,
            request_id: str,
            error_id: str = ...,
            user_message: str = ...,
            errors: _abc.Sequence[_profiles._Problem_errors | _abc.Mapping[str, _t.Any]] = ...,
            **further: _t.Any,
        ) -> None: ...
    class Version(ApiObject):
        service: str
        version: str
        commit: str | None
        caller: str | None
        def __init__(
            self,
            *,
            service: str,
            version: str,
            commit: str = ...,
            caller: str = ...,
            **further: _t.Any,
        ) -> None: ...
    class Health(ApiObject):
        status: _t.Literal['ok']
        checks: _abc.MutableMapping[str, _profiles._Health_checks] | None
        def __init__(
            self,
            *,
            status: _t.Literal['ok'],
            checks: _abc.Mapping[str, _profiles._Health_checks | _abc.Mapping[str, _t.Any]] = ...,
            **further: _t.Any,
        ) -> None: ...
    class _Problem_errors(ApiObject):
        detail: str
        pointer: str | None
        parameter: str | None
        def __init__(
            self,
            *,
            detail: str,
            pointer: str = ...,
            parameter: str = ...,
            **further: _t.Any,
        ) -> None: ...
    class _Health_checks(ApiObject):
        ok: bool
        milliseconds: float | None
        error: str | None
        workers: int | None
        oldest_waiting_seconds: float | None
        def __init__(
            self,
            *,
            ok: bool,
            milliseconds: float | _decimal.Decimal = ...,
            error: str = ...,
            workers: int = ...,
            oldest_waiting_seconds: float | _decimal.Decimal = ...,
            **further: _t.Any,
        ) -> None: ...

class _profiles_models:
    class NewProfile(_profiles.NewProfile):
        profile_id: str
        name: str
        def __init__(
            self,
            *,
            profile_id: str,
            name: str,
        ) -> None: ...
    class ProfileChanges(_profiles.ProfileChanges):
        name: str | None
        bio: str | None
        def __init__(
            self,
            *,
            name: str = ...,
            bio: str = ...,
        ) -> None: ...
    class Profile(services.profiles.models.StoredProfile, _profiles.Profile):
        profile_id: str
        name: str
        bio: str
        created_at: _datetime.datetime
        updated_at: _datetime.datetime
        def __init__(
            self,
            *,
            profile_id: str,
            name: str,
            bio: str,
            created_at: _datetime.datetime | str,
            updated_at: _datetime.datetime | str,
        ) -> None: ...
    class Problem(_profiles.Problem):
        type: str
        title: str
        status: int
        code: str
        detail: str | None
        instance: str | None
        request_id: str
        error_id: str | None
        user_message: str | None
        errors: _abc.MutableSequence[_profiles_models._Problem_errors] | None
        def __init__(
            self,
            *,
            type: str,
            title: str,
            status: int,
            code: str,
            detail: str = ...,
            instance: str = ...,
            request_id: str,
            error_id: str = ...,
            user_message: str = ...,
            errors: _abc.Sequence[_profiles_models._Problem_errors | _abc.Mapping[str, _t.Any]] = ...,
            **further: _t.Any,
        ) -> None: ...
    class Version(_profiles.Version):
        service: str
        version: str
        commit: str | None
        caller: str | None
        def __init__(
            self,
            *,
            service: str,
            version: str,
            commit: str = ...,
            caller: str = ...,
            **further: _t.Any,
        ) -> None: ...
    class Health(_profiles.Health):
        status: _t.Literal['ok']
        checks: _abc.MutableMapping[str, _profiles_models._Health_checks] | None
        def __init__(
            self,
            *,
            status: _t.Literal['ok'],
            checks: _abc.Mapping[str, _profiles_models._Health_checks | _abc.Mapping[str, _t.Any]] = ...,
            **further: _t.Any,
        ) -> None: ...
    class _Problem_errors(_profiles._Problem_errors):
        detail: str
        pointer: str | None
        parameter: str | None
        def __init__(
            self,
            *,
            detail: str,
            pointer: str = ...,
            parameter: str = ...,
            **further: _t.Any,
        ) -> None: ...
    class _Health_checks(_profiles._Health_checks):
        ok: bool
        milliseconds: float | None
        error: str | None
        workers: int | None
        oldest_waiting_seconds: float | None
        def __init__(
            self,
            *,
            ok: bool,
            milliseconds: float | _decimal.Decimal = ...,
            error: str = ...,
            workers: int = ...,
            oldest_waiting_seconds: float | _decimal.Decimal = ...,
            **further: _t.Any,
        ) -> None: ...

class _profiles_client(_profiles, ApiClient):
    def create_profile(
        self,
        *,
        body: _profiles.NewProfile | _abc.Mapping[str, _t.Any],
        auth: str | None = ...,
        timeout: float = ...,
    ) -> _profiles.Profile: ...
    def get_profile(
        self,
        *,
        profile_id: str,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> _profiles.Profile: ...
    def delete_profile(
        self,
        *,
        profile_id: str,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> None: ...
    def update_profile(
        self,
        *,
        profile_id: str,
        body: _profiles.ProfileChanges | _abc.Mapping[str, _t.Any],
        auth: str | None = ...,
        timeout: float = ...,
    ) -> _profiles.Profile: ...
    def ping(
        self,
        *,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> _profiles.Health: ...
    def get_version(
        self,
        *,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> _profiles.Version: ...
    def get_version_as_caller(
        self,
        *,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> _profiles.Version: ...
    def get_liveness(
        self,
        *,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> _profiles.Health: ...
    def get_readiness(
        self,
        *,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> _profiles.Health: ...
    def get_document(
        self,
        *,
        if_none_match: str | None = ...,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> dict[str, _t.Any] | None: ...
    def get_document_as_yaml(
        self,
        *,
        if_none_match: str | None = ...,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> bytes | None: ...
    def get_docs(
        self,
        *,
        if_none_match: str | None = ...,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> str | None: ...
    def get_docs_file(
        self,
        *,
        file: str,
        if_none_match: str | None = ...,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> str | bytes | None: ...

class _todos:
    class Erasure(ApiObject):
        owner: str
        def __init__(
            self,
            *,
            owner: str,
        ) -> None: ...
    class Erased(ApiObject):
        erased: int
        more: bool
        def __init__(
            self,
            *,
            erased: int,
            more: bool,
        ) -> None: ...
    class Problem(ApiObject):
        type: str
        title: str
        status: int
        code: str
        detail: str | None
        instance: str | None
        request_id: str
        error_id: str | None
        user_message: str | None
        errors: _abc.MutableSequence[_todos._Problem_errors] | None
        def __init__(
            self,
            *,
            type: str,
            title: str,
            status: int,
            code: str,
            detail: str = ...,
            instance: str = ...,
            request_id: str,
            error_id: str = ...,
            user_message: str = ...,
            errors: _abc.Sequence[_todos._Problem_errors | _abc.Mapping[str, _t.Any]] = ...,
            **further: _t.Any,
        ) -> None: ...
    class Version(ApiObject):
        service: str
        version: str
        commit: str | None
        caller: str | None
        def __init__(
            self,
            *,
            service: str,
            version: str,
            commit: str = ...,
            caller: str = ...,
            **further: _t.Any,
        ) -> None: ...
    class Health(ApiObject):
        status: _t.Literal['ok']
        checks: _abc.MutableMapping[str, _todos._Health_checks] | None
        def __init__(
            self,
            *,
            status: _t.Literal['ok'],
            checks: _abc.Mapping[str, _todos._Health_checks | _abc.Mapping[str, _t.Any]] = ...,
            **further: _t.Any,
        ) -> None: ...
    class Operation(ApiObject):
        id: str
        task: str
        status: _t.Literal['queued', 'running', 'succeeded', 'failed', 'cancelled']
        progress: float
        message: str | None
        result: _t.Any | None
        problem: dict[str, _t.Any] | None
        created_at: _datetime.datetime
        started_at: _datetime.datetime | None
        updated_at: _datetime.datetime
        finished_at: _datetime.datetime | None
        cancel_asked_at: _datetime.datetime | None
        def __init__(
            self,
            *,
            id: str,
            task: str,
            status: _t.Literal['queued', 'running', 'succeeded', 'failed', 'cancelled'],
            progress: float | _decimal.Decimal,
            message: str = ...,
            result: _t.Any = ...,
            problem: _abc.Mapping[str, _t.Any] = ...,
            created_at: _datetime.datetime | str,
            started_at: _datetime.datetime | str = ...,
            updated_at: _datetime.datetime | str,
            finished_at: _datetime.datetime | str = ...,
            cancel_asked_at: _datetime.datetime | str = ...,
            **further: _t.Any,
        ) -> None: ...
    class OperationPage(ApiObject):
        items: _abc.MutableSequence[_todos.OperationSummary]
        next: str | None
        def __init__(
            self,
            *,
            items: _abc.Sequence[_todos.OperationSummary | _abc.Mapping[str, _t.Any]],
            next: str = ...,
        ) -> None: ...
    class OperationSummary(ApiObject):
        id: str
        task: str
        status: _t.Literal['queued', 'running', 'succeeded', 'failed', 'cancelled']
        parked: bool
        owner: str | None
        attempts: int
        queue: str | None
        code: str | None
        not_before: _datetime.datetime | None
        created_at: _datetime.datetime
        started_at: _datetime.datetime | None
        updated_at: _datetime.datetime
        finished_at: _datetime.datetime | None
        def __init__(
            self,
            *,
            id: str,
            task: str,
            status: _t.Literal['queued', 'running', 'succeeded', 'failed', 'cancelled'],
            parked: bool,
            owner: str = ...,
            attempts: int,
            queue: str = ...,
            code: str = ...,
            not_before: _datetime.datetime | str = ...,
            created_at: _datetime.datetime | str,
            started_at: _datetime.datetime | str = ...,
            updated_at: _datetime.datetime | str,
            finished_at: _datetime.datetime | str = ...,
        ) -> None: ...
    class OperationDetails(ApiObject):
        caller: dict[str, _t.Any] | None
        arguments: dict[str, _t.Any]
        version: int | None
        unique: bool
        priority: int | None
        request_id: str
        traceparent: str | None
        progress: float | None
        message: str | None
        problem: dict[str, _t.Any] | None
        history: _abc.MutableSequence[_todos._OperationDetails_history]
        publications: int | None
        due: _datetime.datetime | None
        cancel_asked_at: _datetime.datetime | None
        expires_at: _datetime.datetime | None
        id: str
        task: str
        status: _t.Literal['queued', 'running', 'succeeded', 'failed', 'cancelled']
        parked: bool
        owner: str | None
        attempts: int
        queue: str | None
        code: str | None
        not_before: _datetime.datetime | None
        created_at: _datetime.datetime
        started_at: _datetime.datetime | None
        updated_at: _datetime.datetime
        finished_at: _datetime.datetime | None
        def __init__(
            self,
            *,
            caller: _abc.Mapping[str, _t.Any] = ...,
            arguments: _abc.Mapping[str, _t.Any],
            version: int = ...,
            unique: bool,
            priority: int = ...,
            request_id: str,
            traceparent: str = ...,
            progress: float | _decimal.Decimal = ...,
            message: str = ...,
            problem: _abc.Mapping[str, _t.Any] = ...,
            history: _abc.Sequence[_todos._OperationDetails_history | _abc.Mapping[str, _t.Any]],
            publications: int = ...,
            due: _datetime.datetime | str = ...,
            cancel_asked_at: _datetime.datetime | str = ...,
            expires_at: _datetime.datetime | str = ...,
            id: str,
            task: str,
            status: _t.Literal['queued', 'running', 'succeeded', 'failed', 'cancelled'],
            parked: bool,
            owner: str = ...,
            attempts: int,
            queue: str = ...,
            code: str = ...,
            not_before: _datetime.datetime | str = ...,
            created_at: _datetime.datetime | str,
            started_at: _datetime.datetime | str = ...,
            updated_at: _datetime.datetime | str,
            finished_at: _datetime.datetime | str = ...,
        ) -> None: ...
    class Todo(ApiObject):
        created_at: _datetime.datetime
        done: bool
        due_at: _datetime.datetime | None
        estimate: int | None
        id: str
        notes: str
        place: _todos._Todo_place | None
        priority: int
        state: str
        tags: list[str]
        title: str
        updated_at: _datetime.datetime
        version: int
        def __init__(
            self,
            *,
            created_at: _datetime.datetime | str,
            done: bool,
            due_at: _datetime.datetime | str | None,
            estimate: int | None,
            id: str,
            notes: str,
            place: _todos._Todo_place | _abc.Mapping[str, _t.Any] | None,
            priority: int,
            state: str,
            tags: _abc.Sequence[str],
            title: str,
            updated_at: _datetime.datetime | str,
            version: int,
        ) -> None: ...
    class NewTodo(ApiObject):
        done: bool | None
        due_at: _datetime.datetime | None
        estimate: int | None
        notes: str | None
        place: _todos._NewTodo_place | None
        priority: int | None
        state: _t.Literal['active', 'someday', 'archived'] | None
        tags: list[str] | None
        title: str
        def __init__(
            self,
            *,
            done: bool = ...,
            due_at: _datetime.datetime | str | None = ...,
            estimate: int | None = ...,
            notes: str = ...,
            place: _todos._NewTodo_place | _abc.Mapping[str, _t.Any] | None = ...,
            priority: int = ...,
            state: _t.Literal['active', 'someday', 'archived'] = ...,
            tags: _abc.Sequence[str] = ...,
            title: str,
        ) -> None: ...
    class TodoChanges(ApiObject):
        done: bool | None
        due_at: _datetime.datetime | None
        estimate: int | None
        notes: str | None
        place: _todos._TodoChanges_place | None
        priority: int | None
        state: _t.Literal['active', 'someday', 'archived'] | None
        tags: list[str] | None
        title: str | None
        def __init__(
            self,
            *,
            done: bool = ...,
            due_at: _datetime.datetime | str | None = ...,
            estimate: int | None = ...,
            notes: str = ...,
            place: _todos._TodoChanges_place | _abc.Mapping[str, _t.Any] | None = ...,
            priority: int = ...,
            state: _t.Literal['active', 'someday', 'archived'] = ...,
            tags: _abc.Sequence[str] = ...,
            title: str = ...,
        ) -> None: ...
    class TodoReplacement(ApiObject):
        done: bool | None
        due_at: _datetime.datetime | None
        estimate: int | None
        notes: str | None
        place: _todos._TodoReplacement_place | None
        priority: int | None
        state: _t.Literal['active', 'someday', 'archived'] | None
        tags: list[str] | None
        title: str
        def __init__(
            self,
            *,
            done: bool = ...,
            due_at: _datetime.datetime | str | None = ...,
            estimate: int | None = ...,
            notes: str = ...,
            place: _todos._TodoReplacement_place | _abc.Mapping[str, _t.Any] | None = ...,
            priority: int = ...,
            state: _t.Literal['active', 'someday', 'archived'] = ...,
            tags: _abc.Sequence[str] = ...,
            title: str,
        ) -> None: ...
    class TodoPage(ApiObject):
        items: _abc.MutableSequence[_todos.Todo]
        meta: _todos._TodoPage_meta
        def __init__(
            self,
            *,
            items: _abc.Sequence[_todos.Todo | _abc.Mapping[str, _t.Any]],
            meta: _todos._TodoPage_meta | _abc.Mapping[str, _t.Any],
        ) -> None: ...
    class TodoSample(ApiObject):
        items: _abc.MutableSequence[_todos.Todo]
        meta: _todos._TodoSample_meta
        def __init__(
            self,
            *,
            items: _abc.Sequence[_todos.Todo | _abc.Mapping[str, _t.Any]],
            meta: _todos._TodoSample_meta | _abc.Mapping[str, _t.Any],
        ) -> None: ...
    class TodoGroups(ApiObject):
        items: _abc.MutableSequence[_todos._TodoGroups_items]
        meta: _todos._TodoGroups_meta
        def __init__(
            self,
            *,
            items: _abc.Sequence[_todos._TodoGroups_items | _abc.Mapping[str, _t.Any]],
            meta: _todos._TodoGroups_meta | _abc.Mapping[str, _t.Any],
        ) -> None: ...
    class TodoStats(ApiObject):
        stats: _todos._TodoStats_stats
        meta: _todos._TodoStats_meta
        def __init__(
            self,
            *,
            stats: _todos._TodoStats_stats | _abc.Mapping[str, _t.Any],
            meta: _todos._TodoStats_meta | _abc.Mapping[str, _t.Any],
        ) -> None: ...
    class TodoWhere(ApiObject):
        and_: _abc.MutableSequence[_todos.TodoWhere] | None
        or_: _abc.MutableSequence[_todos.TodoWhere] | None
        not_: _todos.TodoWhere | None
        id: str | _todos._TodoWhereText_3 | None
        title: str | _todos._TodoWhereText_3 | None
        done: bool | _todos._TodoWhereBoolean_3 | None
        notes: str | _todos._TodoWhereText_3 | None
        tags: _todos._TodoWhereTexts_2 | None
        priority: float | _todos._TodoWhereNumber_3 | None
        due_at: _datetime.datetime | _todos._TodoWhereTime_3 | None
        estimate: float | _todos._TodoWhereNumber_3 | None
        place: _todos._TodoWhereGeometry_2 | None
        state: str | _todos._TodoWhereText_3 | None
        created_at: _datetime.datetime | _todos._TodoWhereTime_3 | None
        updated_at: _datetime.datetime | _todos._TodoWhereTime_3 | None
        def __init__(
            self,
            *,
            and_: _abc.Sequence[_todos.TodoWhere | _abc.Mapping[str, _t.Any]] = ...,
            or_: _abc.Sequence[_todos.TodoWhere | _abc.Mapping[str, _t.Any]] = ...,
            not_: _todos.TodoWhere | _abc.Mapping[str, _t.Any] = ...,
            id: str | _todos._TodoWhereText_3 | _abc.Mapping[str, _t.Any] | None = ...,
            title: str | _todos._TodoWhereText_3 | _abc.Mapping[str, _t.Any] | None = ...,
            done: bool | _todos._TodoWhereBoolean_3 | _abc.Mapping[str, _t.Any] | None = ...,
            notes: str | _todos._TodoWhereText_3 | _abc.Mapping[str, _t.Any] | None = ...,
            tags: _todos._TodoWhereTexts_2 | _abc.Mapping[str, _t.Any] | None = ...,
            priority: float | _decimal.Decimal | _todos._TodoWhereNumber_3 | _abc.Mapping[str, _t.Any] | None = ...,
            due_at: _datetime.datetime | str | _todos._TodoWhereTime_3 | _abc.Mapping[str, _t.Any] | None = ...,
            estimate: float | _decimal.Decimal | _todos._TodoWhereNumber_3 | _abc.Mapping[str, _t.Any] | None = ...,
            place: _todos._TodoWhereGeometry_2 | _abc.Mapping[str, _t.Any] | None = ...,
            state: str | _todos._TodoWhereText_3 | _abc.Mapping[str, _t.Any] | None = ...,
            created_at: _datetime.datetime | str | _todos._TodoWhereTime_3 | _abc.Mapping[str, _t.Any] | None = ...,
            updated_at: _datetime.datetime | str | _todos._TodoWhereTime_3 | _abc.Mapping[str, _t.Any] | None = ...,
        ) -> None: ...
    TodoWhereGeometryOperand: _t.TypeAlias = _todos._TodoWhereGeometryOperand_1 | _todos._TodoWhereGeometryOperand_2 | _todos._TodoWhereGeometryOperand_3
    class TodoWhereGeometryOperand1(ApiObject):
        geometry: _todos._TodoWhereGeometryOperand1_geometry_1 | _todos._TodoWhereGeometryOperand1_geometry_2 | _todos._TodoWhereGeometryOperand1_geometry_3
        distance: float
        def __init__(
            self,
            *,
            geometry: _todos._TodoWhereGeometryOperand1_geometry_1 | _abc.Mapping[str, _t.Any] | _todos._TodoWhereGeometryOperand1_geometry_2 | _todos._TodoWhereGeometryOperand1_geometry_3,
            distance: float | _decimal.Decimal,
        ) -> None: ...
    class _Todo_place(ApiObject):
        type: _t.Literal['Point']
        coordinates: list[_t.Any]
        def __init__(
            self,
            *,
            type: _t.Literal['Point'],
            coordinates: _abc.Sequence[_t.Any],
        ) -> None: ...
    class _NewTodo_place(ApiObject):
        type: _t.Literal['Point']
        coordinates: list[_t.Any]
        def __init__(
            self,
            *,
            type: _t.Literal['Point'],
            coordinates: _abc.Sequence[_t.Any],
        ) -> None: ...
    class _TodoChanges_place(ApiObject):
        type: _t.Literal['Point']
        coordinates: list[_t.Any]
        def __init__(
            self,
            *,
            type: _t.Literal['Point'],
            coordinates: _abc.Sequence[_t.Any],
        ) -> None: ...
    class _TodoReplacement_place(ApiObject):
        type: _t.Literal['Point']
        coordinates: list[_t.Any]
        def __init__(
            self,
            *,
            type: _t.Literal['Point'],
            coordinates: _abc.Sequence[_t.Any],
        ) -> None: ...
    class _TodoPage_meta(ApiObject):
        next: str | None
        prev: str | None
        has_more: bool
        examined: int
        truncated: bool
        total: int | None
        total_exact: bool | None
        explain: dict[str, _t.Any] | None
        def __init__(
            self,
            *,
            next: str | None,
            prev: str | None,
            has_more: bool,
            examined: int,
            truncated: bool,
            total: int | None = ...,
            total_exact: bool = ...,
            explain: _abc.Mapping[str, _t.Any] = ...,
            **further: _t.Any,
        ) -> None: ...
    class _TodoSample_meta(ApiObject):
        exact: bool
        examined: int
        explain: dict[str, _t.Any] | None
        def __init__(
            self,
            *,
            exact: bool,
            examined: int,
            explain: _abc.Mapping[str, _t.Any] = ...,
            **further: _t.Any,
        ) -> None: ...
    class _TodoGroups_meta(ApiObject):
        exact: bool
        examined: int
        explain: dict[str, _t.Any] | None
        def __init__(
            self,
            *,
            exact: bool,
            examined: int,
            explain: _abc.Mapping[str, _t.Any] = ...,
            **further: _t.Any,
        ) -> None: ...
    class _TodoStats_stats(ApiObject):
        estimate: _todos._TodoStats_stats_estimate | None
        priority: _todos._TodoStats_stats_priority | None
        due_at: _todos._TodoStats_stats_due_at | None
        def __init__(
            self,
            *,
            estimate: _todos._TodoStats_stats_estimate | _abc.Mapping[str, _t.Any] = ...,
            priority: _todos._TodoStats_stats_priority | _abc.Mapping[str, _t.Any] = ...,
            due_at: _todos._TodoStats_stats_due_at | _abc.Mapping[str, _t.Any] = ...,
        ) -> None: ...
    class _TodoStats_meta(ApiObject):
        exact: bool
        examined: int
        explain: dict[str, _t.Any] | None
        def __init__(
            self,
            *,
            exact: bool,
            examined: int,
            explain: _abc.Mapping[str, _t.Any] = ...,
            **further: _t.Any,
        ) -> None: ...
    class _TodoWhereGeometryOperand_1(ApiObject):
        type: _t.Literal['Point', 'POINT']
        coordinates: list[_t.Any]
        def __init__(
            self,
            *,
            type: _t.Literal['Point', 'POINT'],
            coordinates: _abc.Sequence[_t.Any],
        ) -> None: ...
    class _TodoWhereGeometryOperand_2(ApiObject):
        type: _t.Literal['LineString', 'LINE', 'LINESTRING']
        coordinates: list[list[_t.Any]]
        def __init__(
            self,
            *,
            type: _t.Literal['LineString', 'LINE', 'LINESTRING'],
            coordinates: _abc.Sequence[_abc.Sequence[_t.Any]],
        ) -> None: ...
    class _TodoWhereGeometryOperand_3(ApiObject):
        type: _t.Literal['Polygon', 'POLYGON']
        coordinates: list[list[list[_t.Any]]]
        def __init__(
            self,
            *,
            type: _t.Literal['Polygon', 'POLYGON'],
            coordinates: _abc.Sequence[_abc.Sequence[_abc.Sequence[_t.Any]]],
        ) -> None: ...
    class _Problem_errors(ApiObject):
        detail: str
        pointer: str | None
        parameter: str | None
        def __init__(
            self,
            *,
            detail: str,
            pointer: str = ...,
            parameter: str = ...,
            **further: _t.Any,
        ) -> None: ...
    class _Health_checks(ApiObject):
        ok: bool
        milliseconds: float | None
        error: str | None
        workers: int | None
        oldest_waiting_seconds: float | None
        def __init__(
            self,
            *,
            ok: bool,
            milliseconds: float | _decimal.Decimal = ...,
            error: str = ...,
            workers: int = ...,
            oldest_waiting_seconds: float | _decimal.Decimal = ...,
            **further: _t.Any,
        ) -> None: ...
    class _OperationDetails_history(ApiObject):
        at: str | None
        attempt: int | None
        code: str | None
        seconds: float | None
        def __init__(
            self,
            *,
            at: str | None = ...,
            attempt: int = ...,
            code: str | None = ...,
            seconds: float | _decimal.Decimal | None = ...,
            **further: _t.Any,
        ) -> None: ...
    class _TodoGroups_items(ApiObject):
        value: _t.Any
        count: int
        def __init__(
            self,
            *,
            value: _t.Any,
            count: int,
        ) -> None: ...
    class _TodoStats_stats_estimate(ApiObject):
        min: _t.Any
        max: _t.Any
        sum: _t.Any | None
        avg: _t.Any | None
        count: int
        def __init__(
            self,
            *,
            min: _t.Any,
            max: _t.Any,
            sum: _t.Any = ...,
            avg: _t.Any = ...,
            count: int,
        ) -> None: ...
    class _TodoStats_stats_priority(ApiObject):
        min: _t.Any
        max: _t.Any
        sum: _t.Any | None
        avg: _t.Any | None
        count: int
        def __init__(
            self,
            *,
            min: _t.Any,
            max: _t.Any,
            sum: _t.Any = ...,
            avg: _t.Any = ...,
            count: int,
        ) -> None: ...
    class _TodoStats_stats_due_at(ApiObject):
        min: _t.Any
        max: _t.Any
        sum: _t.Any | None
        avg: _t.Any | None
        count: int
        def __init__(
            self,
            *,
            min: _t.Any,
            max: _t.Any,
            sum: _t.Any = ...,
            avg: _t.Any = ...,
            count: int,
        ) -> None: ...
    class _TodoWhereText_3(ApiObject):
        and_: _abc.MutableSequence[str | _todos._TodoWhereText_3 | None] | None
        or_: _abc.MutableSequence[str | _todos._TodoWhereText_3 | None] | None
        not_: str | _todos._TodoWhereText_3 | None
        exists: bool | None
        eq: str | None
        ne: str | None
        in_: list[str] | None
        nin: list[str] | None
        lt: str | None
        lte: str | None
        gt: str | None
        gte: str | None
        between: list[str] | None
        startswith: str | None
        contains: str | None
        icontains: str | None
        like: str | None
        ilike: str | None
        le: str | None
        ge: str | None
        def __init__(
            self,
            *,
            and_: _abc.Sequence[str | _todos._TodoWhereText_3 | _abc.Mapping[str, _t.Any] | None] = ...,
            or_: _abc.Sequence[str | _todos._TodoWhereText_3 | _abc.Mapping[str, _t.Any] | None] = ...,
            not_: str | _todos._TodoWhereText_3 | _abc.Mapping[str, _t.Any] | None = ...,
            exists: bool = ...,
            eq: str | None = ...,
            ne: str | None = ...,
            in_: _abc.Sequence[str] = ...,
            nin: _abc.Sequence[str] = ...,
            lt: str = ...,
            lte: str = ...,
            gt: str = ...,
            gte: str = ...,
            between: _abc.Sequence[str] = ...,
            startswith: str = ...,
            contains: str = ...,
            icontains: str = ...,
            like: str = ...,
            ilike: str = ...,
            le: str = ...,
            ge: str = ...,
        ) -> None: ...
    class _TodoWhereBoolean_3(ApiObject):
        and_: _abc.MutableSequence[bool | _todos._TodoWhereBoolean_3 | None] | None
        or_: _abc.MutableSequence[bool | _todos._TodoWhereBoolean_3 | None] | None
        not_: bool | _todos._TodoWhereBoolean_3 | None
        exists: bool | None
        eq: bool | None
        ne: bool | None
        in_: list[bool] | None
        nin: list[bool] | None
        def __init__(
            self,
            *,
            and_: _abc.Sequence[bool | _todos._TodoWhereBoolean_3 | _abc.Mapping[str, _t.Any] | None] = ...,
            or_: _abc.Sequence[bool | _todos._TodoWhereBoolean_3 | _abc.Mapping[str, _t.Any] | None] = ...,
            not_: bool | _todos._TodoWhereBoolean_3 | _abc.Mapping[str, _t.Any] | None = ...,
            exists: bool = ...,
            eq: bool | None = ...,
            ne: bool | None = ...,
            in_: _abc.Sequence[bool] = ...,
            nin: _abc.Sequence[bool] = ...,
        ) -> None: ...
    class _TodoWhereTexts_2(ApiObject):
        and_: _abc.MutableSequence[_todos._TodoWhereTexts_2 | None] | None
        or_: _abc.MutableSequence[_todos._TodoWhereTexts_2 | None] | None
        not_: _todos._TodoWhereTexts_2 | None
        exists: bool | None
        eq: None
        ne: None
        contains: str | None
        def __init__(
            self,
            *,
            and_: _abc.Sequence[_todos._TodoWhereTexts_2 | _abc.Mapping[str, _t.Any] | None] = ...,
            or_: _abc.Sequence[_todos._TodoWhereTexts_2 | _abc.Mapping[str, _t.Any] | None] = ...,
            not_: _todos._TodoWhereTexts_2 | _abc.Mapping[str, _t.Any] | None = ...,
            exists: bool = ...,
            eq: None = ...,
            ne: None = ...,
            contains: str = ...,
        ) -> None: ...
    class _TodoWhereNumber_3(ApiObject):
        and_: _abc.MutableSequence[float | _todos._TodoWhereNumber_3 | None] | None
        or_: _abc.MutableSequence[float | _todos._TodoWhereNumber_3 | None] | None
        not_: float | _todos._TodoWhereNumber_3 | None
        exists: bool | None
        eq: float | None
        ne: float | None
        in_: list[float] | None
        nin: list[float] | None
        lt: float | None
        lte: float | None
        gt: float | None
        gte: float | None
        between: list[float] | None
        le: float | None
        ge: float | None
        def __init__(
            self,
            *,
            and_: _abc.Sequence[float | _decimal.Decimal | _todos._TodoWhereNumber_3 | _abc.Mapping[str, _t.Any] | None] = ...,
            or_: _abc.Sequence[float | _decimal.Decimal | _todos._TodoWhereNumber_3 | _abc.Mapping[str, _t.Any] | None] = ...,
            not_: float | _decimal.Decimal | _todos._TodoWhereNumber_3 | _abc.Mapping[str, _t.Any] | None = ...,
            exists: bool = ...,
            eq: float | _decimal.Decimal | None = ...,
            ne: float | _decimal.Decimal | None = ...,
            in_: _abc.Sequence[float | _decimal.Decimal] = ...,
            nin: _abc.Sequence[float | _decimal.Decimal] = ...,
            lt: float | _decimal.Decimal = ...,
            lte: float | _decimal.Decimal = ...,
            gt: float | _decimal.Decimal = ...,
            gte: float | _decimal.Decimal = ...,
            between: _abc.Sequence[float | _decimal.Decimal] = ...,
            le: float | _decimal.Decimal = ...,
            ge: float | _decimal.Decimal = ...,
        ) -> None: ...
    class _TodoWhereTime_3(ApiObject):
        and_: _abc.MutableSequence[_datetime.datetime | _todos._TodoWhereTime_3 | None] | None
        or_: _abc.MutableSequence[_datetime.datetime | _todos._TodoWhereTime_3 | None] | None
        not_: _datetime.datetime | _todos._TodoWhereTime_3 | None
        exists: bool | None
        eq: _datetime.datetime | None
        ne: _datetime.datetime | None
        in_: _abc.MutableSequence[_datetime.datetime] | None
        nin: _abc.MutableSequence[_datetime.datetime] | None
        lt: _datetime.datetime | None
        lte: _datetime.datetime | None
        gt: _datetime.datetime | None
        gte: _datetime.datetime | None
        between: _abc.MutableSequence[_datetime.datetime] | None
        le: _datetime.datetime | None
        ge: _datetime.datetime | None
        def __init__(
            self,
            *,
            and_: _abc.Sequence[_datetime.datetime | str | _todos._TodoWhereTime_3 | _abc.Mapping[str, _t.Any] | None] = ...,
            or_: _abc.Sequence[_datetime.datetime | str | _todos._TodoWhereTime_3 | _abc.Mapping[str, _t.Any] | None] = ...,
            not_: _datetime.datetime | str | _todos._TodoWhereTime_3 | _abc.Mapping[str, _t.Any] | None = ...,
            exists: bool = ...,
            eq: _datetime.datetime | str | None = ...,
            ne: _datetime.datetime | str | None = ...,
            in_: _abc.Sequence[_datetime.datetime | str] = ...,
            nin: _abc.Sequence[_datetime.datetime | str] = ...,
            lt: _datetime.datetime | str = ...,
            lte: _datetime.datetime | str = ...,
            gt: _datetime.datetime | str = ...,
            gte: _datetime.datetime | str = ...,
            between: _abc.Sequence[_datetime.datetime | str] = ...,
            le: _datetime.datetime | str = ...,
            ge: _datetime.datetime | str = ...,
        ) -> None: ...
    class _TodoWhereGeometry_2(ApiObject):
        and_: _abc.MutableSequence[_todos._TodoWhereGeometry_2 | None] | None
        or_: _abc.MutableSequence[_todos._TodoWhereGeometry_2 | None] | None
        not_: _todos._TodoWhereGeometry_2 | None
        exists: bool | None
        eq: None
        ne: None
        geo_contains: _todos._TodoWhereGeometryOperand_1 | _todos._TodoWhereGeometryOperand_2 | _todos._TodoWhereGeometryOperand_3 | None
        geo_equals: _todos._TodoWhereGeometryOperand_1 | _todos._TodoWhereGeometryOperand_2 | _todos._TodoWhereGeometryOperand_3 | None
        geo_intersects: _todos._TodoWhereGeometryOperand_1 | _todos._TodoWhereGeometryOperand_2 | _todos._TodoWhereGeometryOperand_3 | None
        geo_overlaps: _todos._TodoWhereGeometryOperand_1 | _todos._TodoWhereGeometryOperand_2 | _todos._TodoWhereGeometryOperand_3 | None
        geo_touches: _todos._TodoWhereGeometryOperand_1 | _todos._TodoWhereGeometryOperand_2 | _todos._TodoWhereGeometryOperand_3 | None
        geo_within: _todos._TodoWhereGeometryOperand_1 | _todos._TodoWhereGeometryOperand_2 | _todos._TodoWhereGeometryOperand_3 | None
        geo_dwithin: _todos.TodoWhereGeometryOperand1 | None
        def __init__(
            self,
            *,
            and_: _abc.Sequence[_todos._TodoWhereGeometry_2 | _abc.Mapping[str, _t.Any] | None] = ...,
            or_: _abc.Sequence[_todos._TodoWhereGeometry_2 | _abc.Mapping[str, _t.Any] | None] = ...,
            not_: _todos._TodoWhereGeometry_2 | _abc.Mapping[str, _t.Any] | None = ...,
            exists: bool = ...,
            eq: None = ...,
            ne: None = ...,
            geo_contains: _todos._TodoWhereGeometryOperand_1 | _abc.Mapping[str, _t.Any] | _todos._TodoWhereGeometryOperand_2 | _todos._TodoWhereGeometryOperand_3 = ...,
            geo_equals: _todos._TodoWhereGeometryOperand_1 | _abc.Mapping[str, _t.Any] | _todos._TodoWhereGeometryOperand_2 | _todos._TodoWhereGeometryOperand_3 = ...,
            geo_intersects: _todos._TodoWhereGeometryOperand_1 | _abc.Mapping[str, _t.Any] | _todos._TodoWhereGeometryOperand_2 | _todos._TodoWhereGeometryOperand_3 = ...,
            geo_overlaps: _todos._TodoWhereGeometryOperand_1 | _abc.Mapping[str, _t.Any] | _todos._TodoWhereGeometryOperand_2 | _todos._TodoWhereGeometryOperand_3 = ...,
            geo_touches: _todos._TodoWhereGeometryOperand_1 | _abc.Mapping[str, _t.Any] | _todos._TodoWhereGeometryOperand_2 | _todos._TodoWhereGeometryOperand_3 = ...,
            geo_within: _todos._TodoWhereGeometryOperand_1 | _abc.Mapping[str, _t.Any] | _todos._TodoWhereGeometryOperand_2 | _todos._TodoWhereGeometryOperand_3 = ...,
            geo_dwithin: _todos.TodoWhereGeometryOperand1 | _abc.Mapping[str, _t.Any] = ...,
        ) -> None: ...
    class _TodoWhereGeometryOperand1_geometry_1(ApiObject):
        type: _t.Literal['Point', 'POINT']
        coordinates: list[_t.Any]
        def __init__(
            self,
            *,
            type: _t.Literal['Point', 'POINT'],
            coordinates: _abc.Sequence[_t.Any],
        ) -> None: ...
    class _TodoWhereGeometryOperand1_geometry_2(ApiObject):
        type: _t.Literal['LineString', 'LINE', 'LINESTRING']
        coordinates: list[list[_t.Any]]
        def __init__(
            self,
            *,
            type: _t.Literal['LineString', 'LINE', 'LINESTRING'],
            coordinates: _abc.Sequence[_abc.Sequence[_t.Any]],
        ) -> None: ...
    class _TodoWhereGeometryOperand1_geometry_3(ApiObject):
        type: _t.Literal['Polygon', 'POLYGON']
        coordinates: list[list[list[_t.Any]]]
        def __init__(
            self,
            *,
            type: _t.Literal['Polygon', 'POLYGON'],
            coordinates: _abc.Sequence[_abc.Sequence[_abc.Sequence[_t.Any]]],
        ) -> None: ...

class _todos_client(_todos, ApiClient):
    def list_todos(
        self,
        *,
        limit: int | None = ...,
        cursor: str | None = ...,
        page: int | None = ...,
        page_size: int | None = ...,
        where: str | None = ...,
        explain: bool | None = ...,
        sort_by: _abc.Sequence[_t.Literal['due_at', '-due_at', 'priority', '-priority', 'title', '-title', 'estimate', '-estimate', 'created_at', '-created_at', 'updated_at', '-updated_at']] | None = ...,
        count: _t.Literal['none', 'bounded', 'exact'] | None = ...,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> _todos.TodoPage: ...
    def create_todo(
        self,
        *,
        body: _todos.NewTodo | _abc.Mapping[str, _t.Any],
        idempotency_key: str | None = ...,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> _todos.Todo: ...
    def export_todos(
        self,
        *,
        idempotency_key: str | None = ...,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> _todos.Operation: ...
    def get_export(
        self,
        *,
        export_id: str,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> bytes: ...
    def erase_todos(
        self,
        *,
        body: _todos.Erasure | _abc.Mapping[str, _t.Any],
        auth: str | None = ...,
        timeout: float = ...,
    ) -> _todos.Erased: ...
    def ping(
        self,
        *,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> _todos.Health: ...
    def get_version(
        self,
        *,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> _todos.Version: ...
    def get_version_as_caller(
        self,
        *,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> _todos.Version: ...
    def get_liveness(
        self,
        *,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> _todos.Health: ...
    def get_readiness(
        self,
        *,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> _todos.Health: ...
    def get_document(
        self,
        *,
        if_none_match: str | None = ...,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> dict[str, _t.Any] | None: ...
    def get_document_as_yaml(
        self,
        *,
        if_none_match: str | None = ...,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> bytes | None: ...
    def get_docs(
        self,
        *,
        if_none_match: str | None = ...,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> str | None: ...
    def get_docs_file(
        self,
        *,
        file: str,
        if_none_match: str | None = ...,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> str | bytes | None: ...
    def get_operation(
        self,
        *,
        operation_id: str,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> _todos.Operation: ...
    def follow_operation(
        self,
        *,
        operation_id: str,
        last_event_id: str | None = ...,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> str | None: ...
    def cancel_operation(
        self,
        *,
        operation_id: str,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> _todos.Operation: ...
    def list_all_operations(
        self,
        *,
        status: _t.Literal['parked', 'queued', 'running'] | None = ...,
        task: str | None = ...,
        after: str | None = ...,
        limit: int | None = ...,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> _todos.OperationPage: ...
    def get_any_operation(
        self,
        *,
        operation_id: str,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> _todos.OperationDetails: ...
    def replay_operation(
        self,
        *,
        operation_id: str,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> _todos.OperationDetails: ...
    def discard_operation(
        self,
        *,
        operation_id: str,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> _todos.OperationDetails: ...
    def cancel_any_operation(
        self,
        *,
        operation_id: str,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> _todos.OperationDetails: ...
    def sample_todos(
        self,
        *,
        limit: int | None = ...,
        where: str | None = ...,
        explain: bool | None = ...,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> _todos.TodoSample: ...
    def measure_todos(
        self,
        *,
        fields: _abc.Sequence[_t.Literal['estimate', 'priority', 'due_at']],
        where: str | None = ...,
        explain: bool | None = ...,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> _todos.TodoStats: ...
    def group_todos(
        self,
        *,
        field: _t.Literal['done', 'tags', 'priority', 'state'],
        where: str | None = ...,
        explain: bool | None = ...,
        sort_by: _t.Literal['value', '-value', 'count', '-count'] | None = ...,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> _todos.TodoGroups: ...
    def get_todo(
        self,
        *,
        key: str,
        if_match: str | None = ...,
        if_none_match: str | None = ...,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> _todos.Todo | None: ...
    def replace_todo(
        self,
        *,
        key: str,
        body: _todos.TodoReplacement | _abc.Mapping[str, _t.Any],
        if_match: str | None = ...,
        if_none_match: str | None = ...,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> _todos.Todo: ...
    def delete_todo(
        self,
        *,
        key: str,
        if_match: str | None = ...,
        if_none_match: str | None = ...,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> None: ...
    def update_todo(
        self,
        *,
        key: str,
        body: _todos.TodoChanges | _abc.Mapping[str, _t.Any],
        if_match: str | None = ...,
        if_none_match: str | None = ...,
        auth: str | None = ...,
        timeout: float = ...,
    ) -> _todos.Todo: ...

class models(metaclass=_Folder):
    class auth(_auth, metaclass=_Contract): ...
    class profiles(_profiles_models, metaclass=_Contract): ...
    class todos(_todos, metaclass=_Contract): ...

class Clients(_Clients):
    @_b.property
    def auth(self) -> _auth_client: ...
    @_b.property
    def profiles(self) -> _profiles_client: ...
    @_b.property
    def todos(self) -> _todos_client: ...
