"""`python -m infra.standin.rehearsal [--processes] [--stay]`."""

import sys

from infra.standin.rehearsal.cli import main

if __name__ == "__main__":
    sys.exit(main())
