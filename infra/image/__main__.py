"""`python -m infra.image build|sbom SERVICE`."""

import sys

from infra.image.cli import main

if __name__ == "__main__":
    sys.exit(main())
