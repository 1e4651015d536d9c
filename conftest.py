"""Real databases for the tests of libs/ and services/: one DynamoDB Local and one Valkey for a whole run.

They are started by pytest's controlling process, before pytest-xdist starts its workers, which inherit the
addresses: TEST_DYNAMODB_ENDPOINT and TEST_REDIS_URL. Set one of them yourself and yours is used.
Each test makes tables and keys under names of its own, so all of them may run at the same time.
"""

import functools
import gc
import logging
import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from importlib import import_module
from importlib.util import find_spec
from ipaddress import IPv4Address
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

ROOT = Path(__file__).parent
NEEDS_SERVERS = (ROOT / "libs", ROOT / "services", ROOT / "tests")
# No test may reach an account of yours by accident.
DUMMY_CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}
FUZZ = os.environ.get("FUZZ")
_for_the_run = pytest.StashKey[ExitStack]()


def runs_tests_that_need_servers(config: pytest.Config) -> bool:
    """Whether one of the paths on the command line is in, or holds, a folder whose tests use databases."""
    paths = [Path(config.invocation_params.dir, arg.split("::")[0]).resolve() for arg in config.args]
    return any(
        path.is_relative_to(folder) or folder.is_relative_to(path)
        for path in paths
        for folder in NEEDS_SERVERS
    )


def read_descriptions_once() -> None:
    """Have botocore's descriptions of AWS read once in a process, not by each session.

    Tests connect hundreds of times, and most of what that costs is to look through the folders of all
    services and to parse the same JSON again.
    Clients of one session share it, too; only defaults of endpoints are filled in, the same each time.
    """
    if find_spec("botocore") is None:  # acceptance tests run without it
        return
    from botocore.loaders import JSONFileLoader, Loader

    # A loader is nothing but its methods: the first one's answer is that of all.
    read = functools.cache(functools.partial(JSONFileLoader.load_file, JSONFileLoader()))
    JSONFileLoader.load_file = lambda _loader, path: read(path)
    # Loaders differ by the folders they look into, which are the same for all sessions here.
    services = functools.cache(functools.partial(Loader.list_available_services, Loader()))
    Loader.list_available_services = lambda _loader, type_name: services(type_name)


def be_patient() -> None:
    """Have servers take longer to answer than they may in services, which the processes of tests still are.

    Next to a dozen processes on two cores, or where the machine stands still for a while, an answer may take
    seconds. Tests that are about time say so. A limit that a test module imports by its name is the one of
    services, for that is done before: so what is documented can be held.
    """
    patience = {
        "libs.dynamodb.calls": lambda calls: {"USUAL": calls.Limits(connect=10.0, read=15.0, total=20.0)},
        "libs.service.health": lambda _: {"DEADLINE_SECONDS": 15.0},
        "libs.service.limits.counters": lambda _: {"REDIS_SECONDS": 15.0},
        "libs.tasks.broker.brokers": lambda _: {"PING_TIMEOUT_SECONDS": 15.0},
    }
    if find_spec("pynamodb") is not None:  # acceptance tests run without it
        import_module("libs.dynamodb.calls")  # some tests import it late
    for name, longer in patience.items():
        if (module := sys.modules.get(name)) is not None:
            vars(module).update(longer(module))


def pytest_collection_finish() -> None:
    """Do so where the tests of this process have imported what it is about."""
    be_patient()


def pytest_configure() -> None:
    """Make ready what the tests of a process share.

    Property tests try the same examples in every run, or, with ``FUZZ=N``, other ones each time: N, where a
    test does not say it itself.
    """
    read_descriptions_once()
    if find_spec("hypothesis") is None:  # acceptance tests run without it
        return
    from hypothesis import HealthCheck, settings

    # As slow as a busy machine: neither the time nor the health of a strategy is what a test is about.
    common = settings(deadline=None, suppress_health_check=list(HealthCheck))
    settings.register_profile("same", common, derandomize=True)
    settings.register_profile("other", common, max_examples=int(FUZZ or 1))
    settings.load_profile("other" if FUZZ else "same")


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    """Undo what a command that a test calls has made of the logs of this process."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Look for no garbage while tests are collected, nor in what is there by then: all of it stays.

    To search the million objects of all tests again and again is a third of what collecting them costs.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Have two workers more than there are processors: half of its time a test waits for other processes."""
    return (os.cpu_count() or 1) + 2


def use_a_temporary_folder_of_our_own(stack: ExitStack) -> None:
    """Have all that a run leaves in the folder for temporary files go with the run.

    A process that is killed on purpose tidies nothing up. What pytest keeps (`tmp_path`) stays where it is.
    """
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", tempfile.gettempdir())
    folder = stack.enter_context(TemporaryDirectory(prefix="test-run-", ignore_cleanup_errors=True))
    before = os.environ.get("TMPDIR")
    os.environ["TMPDIR"] = tempfile.tempdir = folder

    def forget() -> None:
        os.environ.pop("TMPDIR")
        if before is not None:
            os.environ["TMPDIR"] = before
        tempfile.tempdir = None

    stack.callback(forget)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Start the servers and export their addresses, before a worker exists."""
    config = session.config
    if hasattr(config, "workerinput") or config.option.collectonly:
        return
    stack = config.stash[_for_the_run] = ExitStack()
    use_a_temporary_folder_of_our_own(stack)
    if not runs_tests_that_need_servers(config):
        return
    os.environ.update(DUMMY_CREDENTIALS)
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        os.environ.pop(name, None)
    start = {
        "dynamodb": "TEST_DYNAMODB_ENDPOINT" not in os.environ,
        "redis": "TEST_REDIS_URL" not in os.environ,
    }
    if not any(start.values()):
        return

    # Here and not above: acceptance tests run where infra's packages are not installed.
    from infra.local.errors import LocalError
    from infra.local.throwaway import throwaway_servers

    # A run told to end stops its servers, too; one that is killed takes them along (infra/local/tether.py).
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        ports = stack.enter_context(throwaway_servers(**start))
    except (LocalError, OSError) as error:
        raise pytest.UsageError(f"the databases for the tests could not be started: {error}") from None
    if "dynamodb" in ports:
        os.environ["TEST_DYNAMODB_ENDPOINT"] = f"http://127.0.0.1:{ports['dynamodb']}"
    if "redis" in ports:
        os.environ["TEST_REDIS_URL"] = f"redis://127.0.0.1:{ports['redis']}/0"


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop what was started, however the run ended."""
    stack = config.stash.get(_for_the_run, None)
    if stack is not None:
        stack.close()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with a key and a certificate for 127.0.0.1 and *.example.com that is signed by nobody else."""
    from cryptography import x509  # acceptance tests run without it
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    names = [x509.IPAddress(IPv4Address("127.0.0.1")), x509.DNSName("*.example.com")]
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    file = tmp_path_factory.mktemp("tls") / "certificate.pem"
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    file.write_bytes(private + made.public_bytes(pem))
    return file
