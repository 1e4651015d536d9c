"""Methods that take part in the actions of a resource."""
