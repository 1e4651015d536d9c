"""From a document to operations that answer requests."""
