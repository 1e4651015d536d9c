"""`python -m infra.stacks apply|names|secret|policy`."""

import sys

from infra.stacks.cli import main

if __name__ == "__main__":
    sys.exit(main())
