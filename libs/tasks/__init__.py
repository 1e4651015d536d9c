"""Async tasks: calling a function in a request stores the intent to run it, and a worker runs it.

::

    @asynctask
    def export_todos(owner: str, progress: Progress, database: Database) -> dict: ...

    operation = export_todos(owner=caller.subject)     # in a request: stored, queued, answered with 202
    return accepted(operation)

The operation's row in DynamoDB is the truth; the broker only carries a hint that there is work. So a broker
that loses messages, delivers them twice or is down delays a task and loses none. The modules::

    task         @asynctask, and what a call of it does
    options      what one call can say: when, where, how urgent
    arguments    arguments as JSON, and back
    operation    the row: queued, running, succeeded, failed, cancelled; claimed by one worker at a time
    submitting   storing a call
    unique       one pending operation for one key
    schedule     tasks that run by themselves
    runtime      submit, run, replay
    hints        telling the broker that an operation waits
    relay        telling it again, and what is due by now
    ending       beginning and ending a try while the database does not answer
    lease        how a worker shows that it is still at it, and hears that it shall stop
    effects      what a task does once, however often it is run
    request_url  the URL of the request that a task was called in

    following/   what its owner sees: 202, GET /operations/{operation_id}, its events, cancelling
    admin/       what operators see and do, by HTTP and as a command
    watching/    metrics, and what readiness tells
    migrations/  changing what is stored already, page by page
    broker/      Celery, Redis and SQS: nothing else in here publishes or consumes
"""

from libs.tasks.effects import Once
from libs.tasks.following.handlers import accepted
from libs.tasks.hints import Publisher
from libs.tasks.lease import Cancelled, Progress
from libs.tasks.operation import Operation
from libs.tasks.request_url import RequestUrl
from libs.tasks.runtime import TaskRuntime
from libs.tasks.task import Task, asynctask

__all__ = [
    "Cancelled",
    "Once",
    "Operation",
    "Progress",
    "Publisher",
    "RequestUrl",
    "Task",
    "TaskRuntime",
    "accepted",
    "asynctask",
]
