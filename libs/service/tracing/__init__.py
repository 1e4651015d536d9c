"""Traces: spans around requests, calls, tasks and what is asked of the database, sent to a collector by OTLP.

``libs.errors.tracing`` has the spans, and decides which are recorded; here is where they come from and go to.

- `tracing`: the traces of a service, by its settings
- `server`, `dynamodb`: the spans of requests, and of calls of the database; those of tasks and of calls of
  other services are where these are
- `exporter`: the queue, and the thread behind it
- `sending`, `otlp`, `headers`: what goes over the wire
"""
