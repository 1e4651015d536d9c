"""The processes of a service: web (gunicorn), worker and beat (Celery), and a Python prompt."""

from libs.service.processes.beat import run_beat
from libs.service.processes.shell import run_shell
from libs.service.processes.web import run_web
from libs.service.processes.worker import run_worker

__all__ = ["run_beat", "run_shell", "run_web", "run_worker"]
