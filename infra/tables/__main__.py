"""``python -m infra.tables``; see cli.py."""

import sys

from infra.tables.cli import main

if __name__ == "__main__":
    sys.exit(main())
