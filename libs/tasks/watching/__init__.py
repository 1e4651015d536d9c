"""How tasks are, in numbers: readiness and metrics."""
