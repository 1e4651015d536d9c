"""The tables on their way to production: templates of the models, what has changed in them, what drifts."""
