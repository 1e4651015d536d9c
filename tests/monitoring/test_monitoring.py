"""The dashboard, the alerts and docs/metrics.md speak of what running processes tell, and of nothing else."""

import json
import re
from collections.abc import Iterator, Sequence
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from infra.local.throwaway import reserved_port
from libs.service import Service
from libs.service.testing import ROOT, SECRET, environment, eventually, python_process
from libs.service.tests.scraping import until
from tests.monitoring.promql import Selector, selectors

OF_PROMETHEUS = {"up": {"job", "service", "instance"}}
"""What Prometheus tells of itself."""
OF_TARGETS = {"job", "service", "instance"}
"""Labels that infra/monitoring/prometheus.yaml gives to all that a process tells."""
WHERE_TURNED_ON = {"trace_spans_total"}
"""What is told where a setting says so."""
DASHBOARD = json.loads((ROOT / "infra/monitoring/dashboard.json").read_text())
ALERTS = [
    rule
    for group in yaml.safe_load((ROOT / "infra/monitoring/alerts.yaml").read_text())["groups"]
    for rule in group["rules"]
]
PAGE = (ROOT / "docs/metrics.md").read_text()
QUERIES = [
    *(target["expr"] for panel in DASHBOARD["panels"] for target in panel.get("targets", ())),
    *(rule["expr"] for rule in ALERTS),
]

Told = dict[str, set[str]]
"""The names of labels by the name of a sample."""
Scraped = Sequence[tuple[str, str, set[str]]]
"""Of each sample: the name of its metric, its own, and the names of its labels."""


def scrape(port: int) -> Iterator[tuple[str, str, set[str]]]:
    """Yield what a process tells: the name of the metric, of the sample, and the names of its labels."""
    answer = httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False, timeout=20)
    for family in text_string_to_metric_families(answer.text):
        name = f"{family.name}_total" if family.type == "counter" else family.name
        for sample in family.samples:
            if not sample.name.endswith("_created"):
                yield name, sample.name, set(sample.labels)


def scraped(mails: Path) -> Scraped:
    """What web, worker and beat of auth tell when a user has signed up."""
    environ = environment(
        "auth",
        key_secret=SECRET,
        profiles_url="http://127.0.0.1:1",
        todos_url="http://127.0.0.1:1",
        mail_folder=str(mails),
        web_workers="1",
        create_tables="true",
    )
    service = Service.named("auth")
    try:
        with (
            reserved_port() as http,
            reserved_port() as web,
            reserved_port() as worker,
            reserved_port() as beat,
            process(environ, "web", web, APP_PORT=str(http)),
        ):
            until(web, "http_threads", value=1)
            with process(environ, "worker", worker), process(environ, "beat", beat):
                person = {"email": "ada@example.com", "password": "correct horse battery", "name": "Ada"}
                url = f"http://127.0.0.1:{http}"
                httpx.post(f"{url}/auth/signup", json=person, trust_env=False, timeout=20).raise_for_status()
                assert httpx.get(f"{url}/nowhere", trust_env=False).status_code == 404
                mail = eventually(lambda: next(mails.glob("*.eml"), None), seconds=60, every=0.2)
                sent = message_from_bytes(mail.read_bytes(), policy=policy.default)
                body = sent.get_body(("plain",))
                assert body is not None
                token = re.search(r"token=([\w-]+)", body.get_content())[1]  # type: ignore[index]
                verify = f"{url}/auth/email/verify"
                httpx.post(verify, json={"token": token}, trust_env=False, timeout=20).raise_for_status()
                # Now a task makes the profile, at a service that is not there.
                until(worker, "client_retries_total", "profiles", value=1)
                until(beat, "service_info", "", "auth", "dev", value=1)
                return [one for port in (web, worker, beat) for one in scrape(port)]
    finally:
        service.database(service.load_settings(environ)).delete_tables()


def process(environ: dict[str, str], role: str, port: int, **more: str) -> Any:
    return python_process(
        "-m", "libs.service", role, environ={**environ, "APP_METRICS_PORT": str(port), **more}
    )


def faults_of(selector: Selector, told: Told) -> Iterator[str]:
    if selector.name not in told:
        yield f"nobody tells {selector.name}"
        return
    for label in sorted((selector.labels | selector.by) - told[selector.name]):
        yield f"{selector.name} has no label {label}"


def not_told(scraped: Scraped) -> Iterator[str]:
    told = {**OF_PROMETHEUS, **{sample: labels | OF_TARGETS for _, sample, labels in scraped}}
    for query in QUERIES:
        for one in selectors(query):
            for fault in faults_of(one, told):
                yield f"{fault}: {query}"


def not_explained(scraped: Scraped) -> Iterator[str]:
    rows = re.findall(r"^\| `([a-z_]+)` \| (.*?) \|", PAGE, re.MULTILINE)
    explained = {name: set(re.findall(r"`([a-z_]+)`", labels)) for name, labels in rows}
    found: Told = {}
    for name, _, labels in scraped:
        found.setdefault(name, set()).update(labels - {"le"})
    for name, labels in found.items():
        if explained.get(name) != labels:
            yield f"docs/metrics.md says {explained.get(name)} of {name}, which has the labels {labels}"
    for name in sorted(set(explained) - set(found) - WHERE_TURNED_ON):
        yield f"docs/metrics.md has {name}, and nobody tells it"


def not_shown(scraped: Scraped) -> Iterator[str]:
    """A metric that neither a panel nor an alert asks for is work for nobody."""
    asked = {one.name for query in QUERIES for one in selectors(query)}
    for name in sorted({name for name, *_ in scraped} - {"process_virtual_memory_bytes"}):
        if not any(one.startswith(name) for one in asked):
            yield f"nobody looks at {name}"


def test_what_is_asked_for_is_told_and_what_is_told_is_explained_and_shown(tmp_path: Path) -> None:
    told = scraped(tmp_path)
    assert [*not_told(told), *not_explained(told), *not_shown(told)] == []


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_each_alert_says_when_how_bad_and_what_to_do(rule: dict[str, Any]) -> None:
    assert re.fullmatch(r"\d+[mh]", rule["for"])
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert rule["annotations"]["summary"]
    path, _, anchor = rule["annotations"]["runbook_url"].partition("#")
    assert (path, anchor) == ("docs/metrics.md", rule["alert"].lower())
    section = re.search(rf"^### {rule['alert']}\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert section is not None
    for part in ("**Means**", "**Look**", "**Causes**", "**Mend**"):
        assert part in section[1], part


def test_each_label_of_a_summary_is_one_its_query_keeps() -> None:
    for rule in ALERTS:
        kept = {label for one in selectors(rule["expr"]) for label in one.by} or OF_TARGETS
        wanted = set(re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"]))
        assert wanted <= kept, rule["alert"]


def test_the_page_has_no_section_of_an_alert_that_is_gone() -> None:
    part = PAGE.partition("## When an alert comes")[2]
    assert re.findall(r"^### (\w+)$", part, re.MULTILINE) == [rule["alert"] for rule in ALERTS]


def test_panels_have_a_place_of_their_own() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        place = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert at["x"] + at["w"] <= 24
        assert not place & taken, panel["title"]
        taken |= place
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(ids)) == len(ids)


def test_each_process_of_compose_is_scraped() -> None:
    jobs = yaml.safe_load((ROOT / "infra/monitoring/prometheus.yaml").read_text())["scrape_configs"]
    names = {name for job in jobs for one in job["dns_sd_configs"] for name in one["names"]}
    ports = {one["port"] for job in jobs for one in job["dns_sd_configs"]}
    compose = yaml.safe_load(Path(ROOT / "docker-compose.yml").read_text())
    told = {
        name
        for name, one in compose["services"].items()
        if "APP_METRICS_PORT" in (one.get("environment") or {}) and re.fullmatch(r"\w+(-worker|-beat)?", name)
    }
    assert names == told
    assert ports == {9100}


@pytest.mark.parametrize(
    "text",
    [
        "rate(x)",
        "x[5m]",
        "sum by (a) (x",
        "nothing(x)",
        'x{a="b}',
        "x{a}",
        "sum by () (x)",
        "1 +",
        'x{a=~"("}',
        "time(x[5m])",
        "",
    ],
)
def test_what_is_no_promql_is_refused(text: str) -> None:
    with pytest.raises((ValueError, re.error)):
        selectors(text)


def test_promql_is_read() -> None:
    (first, second) = selectors('sum by (a, le) (rate(x_bucket{b=~"c|d",e!="f"}[5m])) / max(y) > 0.5')
    assert (first.name, first.labels, first.by) == ("x_bucket", {"b", "e"}, {"a", "le"})
    assert (second.name, second.labels, second.by) == ("y", set(), set())
