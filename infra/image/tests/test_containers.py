"""What every container of this repository must keep to, read from Dockerfile and docker-compose.yml."""

import json
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.bundle.host import PROXY_USER
from infra.image import healthcheck, secrets
from libs.tasks.broker.celery_app import make_celery

ROOT = Path(__file__).parents[3]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
ONE_SHOTS = {"secrets"}
DATABASES = {"dynamodb", "redis"}
TOOLS = {name for name, service in SERVICES.items() if service.get("profiles") == ["tools"]}
OURS = sorted(set(SERVICES) - DATABASES - ONE_SHOTS - TOOLS)
LONG_RUNNING = sorted(set(SERVICES) - ONE_SHOTS)
WEB = [name for name in OURS if SERVICES[name].get("command", ["web"]) == ["web"]]


FLOWER = ROOT / "infra" / "flower"


def dockerfile(path: Path = ROOT / "Dockerfile") -> list[tuple[str, str]]:
    """Return a Dockerfile's instructions in order, each as (word, rest)."""
    text = re.sub(r"^#.*\n", "", path.read_text(), flags=re.MULTILINE)
    lines = re.sub(r"\\\n\s*", "", text).splitlines()
    return [(line.split(maxsplit=1)[0], line.split(maxsplit=1)[1]) for line in lines if line.strip()]


def final_stage(path: Path = ROOT / "Dockerfile") -> list[tuple[str, str]]:
    """Return the instructions of the image that is shipped."""
    return stages(path)[-1]


def stages(path: Path = ROOT / "Dockerfile") -> list[list[tuple[str, str]]]:
    """Return the instructions of each stage, its FROM first."""
    found: list[list[tuple[str, str]]] = []
    for word, rest in dockerfile(path):
        if word == "FROM":
            found.append([])
        found[-1].append((word, rest))
    return found


def stage(name: str) -> list[tuple[str, str]]:
    """Return the instructions of one stage of the services' Dockerfile."""
    (found,) = [stage for stage in stages() if stage[0][1].endswith(f" AS {name}")]
    return found


def test_the_parts_are_all_there() -> None:
    assert set(SERVICES) == {
        *("dynamodb", "redis", "secrets", "profiles"),
        *("auth", "auth-worker", "auth-beat"),
        *("todos", "todos-worker", "todos-beat"),
        *("flower", "proxy"),
    }
    assert sorted(TOOLS) == ["flower", "proxy"]


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_container_is_confined(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["mem_limit"]
    assert not {"privileged", "cap_add", "network", "pid", "devices"} & set(service)
    assert service.get("network_mode", "none") == "none"


@pytest.mark.parametrize("name", LONG_RUNNING)
def test_every_long_running_container_is_watched_and_restarted(name: str) -> None:
    service = SERVICES[name]
    assert service["restart"] == "unless-stopped"
    if name in WEB or name in DATABASES:
        assert service["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}
        assert {"interval", "timeout", "retries"} <= set(service["healthcheck"])
    else:
        assert "healthcheck" not in service, "the image has the right one"


@pytest.mark.parametrize("name", sorted(ONE_SHOTS))
def test_a_one_shot_ends(name: str) -> None:
    """`up --wait` takes the end of a container for a failure unless somebody waits for that very end."""
    assert "restart" not in SERVICES[name]
    conditions = [
        s["depends_on"][name]["condition"] for s in SERVICES.values() if name in s.get("depends_on", {})
    ]
    assert conditions
    assert set(conditions) == {"service_completed_successfully"}


@pytest.mark.parametrize("name", WEB)
def test_a_web_process_is_healthy_when_it_is_ready(name: str) -> None:
    """`up --wait` returns when all are healthy; the image's own check is content with a live process."""
    question = SERVICES[name]["healthcheck"]["test"][4:]
    assert question == ["http", "http://127.0.0.1:8080/health/ready"]


def test_the_image_checks_web_worker_and_beat_alike() -> None:
    """A worker has no HTTP to ask: APP_ALIVE_PATH makes it touch a file, and `auto` looks there."""
    _, command = dict(final_stage())["HEALTHCHECK"].split("CMD ")
    assert json.loads(command) == ["python", "-I", "infra/image/healthcheck.py", "auto"]
    assert any("APP_ALIVE_PATH=/tmp/alive" in rest.split() for word, rest in final_stage() if word == "ENV")
    assert not any("APP_ALIVE_PATH" in SERVICES[name]["environment"] for name in OURS)


def test_a_check_gives_up_before_docker_does() -> None:
    """Where Docker cuts it off, the reason is lost; and a busy machine takes seconds to start a Python."""
    in_image = re.search(r"--timeout=(\d+)s", dict(final_stage())["HEALTHCHECK"])
    assert in_image is not None
    checks = [SERVICES[name]["healthcheck"] for name in LONG_RUNNING if "healthcheck" in SERVICES[name]]
    timeouts = [in_image[1]] + [check["timeout"].rstrip("s") for check in checks]
    assert min(map(int, timeouts)) > 2 * healthcheck.HTTP_SECONDS


@pytest.mark.parametrize("name", OURS)
def test_databases_come_first(name: str) -> None:
    needed = {"dynamodb", *({"redis", "secrets"} if "profiles" not in name else ())}
    assert {key for key in SERVICES[name]["depends_on"] if key in DATABASES | ONE_SHOTS} == needed
    assert all(
        SERVICES[name]["depends_on"][key]["condition"] == "service_healthy" for key in needed & DATABASES
    )


@pytest.mark.parametrize("name", ["auth", "todos"])
def test_web_worker_and_beat_have_the_same_settings_and_image(name: str) -> None:
    web, worker, beat = SERVICES[name], SERVICES[f"{name}-worker"], SERVICES[f"{name}-beat"]
    assert worker["environment"] == beat["environment"] == web["environment"]
    assert worker["image"] == beat["image"] == web["image"]
    assert (worker["command"], beat["command"]) == (["worker"], ["beat"])


def test_an_image_is_built_once_and_never_pulled() -> None:
    """Without `pull_policy: never` compose would ask a public registry for an image of our name."""
    for name, service in SERVICES.items():
        if not service["image"].startswith("polymacaron/"):
            assert "build" not in service
        elif name in TOOLS:
            assert service["build"]["dockerfile"] == f"infra/{name}/Dockerfile"
        elif "build" in service:
            assert service["build"]["args"]["SERVICE"] == name
        else:
            assert service["pull_policy"] == "never"


def test_every_image_has_a_version() -> None:
    images = {service["image"] for service in SERVICES.values()}
    for path in [ROOT / "Dockerfile", *(ROOT / "infra").glob("*/Dockerfile")]:
        froms = [rest.split(" AS ") for word, rest in dockerfile(path) if word == "FROM"]
        images |= {words[0] for words in froms} - {words[1] for words in froms if len(words) > 1}
    images -= {"scratch"}
    for image in images:
        assert re.fullmatch(r"[\w./-]+:[\w.-]+", image), image
        assert not image.endswith(":latest"), image


def test_ports_are_published_on_the_loopback_only() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published == {
        "auth": ["127.0.0.1:${AUTH_PORT:-8101}:8080"],
        "profiles": ["127.0.0.1:${PROFILES_PORT:-8102}:8080"],
        "todos": ["127.0.0.1:${TODOS_PORT:-8103}:8080"],
        "dynamodb": ["127.0.0.1:${DYNAMODB_PORT:-8109}:8000"],
        "redis": ["127.0.0.1:${REDIS_PORT:-8110}:6379"],
        "flower": ["127.0.0.1:${FLOWER_PORT:-5555}:5555"],
        "proxy": ["127.0.0.1:${PROXY_PORT:-8104}:8080"],
    }


def test_metrics_are_told_inside_of_the_network_and_published_nowhere() -> None:
    """They ask for no token."""
    for name in OURS:
        told = SERVICES[name]["environment"]
        assert (told["APP_METRICS_HOST"], told["APP_METRICS_PORT"]) == ("0.0.0.0", "9100")  # noqa: S104
    published = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert not any(port.endswith(":9100") for port in published)


def test_flower_looks_where_the_workers_of_a_service_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the prefix and the priorities it would find empty queues."""
    flower, todos = SERVICES["flower"]["environment"], SERVICES["todos"]["environment"]
    assert flower["APP_REDIS_URL"] == todos["APP_REDIS_URL"]
    local = yaml.safe_load((ROOT / "config/local.yaml").read_text())
    assert todos["APP_ENVIRONMENT"] == "local"
    assert flower["APP_TABLE_PREFIX"] == local["all"]["table_prefix"]
    assert SERVICES["flower"]["depends_on"] == {"redis": {"condition": "service_healthy"}}
    for name, value in {**flower, "APP_SERVICE": "todos"}.items():
        monkeypatch.setenv(name, value)
    found = runpy.run_path(str(FLOWER / "celeryconfig.py"))
    workers = make_celery("todos", todos["APP_REDIS_URL"], key_prefix="local-todos:", sweep_seconds=5).conf
    options = workers.broker_transport_options
    assert found["broker_url"] == todos["APP_REDIS_URL"]
    assert found["broker_transport_options"] == {
        name: options[name] for name in ("global_keyprefix", "priority_steps")
    }
    assert found["task_default_queue"] == workers.task_default_queue
    assert found["accept_content"] == workers.accept_content


def test_flower_has_the_celery_of_the_services() -> None:
    def pins(name: str) -> dict[str, str]:
        text = (ROOT / "requirements" / name).read_text()
        return dict(re.findall(r"^([\w.-]+)==(\S+)", text, flags=re.MULTILINE))

    flower, runtime = pins("flower.txt"), pins("runtime.txt")
    both = set(flower) & set(runtime)
    assert {"celery", "kombu", "redis"} <= both
    assert {name: flower[name] for name in both} == {name: runtime[name] for name in both}


def test_flower_runs_as_nobody_and_closes_its_api() -> None:
    image = dict(final_stage(FLOWER / "Dockerfile"))
    assert image["USER"] == dict(final_stage())["USER"]
    assert json.loads(image["CMD"])[:4] == ["celery", "--config", "celeryconfig", "flower"]
    # Its API is for everybody where FLOWER_UNAUTHENTICATED_API says so.
    assert not any("FLOWER_" in name for name in [*SERVICES["flower"]["environment"], image["ENV"]])
    assert "--require-hashes" in dict(dockerfile(FLOWER / "Dockerfile"))["RUN"]


def test_flower_is_no_part_of_what_up_starts() -> None:
    """It asks nobody for a password."""
    assert SERVICES["flower"]["profiles"] == ["tools"]
    assert not any("flower" in service.get("depends_on", {}) for service in SERVICES.values())
    assert "volumes" not in SERVICES["flower"]


def test_secrets_are_readable_by_their_own_service_and_writable_where_made() -> None:
    """Whoever could read auth's key could sign tokens for anybody."""
    mounts = {name: [v for v in s.get("volumes", []) if "secrets" in v] for name, s in SERVICES.items()}
    assert mounts.pop("secrets") == ["auth-secrets:/secrets/auth", "todos-secrets:/secrets/todos"]
    for name, mounted in mounts.items():
        service = name.partition("-")[0]
        own = [f"{service}-secrets:/secrets/{service}:ro"] if service in ("auth", "todos") else []
        assert mounted == own, name


def test_the_secrets_lie_where_their_services_look() -> None:
    for name in OURS:
        files = [value for key, value in SERVICES[name]["environment"].items() if key.endswith("_FILE")]
        own = [
            f"/secrets/{file}" for file in secrets.SECRETS if file.startswith(name.partition("-")[0] + "/")
        ]
        assert files == own, name


def test_a_new_volume_of_secrets_belongs_to_the_user_of_the_image() -> None:
    """It takes over owner and mode of the folder it is mounted on, if the image has one."""
    (install,) = [rest for word, rest in stage("system") if word == "RUN"]
    folders = set(install.split("install --directory")[1].split("&&")[0].split())
    assert f"--owner {uid()} --group {uid()} --mode 0700" in install
    assert {f"/rootfs/secrets/{Path(file).parent}" for file in secrets.SECRETS} <= folders


def uid() -> str:
    """Return the number of the user whom the image runs as."""
    return dict(final_stage())["USER"].partition(":")[0]


def test_no_secret_stands_in_the_file() -> None:
    for service in SERVICES.values():
        for key in service.get("environment", {}):
            assert not re.search(r"APP_.*(KEY|SECRET|PASSWORD|TOKEN)$", key), f"{key}: give it as {key}_FILE"


def test_nobody_runs_as_root() -> None:
    """DynamoDB Local alone does: without any capability, because its volume belongs to root."""
    users = [rest for word, rest in final_stage() if word == "USER"]
    assert users == ["10001:10001"]
    assert {name: service["user"] for name, service in SERVICES.items() if "user" in service} == {
        "dynamodb": "root",
        "redis": "redis",
    }


def test_the_image_starts_the_service_and_stops_it_gently() -> None:
    final = dict(final_stage())
    assert final["ENTRYPOINT"] == '["python", "-m", "libs.service"]'
    assert final["CMD"] == '["web"]'
    assert final["STOPSIGNAL"] == "SIGTERM"


HASHING = """
import resource
import threading
from pathlib import Path
from services.auth.accounts.passwords import Passwords

def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()

def hash_often() -> None:
    for _ in range(4):
        passwords.hash("a password")

passwords = Passwords()
before = resident()
threads = [threading.Thread(target=hash_often) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(resident() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="only Linux tells what is resident there")
def test_memory_of_password_hashes_is_given_back() -> None:
    """What eight threads hashed in must not stay: at 19 MiB a thread it filled the container."""
    words = " ".join(rest for word, rest in final_stage() if word == "ENV").split()
    environment = dict(word.split("=", 1) for word in words if word.startswith("MALLOC_"))
    hashing = subprocess.run(
        [sys.executable, "-c", HASHING],
        env=os.environ | environment,
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    assert int(hashing.stdout) < 19 * 2**20


def test_a_change_of_code_installs_nothing_again() -> None:
    """Packages are pinned by hash in a stage no code enters, and lie below the code in the image."""
    packages = stage("packages")
    assert [rest for word, rest in packages if word == "COPY"] == [
        "infra/image/prune.py /tmp/prune.py",
        "requirements/runtime.txt /tmp/runtime.txt",
    ]
    assert any("--require-hashes" in rest for word, rest in packages if word == "RUN")
    assert not any(word == "COPY" for word, _ in stage("system"))
    copies = [rest for word, rest in final_stage() if word == "COPY"]
    assert copies == [f"--from={name} /rootfs/ /" for name in ("system", "packages", "code")]


def test_what_changes_with_every_commit_enters_no_layer() -> None:
    """Else layers of the same content would differ, and be pushed and pulled anew."""
    for instructions in stages()[:-1]:
        assert not any(
            rest.partition("=")[0] in {"VERSION", "COMMIT", "CREATED", "SOURCE", "SOURCE_DATE_EPOCH"}
            for word, rest in instructions
            if word == "ARG"
        )


@pytest.mark.parametrize("name", ["system", "packages", "code"])
def test_every_file_of_a_layer_has_the_same_time(name: str) -> None:
    """The last thing that is done to /rootfs, in the same instruction that fills it."""
    last = [rest for word, rest in stage(name) if word == "RUN"][-1]
    assert "mkdir" in last
    assert last.endswith("find /rootfs -exec touch --no-dereference --date=1980-01-01T00:00:00Z {} +")


def test_what_differs_in_every_build_comes_last() -> None:
    words = [word for word, _ in final_stage()]
    assert not {"RUN", "COPY"} & set(words[words.index("ARG") :])


def test_only_what_is_named_enters_a_build() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    patterns = [line for line in lines if line and not line.startswith("#")]
    assert patterns[0] == "*"
    assert {pattern for pattern in patterns if pattern.startswith("!")} == {
        *("!requirements/runtime.txt", "!libs/", "!apis/", "!config/", "!services/", "!infra/image/"),
        *("!requirements/flower.txt", "!infra/flower/", "!infra/proxy/"),
    }
    assert {"**/tests", "**/*.pyi"} <= set(patterns)


def test_the_proxy_runs_as_nobody_and_finishes_what_is_under_way() -> None:
    image = dict(final_stage(ROOT / "infra/proxy/Dockerfile"))
    assert image["USER"] == f"{PROXY_USER}:{PROXY_USER}"
    assert image["STOPSIGNAL"] == "SIGQUIT"
    assert json.loads(image["ENTRYPOINT"]) == ["/proxy/start"]
    assert "HEALTHCHECK" in image
