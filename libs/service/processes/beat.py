"""The beat process: Celery has the relay run again and again."""

from libs.errors import reporting_to
from libs.service.logs.levels import LogLevels
from libs.service.processes.asking import serve_metrics
from libs.service.processes.life import SignsOfLife, answer_health
from libs.service.processes.tasks import tasks_of
from libs.service.running import Running
from libs.tasks.broker.celery_app import relay_scheduler


def run_beat(running: Running) -> None:
    """Have the relay run again and again, until SIGTERM."""
    signs = SignsOfLife(running.settings.alive_path)
    scheduler = relay_scheduler(tasks_of(running), signs.show)
    answer_health(running, signs, running.database)
    serve_metrics(running)
    beat = running.celery.Beat(quiet=True, schedule=None, working_directory=None, scheduler_cls=scheduler)
    LogLevels.of(running.settings).follow()
    try:
        with reporting_to(running.reports):
            beat.run()
    finally:
        running.tracing.stop()
        running.reports.flush()
