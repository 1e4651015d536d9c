"""Everyone's own list of things to do: a model resource, and an export made by a worker."""
