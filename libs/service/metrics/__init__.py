"""What a service counts, and tells Prometheus at a port of its own."""

from libs.service.metrics.port import PATH, PLACES, REQUEST_SECONDS, Metrics, listen, serve

__all__ = ["PATH", "PLACES", "REQUEST_SECONDS", "Metrics", "listen", "serve"]
