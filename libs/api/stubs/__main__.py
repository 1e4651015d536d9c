"""``python -m libs.api.stubs``: write libs/api/typed.pyi from the contracts and the published documents."""

import sys

from libs.api.document.errors import ContractError
from libs.api.objects.folder import models
from libs.api.stubs.writing import STUB, write


def main() -> str | None:
    """Write it, and tell of schemas of one name that differ; return what to say if it cannot be done."""
    try:
        changed, different = write(), models.clashes()
    except ContractError as error:
        return f"the types cannot be written:\n{error}"
    print(f"libs/api/{STUB.name}:", "written" if changed else "nothing has changed")
    if different:
        print("Schemas of one name in several contracts differ:", *different, sep="\n")
    return None


if __name__ == "__main__":
    sys.exit(main())
