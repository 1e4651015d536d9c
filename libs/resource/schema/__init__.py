"""From a model to JSON and back: fields, schemas, representations, and what shapes them."""
