"""``python -m services.auth.token --subject U --audience todos``: mint an access token.

For operators and for acceptance tests; whoever can run it holds the signing key anyway.
"""

import argparse
import os
import sys

from libs.jwt import TokenIssuer
from libs.service import SettingsError
from services.auth.service import service, signing_key


def main(arguments: list[str]) -> str | None:
    """Print a token, or return what is wrong."""
    parser = argparse.ArgumentParser(prog="python -m services.auth.token", description=__doc__)
    parser.add_argument("--subject", required=True)
    parser.add_argument("--audience", required=True, action="append", help="may be given several times")
    parser.add_argument("--issuer", help="another one than APP_JWT_ISSUER")
    parser.add_argument("--scope", default="", help="scopes, separated by spaces")
    parser.add_argument("--expires-in", type=int, default=900, help="seconds; may be negative")
    given = parser.parse_args(arguments)
    try:
        settings = service.load_settings(os.environ)
        issuer = TokenIssuer(signing_key(settings), given.issuer or settings.jwt_issuer)  # type: ignore[arg-type]
    except SettingsError as error:
        return str(error)
    print(
        issuer.issue(
            given.subject,
            audience=given.audience,
            scopes=given.scope.split(),
            expires_in=given.expires_in,
        )
    )
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
