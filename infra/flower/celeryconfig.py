"""Where Flower finds the workers of a service: what libs/tasks/broker/celery_app.py tells those."""

import os

broker_url = os.environ["APP_REDIS_URL"]
broker_transport_options = {
    "global_keyprefix": f"{os.environ['APP_TABLE_PREFIX']}{os.environ['APP_SERVICE']}:",
    "priority_steps": list(range(10)),
}
task_default_queue = os.environ["APP_SERVICE"]
accept_content = ["json"]
