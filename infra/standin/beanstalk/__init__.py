"""A Beanstalk of our own: its Query API, and environments that run the bundles they are given."""
