r"""``python -m services.auth.clients create|list|secret|delete``: the programs that may ask for tokens.

A service that calls others in its own name:

    python -m services.auth.clients create billing --grant client_credentials \
        --audience todos --scope todos:read

One whose tasks call others for the users who started them (docs/tokens.md):

    python -m services.auth.clients create todos --acts-for-users --audience profiles
"""

import argparse
import os
import sys

from libs.jwt.service_account import ON_BEHALF_GRANT
from libs.service import SettingsError
from services.auth.clients import registry
from services.auth.clients.models import OAuthClient
from services.auth.command import operators_tables, run


def main(arguments: list[str]) -> str | None:
    """Do what is asked, and print what came of it; or return what is wrong."""
    given = _parser().parse_args(arguments)
    try:
        with operators_tables(os.environ):
            match given.command:
                case "create":
                    _create(given)
                case "secret":
                    print(f"client_secret={registry.replace_secret(given.client_id, now=given.now)}")
                case "delete":
                    if not registry.delete(given.client_id):
                        return f"There is no client {given.client_id}."
                    print("It gets no more tokens. Those it has of users are good for 15 minutes more.")
                case _:
                    for client in OAuthClient.scan():  # a handful of rows, written by operators alone
                        _show(client)
    except (SettingsError, registry.RefusedClient) as error:
        return str(error)
    return None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m services.auth.clients",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    create = commands.add_parser("create", help="register a client; prints its secret, once")
    create.add_argument("client_id")
    create.add_argument("--name", help="what users are told; the id if absent")
    create.add_argument("--grant", action="append", default=[], choices=registry.GRANTS)
    create.add_argument("--scope", action="append", default=[], help="what its tokens may be good for")
    create.add_argument("--audience", action="append", default=[], help="a service that takes its tokens")
    create.add_argument("--redirect-uri", action="append", default=[], help="where codes are sent, exactly")
    create.add_argument("--public", action="store_true", help="it can keep no secret: a page, a mobile app")
    create.add_argument(
        "--acts-for-users",
        action="store_true",
        help="it may have tokens of users who are not there, for the tasks they started, "
        "with the scopes and roles that are named here and they have",
    )
    create.add_argument("--role", action="append", default=[], help="a role of users that such tokens carry")
    commands.add_parser("list", help="show the clients")
    secret = commands.add_parser(
        "secret",
        help="give a client another secret; prints it, once; the one before is good for a day more, "
        "or until the next is made",
    )
    secret.add_argument("client_id")
    secret.add_argument(
        "--now",
        action="store_true",
        help="it was stolen: the old one, and the tokens it got, are good no more, nor are those "
        "it gets in the next 30 seconds",
    )
    commands.add_parser("delete", help="delete a client").add_argument("client_id")
    return parser


def _create(given: argparse.Namespace) -> None:
    secret = registry.create(
        given.client_id,
        given.name or given.client_id,
        grants=given.grant,
        scopes=given.scope,
        audiences=given.audience,
        redirect_uris=given.redirect_uri,
        public=given.public,
        acts_for_users=given.acts_for_users,
        roles=given.role,
    )
    print(f"client_id={given.client_id}")
    if secret:
        print(f"client_secret={secret}")


def _show(client: OAuthClient) -> None:
    told = {
        "grants": client.grants - {ON_BEHALF_GRANT},
        "scopes": client.scopes,
        "roles": client.roles,
        "audiences": client.audiences,
        "redirect_uris": client.redirect_uris,
    }
    parts = [f"{name}={','.join(sorted(values))}" for name, values in told.items() if values]
    marks = {"public": client.secret_hash is None, "acts-for-users": ON_BEHALF_GRANT in client.grants}
    print(client.client_id, *parts, *(mark for mark, holds in marks.items() if holds))


if __name__ == "__main__":
    sys.exit(run(main))
