"""`python -m infra.bundle SERVICE STAGE`."""

import sys

from infra.bundle.cli import main

if __name__ == "__main__":
    sys.exit(main())
