"""What carries the hints to workers: Celery, on Redis or SQS.

In `libs.tasks` nothing else publishes or consumes; `libs.service` puts it together.
"""
