"""What happens to environments after a call was answered: launch, update, swap, termination; their health."""

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from infra.standin.beanstalk.estate import Estate, Pace
from infra.standin.beanstalk.health import what_ails
from infra.standin.beanstalk.records import Environment, Version, now
from infra.standin.bundles import PROPERTIES, BadBundle, Bundle
from infra.standin.runners.runner import CannotRun, Deployment, Order, Runner

Options = Mapping[tuple[str, str], str]
_POLICY = ("aws:elasticbeanstalk:command", "DeploymentPolicy")
_TIMEOUT = ("aws:elasticbeanstalk:command", "Timeout")
_BAD_LOOKS = 2
"""After which an environment is ill."""


class Life:
    """Does what takes time, each in a thread of its own."""

    def __init__(self, estate: Estate, runner: Runner, pace: Pace) -> None:
        self._estate, self._runner, self._pace = estate, runner, pace
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []
        self._begin(self._watch, "health")

    def process(self, version: Version, content: bytes) -> None:
        """Look at the bundle of a version that is Processing."""

        def look() -> None:
            self._over.wait(self._pace.processing)
            try:
                version.bundle, version.status = Bundle.read(content), "Processed"
                said = f"Finished processing application version {version.label}"
                self._estate.events.of(version, "INFO", said)
            except BadBundle as error:
                version.status = "Failed"
                said = f"Failed to process application version {version.label}: {error}"
                self._estate.events.of(version, "ERROR", said)
            version.updated = now()

        self._begin(look, f"process {version.label}")

    def launch(self, environment: Environment, bundle: Bundle) -> None:
        """Bring up an environment that is Launching."""
        self._say(environment, "INFO", "createEnvironment is starting.")
        self._begin(lambda: self._launch(environment, bundle), f"launch {environment.name}")

    def _launch(self, environment: Environment, bundle: Bundle) -> None:
        began = time.monotonic()
        account, region = self._estate.account, self._estate.region
        self._say(
            environment,
            "INFO",
            f"Using elasticbeanstalk-{region}-{account} as Amazon S3 storage bucket for environment data.",
        )
        self._say(environment, "INFO", "Waiting for EC2 instances to launch. This may take a few minutes.")
        options = {**bundle.options, **environment.told}
        environment.options = options
        ill: str | None
        try:
            environment.deployment = self._start(environment, bundle, environment.version, options)
            self._say(environment, "INFO", f"Added instance [{environment.instance}] to your environment.")
            ill = self._until_well(environment, options)
        except CannotRun as error:
            ill = f"Command failed on all instances. {error}"
            self._command_failed(environment, error)
        if environment.ends.is_set():
            return
        with self._estate.lock:
            environment.causes = [ill[:255]] if ill else []
            environment.health = "Severe" if ill else "Ok"
            passed = time.monotonic() - began
            if ill:
                self._say(
                    environment, "WARN", f"Environment health has transitioned from Pending to Severe. {ill}"
                )
                self._say(
                    environment,
                    "ERROR",
                    "Create environment operation is complete, but with errors. For more information, see "
                    "troubleshooting documentation.",
                )
            else:
                self._say(
                    environment,
                    "INFO",
                    "Environment health has transitioned from Pending to Ok. Initialization completed "
                    f"{passed:.0f} seconds ago.",
                )
                if environment.cname:
                    available = self._estate.cname(environment.cname)
                    self._say(environment, "INFO", f"Application available at {available}.")
                self._say(environment, "INFO", f"Successfully launched environment: {environment.name}")
            self._ready(environment)

    def update(
        self, environment: Environment, version: str, bundle: Bundle, told: dict[tuple[str, str], str]
    ) -> None:
        """Deploy another version, or other options, into an environment that is Updating."""
        self._say(environment, "INFO", "Environment update is starting.")
        self._begin(lambda: self._update(environment, version, bundle, told), f"update {environment.name}")

    def _update(
        self, environment: Environment, version: str, bundle: Bundle, told: dict[tuple[str, str], str]
    ) -> None:
        """Both rolling and immutable, in effect: what is new takes over once it is well, or not at all."""
        options = {**bundle.options, **told}
        policy = options.get(_POLICY, "AllAtOnce")
        self._say(environment, "INFO", f"Deploying new version to instance(s). Deployment policy: {policy}.")
        before, options_before = environment.deployment, environment.options
        new: Deployment | None = None
        ill: str | None = None
        try:
            new = self._start(environment, bundle, version, options)
            # As it would be with what it may not come to have.
            trial = replace(environment, deployment=new, options=options)
            ill = self._until_well(trial, options)
        except CannotRun as error:
            ill = f"Command failed on all instances. {error}"
            if not environment.abort.is_set():
                self._command_failed(environment, error)
        if environment.ends.is_set():
            if new:
                new.stop()
            return
        with self._estate.lock:
            if ill or environment.abort.is_set():
                leaving, environment.options = new, options_before
                aborted = environment.abort.is_set()
                self._say(
                    environment,
                    "WARN" if aborted else "ERROR",
                    "Update environment operation was aborted."
                    if aborted
                    else f"Failed to deploy application. {ill}",
                )
                if not aborted:
                    self._say(
                        environment, "ERROR", "Update environment operation is complete, but with errors."
                    )
            else:
                leaving, environment.deployment = before, new
                environment.version, environment.told, environment.options = version, told, options
                self._say(
                    environment, "INFO", "New application version was deployed to running EC2 instances."
                )
                self._say(environment, "INFO", "Environment update completed successfully.")
            self._ready(environment)
        if leaving:
            self._over.wait(self._pace.leaving)
            leaving.stop()

    def abort(self, environment: Environment) -> None:
        """Give up an update; the environment is as it was before, a little later."""
        environment.status, environment.abortable = "Aborting", False
        self._say(environment, "INFO", "Environment update is aborting.")
        environment.abort.set()

    def swap(self, source: Environment, destination: Environment) -> None:
        """Swap the CNAMEs of two environments that are Updating."""
        both = (source, destination)
        names = f"environments '{source.name}' and '{destination.name}'"
        for one in both:
            self._say(one, "INFO", "swapEnvironmentCNAMEs is starting.")

        def swap() -> None:
            self._over.wait(self._pace.swap)
            with self._estate.lock:
                for one in both:
                    self._say(one, "INFO", f"Swapping CNAMEs for {names}.")
                source.cname, destination.cname = destination.cname, source.cname
            self._over.wait(self._pace.swap)
            with self._estate.lock:
                for one in both:
                    cname, endpoint = self._estate.cname(one.cname or ""), self._estate.endpoint(one)
                    self._say(one, "INFO", f"'{cname}' now points to '{endpoint}'.")
                    self._say(one, "INFO", f"Completed swapping CNAMEs for {names}.")
                    self._ready(one)

        self._begin(swap, f"swap {source.name} {destination.name}")

    def terminate(self, environment: Environment) -> None:
        """Remove an environment that is Terminating."""
        self._say(environment, "INFO", "terminateEnvironment is starting.")
        environment.ends.set()

        def terminate() -> None:
            self._say(
                environment, "INFO", "Waiting for EC2 instances to terminate. This may take a few minutes."
            )
            if environment.deployment:
                environment.deployment.stop()
            self._estate.balancer.drop(environment)
            with self._estate.lock:
                environment.status, environment.health = "Terminated", "NoData"
                environment.terminated = environment.updated = now()
                self._say(environment, "INFO", "terminateEnvironment completed successfully.")

        self._begin(terminate, f"terminate {environment.name}")

    def close(self) -> None:
        """Stop everything that runs, and wait for it."""
        self._over.set()
        for environment in self._estate.environments:
            environment.ends.set()
            environment.abort.set()
        for thread in self._threads:
            thread.join(60)
        left = [one.deployment for one in self._estate.environments if one.deployment and one.is_there]
        with ThreadPoolExecutor() as pool:
            for done in [pool.submit(deployment.stop, gently=False) for deployment in left]:
                done.result()

    def _begin(self, work: Callable[[], None], name: str) -> None:
        thread = threading.Thread(target=work, name=name, daemon=True)
        with self._estate.lock:
            self._threads = [one for one in self._threads if one.is_alive()]
            thread.start()
            self._threads.append(thread)

    def _say(self, environment: Environment, severity: str, message: str) -> None:
        self._estate.events.of(environment, severity, message)

    def _command_failed(self, environment: Environment, error: CannotRun) -> None:
        said = f"[Instance: {environment.instance}] Command failed on instance. {error}"
        self._say(environment, "ERROR", said)

    def _ready(self, environment: Environment) -> None:
        environment.status, environment.abortable, environment.updated = "Ready", False, now()

    def _start(self, environment: Environment, bundle: Bundle, version: str, options: Options) -> Deployment:
        environment.deployments += 1
        properties = {name: value for (space, name), value in options.items() if space == PROPERTIES}
        number, abort = environment.deployments, environment.abort
        return self._runner.start(
            Order(
                environment.application,
                environment.name,
                number,
                version,
                bundle,
                properties,
                given_up=lambda: environment.ends.is_set() or abort.is_set(),
            )
        )

    def _until_well(self, environment: Environment, options: Options) -> str | None:
        """Wait until an environment is well; return what ails it, if it is not for as long as is waited."""
        patience = min(self._pace.patience, float(options.get(_TIMEOUT, "600")))
        deadline = time.monotonic() + patience
        while (ill := what_ails(environment)) and time.monotonic() < deadline:
            if environment.ends.wait(min(0.2, self._pace.look)) or environment.abort.is_set():
                return "given up"
        return ill

    def _watch(self) -> None:
        """Look after all environments that are Ready, for ever."""
        bad: dict[str, int] = {}
        while not self._over.wait(self._pace.look):
            for environment in [one for one in self._estate.environments if one.status == "Ready"]:
                ill = what_ails(environment)
                bad[environment.id] = bad.get(environment.id, 0) + 1 if ill else 0
                health = (
                    "Severe" if bad[environment.id] >= _BAD_LOOKS else environment.health if ill else "Ok"
                )
                with self._estate.lock:
                    if environment.status == "Ready" and health != environment.health:
                        what = ill or "All is well."
                        severity = "WARN" if ill else "INFO"
                        was = environment.health
                        environment.health, environment.causes = health, [ill[:255]] if ill else []
                        said = f"Environment health has transitioned from {was} to {health}. {what}"
                        self._say(environment, severity, said)
