"""What becomes of tasks when everything around them is killed, and what they cost beside plain Celery."""
