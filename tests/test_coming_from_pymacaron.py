"""docs/coming-from-pymacaron.md leaves nothing of PyMacaron out, and what it names instead is there."""

import datetime
import importlib
import inspect
import pydoc
import re
from typing import Any

import pytest

from libs import api, dynamodb, errors, jwt, service, tasks
from libs.api.binding.extensions import EXTENSIONS
from libs.service import testing
from testaccept import problems
from tests.tables import DOCS, named, quoted, section, table

GUIDE = "coming-from-pymacaron"
ROOT = DOCS.parent

# What there was, in 1.x, 2.x, pymacaron-async, -dynamodb, -unit, -aws, -docker and -gcp.
PYMACARON = {
    "In the contract": """
        x-bind-server operationId x-no-bind-server x-decorate-server x-auth-required x-bind-client
        x-decorate-request x-parent x-persist x-nullable x-mandatory host schemes basePath produces
        consumes required additionalProperties minLength pattern minimum formats=[SwaggerFormat(…)]
    """,
    "Starting a service": """
        host port debug log_level json_encoders timeout
        default_user_id ping_hook api.load_apis api.load_builtin_apis api.load_clients api.start(serve=…)
        api.publish_apis letsgo python:pymacaron.gunicorn load_swagger <api>_models.py <api>_app.py
        @app.route
    """,
    "Objects": """
        apipool ApiPool get_model(name) ApiPool.add ApiPool.merge enforce_global_model_names
        get_api_names get_model_names model_to_json json_to_model to_json from_json clone
        update_from_dict to_bravado from_bravado get_model_name get_model_api get_property_names
        get_nullable_properties diff_with prune_none
    """,
    "Tokens": """
        requires_auth add_auth backend_token generate_token load_auth_token authenticate_http_request
        get_userid get_user_token get_user_token_data get_token_issuer token
    """,
    "Errors and reports": """
        PyMacaronException code status add_error error error_description user_message tell_user
        error_caught caught error_id http_reply jsonify to_model to_dict is_error raise_error responsify
        format_error error_callback error_decorator error_reporter report_error report_warning
        do_report_error crash_handler generate_crash_handler_decorator report_slow
        report_call_exceeding_ms
    """,
    "Error codes": """
        UNKNOWN_EXCEPTION SERVER_ERROR UNHANDLED_SERVER_ERROR INTERNAL_VALIDATION_ERROR BAD_RESPONSE
        INVALID_PARAMETER REQUEST_TIMEOUT AUTHORIZATION_HEADER_MISSING TOKEN_INVALID TOKEN_EXPIRED
    """,
    "Calling other services": """
        request_headers max_attempts read_timeout connect_timeout host port proto verify_ssl local=True
        get_version PymCallID PymCallPath
    """,
    "Tasks": """
        @asynctask @asynctask() delay fire pymasync --concurrency --keep-alive --maxmem
    """,
    "Persistence": """
        PersistentSwaggerObject api_name model_name table_name primary_key load_from_db save_to_db
        get_table to_model setup import_childclass DynamoDBItemNotFound
    """,
    "Helpers, logs, monitoring": """
        get_config load_pym_config timenow to_epoch to_datetime get_container_version get_app_name
        is_ec2_instance pymlogger monitor pym_monitor get_gunicorn_worker_count get_celery_worker_count
        get_memory_limit
    """,
    "pym-config.yaml": """
        name live_url live_host env_secrets include_links apis_path default_user_id jwt_secret jwt_issuer
        jwt_audience jwt_token_timeout jwt_token_renew_after deploy_target docker_repo docker_base
        docker_bucket aws_user aws_region aws_default_region aws_keypair aws_instance_type aws_cert_arn
        aws_zone_id aws_hosts_min aws_hosts_max aws_access_key_id aws_secret_access_key gcp_region
        gcp_memory gcp_request_concurrency cpu_count with_async worker_count scout_key scout_app_name
        report_call_exceeding_ms
    """,
    "Environment variables": """
        PYM_ENV PORT PYM_SERVER_PORT PYM_SERVER_HOST PYM_JWT_TOKEN PYM_GUNICORN_WORKERS_COUNT PYM_DEBUG
        NO_SSL_CHECK NO_ERROR_REPORTING DO_REPORT_ERROR PYM_CELERY_PORT PYM_CELERY_DEBUG VERSION
    """,
    "Endpoints": """
        /ping /version /auth/version /doc/<api> /doc/<api>.yaml /crash/…
    """,
    "Commands": """
        pymdeploy pymaws pymgcr pymgke beanstalk_cleaner pymdocker pymdockerbase pymtest
        run_acceptance_tests pymconfig pymversion pymasync pym_monitor pymgkemonitoringsetup
        open_grafana_3000 open_prometheus_9090 get_test_jwt_token nosetests
    """,
    "Tests": """
        PyMacaronTestCase assertGetReturnJson assertDeleteReturnJson assertPostReturnJson
        assertGetReturnDict assertPostReturnDict assertGetReturnOk assertPostReturnOk
        assertGetReturnError assertPostReturnError assertCallReturnJson assertCallReturnDict
        assertCallReturnOk assertCallReturnError assertCallReturnHtml assertCallReturnText
        assertCallReturnRedirect assertHasPing assertHasVersion assertIsVersion assertHasAuthVersion
        auth=
    """,
}

# What the names in the middle column are looked up in, each by its form.
MODULES = (api, dynamodb, errors, jwt, service, tasks, testing, problems, datetime)
SOURCES = [path for path in (ROOT / "libs").rglob("*.py") if "tests" not in path.parts]
LITERALS = {one for path in SOURCES for one in re.findall(r"\"([\w-]+)\"", path.read_text())}
STANDARDS = (ROOT / "libs/api/document/standards").glob("*.json")
KEYWORDS = {one for path in STANDARDS for one in re.findall(r"\"(\w+)\":", path.read_text())}
VARIABLES = {
    one
    for file in ("docs/settings.md", "testaccept/README.md")
    for one in re.findall(r"`([A-Z][A-Z_]+)`", (ROOT / file).read_text())
}
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
ENDPOINTS = {
    f"{method.upper()} {path}"
    for file in ("libs/service/builtin.yaml", "libs/tasks/following/operations.yaml")
    for path, item in api.read_document(ROOT / file)["paths"].items()
    for method in item
}


def found(name: str) -> Any:
    """Return what a dotted name of `MODULES`, or of the standard library, stands for.

    :raises LookupError: if there is none.
    """
    first, *rest = name.split(".")
    held = next((getattr(one, first) for one in MODULES if hasattr(one, first)), None)
    if held is None and (held := pydoc.locate(name)) is not None:
        return held
    for step in rest:
        known = {**getattr(held, "__annotations__", {}), **getattr(held, "__dataclass_fields__", {})}
        held = getattr(held, step, None) or known.get(step)
    if held is None:
        raise LookupError(name)
    return held


def is_there(name: str) -> bool:
    """Return whether what a cell names is there, in the place that its form says."""
    if name.startswith("x-"):
        return name in EXTENSIONS
    if name.startswith(("X-", "__")):
        return name in LITERALS
    if name.startswith("make "):
        return name.removeprefix("make ") in TARGETS
    if re.match(r"[A-Z]+ /", name):
        return name in ENDPOINTS
    if re.fullmatch(r"[A-Z]+(_[A-Z]+)+", name):
        return name.removesuffix("_FILE") in VARIABLES or name in LITERALS
    if process := re.fullmatch(r"python -m ([\w.]+) (\w+)", name):
        main = importlib.import_module(f"{process[1]}.__main__")
        return f'"{process[2]}"' in inspect.getsource(main)
    if "/" in name or (ROOT / name).exists():
        return (ROOT / name).exists()
    if name in KEYWORDS:
        return True
    called = re.fullmatch(r"([\w.]+)(?:\((\w+)=…\))?", name)
    try:
        held = found(called[1])
    except LookupError:
        return False
    return called[2] is None or called[2] in inspect.signature(held).parameters


@pytest.mark.parametrize("heading", PYMACARON)
def test_nothing_of_pymacaron_is_left_out(heading):
    listed = {one.removeprefix("GET ") for one in named(GUIDE, heading, "PyMacaron")}
    assert set(PYMACARON[heading].split()) - listed == set()


@pytest.mark.parametrize("heading", PYMACARON)
def test_what_it_became_is_there(heading):
    became = {name for row in table(section(GUIDE, heading), "PyMacaron") for name in quoted(row[1])}
    assert {name for name in became if not is_there(name)} == set()


@pytest.mark.parametrize("heading", PYMACARON)
def test_it_is_told_why_something_is_not_there(heading):
    assert [row[0] for row in table(section(GUIDE, heading), "PyMacaron") if not any(row[1:])] == []


@pytest.mark.parametrize(
    "name",
    [
        "x-bind-servr",
        "X-Reqest-ID",
        "make deplyo",
        "GET /pong",
        "APP_PROT",
        "INVALID_BDY",
        "python -m libs.service wrker",
        "apis/todo.yaml",
        "securty",
        "Caller.subjct",
        "ApiObject.to_jsn",
        "Service(cals=…)",
        "logging.getLoger",
    ],
)
def test_a_name_that_is_not_there_is_noticed(name):
    assert not is_there(name)
