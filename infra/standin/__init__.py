"""AWS on this machine, as far as a delivery speaks to it: for tests, and for `make rehearse`."""
