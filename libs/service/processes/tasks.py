"""What worker and beat have in common."""

from typing import Any

from celery import signals

from libs.service.running import Running
from libs.service.settings import SettingsError
from libs.tasks import TaskRuntime


def tasks_of(running: Running) -> TaskRuntime:
    """Return what the service has to do.

    :raises SettingsError: if it has no tasks.
    """
    if running.tasks is None:
        raise SettingsError(f"APP_SERVICE: {running.service.name} has no tasks, so it needs no such process.")
    # Celery would set up logs of its own if nobody listened here.
    signals.setup_logging.connect(_logs_are_set_up, weak=False)
    return running.tasks


def _logs_are_set_up(**_: Any) -> None:
    """Nothing is left to do."""
