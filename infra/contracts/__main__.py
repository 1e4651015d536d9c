"""`python -m infra.contracts lint|breaking|clients`."""

import sys

from infra.contracts.cli import main

if __name__ == "__main__":
    sys.exit(main())
