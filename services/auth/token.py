"""``python -m services.auth.token --subject U --audience todos``: mint an access token.

For operators and for acceptance tests; whoever can run it can open the signing keys anyway. No token outlives
the key it was signed with.
"""

import argparse
import os
import sys

from libs.jwt import TokenIssuer
from libs.service import SettingsError
from services.auth.command import operators_keys, run


def main(arguments: list[str]) -> str | None:
    """Print a token, or return what is wrong."""
    parser = argparse.ArgumentParser(prog="python -m services.auth.token", description=__doc__)
    parser.add_argument("--subject", required=True)
    parser.add_argument("--audience", required=True, action="append", help="may be given several times")
    parser.add_argument("--issuer", help="another one than APP_JWT_ISSUER")
    parser.add_argument("--scope", default="", help="scopes, separated by spaces")
    parser.add_argument("--role", default=[], action="append", help="may be given several times")
    parser.add_argument("--expires-in", type=int, default=900, help="seconds; may be negative")
    given = parser.parse_args(arguments)
    try:
        with operators_keys(os.environ) as (settings, keys):
            token = TokenIssuer(keys.signer, given.issuer or settings.jwt_issuer).issue(
                given.subject,
                audience=given.audience,
                scopes=given.scope.split(),
                roles=given.role,
                expires_in=given.expires_in,
            )
    except (SettingsError, ValueError) as error:  # what no service would take, or is no setting
        return str(error)
    print(token)
    return None


if __name__ == "__main__":
    sys.exit(run(main))
