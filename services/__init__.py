"""One folder a service; they share libs/ and each other's HTTP API, nothing else."""
