"""`python -m infra.standin.tables`: make the tables of services, which at AWS a stack makes.

What each service is told comes as JSON on stdin, by its name.
"""

import json
import sys

from libs.service import Service


def main() -> None:
    """Make all of them."""
    for name, told in json.load(sys.stdin).items():
        service = Service.named(name)
        service.database(service.load_settings(told)).create_tables()


if __name__ == "__main__":
    main()
