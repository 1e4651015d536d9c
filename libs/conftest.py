"""What all tests of libs/ share."""

from hypothesis import settings

# A property test runs as long as it needs: a busy machine is not a fault of the code.
settings.register_profile("libs", deadline=None)
settings.load_profile("libs")
