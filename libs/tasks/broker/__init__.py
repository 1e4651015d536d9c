"""What carries the hints to workers: Celery, on Redis or SQS. Nothing outside knows it."""
