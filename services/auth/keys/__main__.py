"""``python -m services.auth.keys list|rotate [--now]|retire KID --now|reseal``: what signs tokens."""

import argparse
import os
import sys
import time
from datetime import UTC, datetime

from libs.service import SettingsError
from services.auth.audit import OPERATOR, audit
from services.auth.command import operators_keys, run
from services.auth.keys.ring import KeyRing, RingKey


def main(arguments: list[str]) -> str | None:
    """Do what is asked, and print the keys there are then; or return what is wrong."""
    parser = argparse.ArgumentParser(prog="python -m services.auth.keys", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="show the keys")
    rotate = commands.add_parser("rotate", help="make the next key; it signs as soon as everybody knows it")
    rotate.add_argument(
        "--now", action="store_true", help="it signs at once; some may refuse its tokens for seconds"
    )
    retire = commands.add_parser("retire", help="publish a key no more: it was stolen")
    retire.add_argument("kid", help="as `list` shows it; behind a -- where it begins with a dash")
    retire.add_argument("--now", action="store_true", required=True, help="yes, and end all tokens it signed")
    commands.add_parser("reseal", help="seal all keys with APP_KEY_SECRET, and none with the one before")
    given = parser.parse_args(arguments)
    try:
        with operators_keys(os.environ) as (_, keys):
            ring = keys.ring
            if ring is None:
                return "APP_JWT_SECRET: Tokens are signed with it; there is no ring of keys."
            match given.command:
                case "rotate":
                    made = ring.rotate(now=given.now)
                    audit("key made", by=OPERATOR, kid=made.kid, now=given.now)
                case "reseal":
                    ring.reseal()
                case "retire" if not ring.retire(given.kid):
                    return f"There is no key {given.kid}."
            _show(ring)
    except SettingsError as error:
        return str(error)
    return None


def _show(ring: KeyRing) -> None:
    found, signing = ring.keys()
    for index, one in enumerate(found):
        # One that a later key signs before never does: it was made by `rotate`, and then came `rotate --now`.
        overtaken = any(later.row.signs_from <= one.row.signs_from for later in found[index + 1 :])
        print(one.row.kid, one.row.algorithm, _state(one, signs=one is signing, overtaken=overtaken))


def _state(one: RingKey, *, signs: bool, overtaken: bool) -> str:
    if signs:
        return "signs"
    if one.row.signs_from > time.time() and not overtaken:
        return f"signs from {_moment(one.row.signs_from)}"
    return f"verifies until {_moment(one.published_until or 0)}"


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


if __name__ == "__main__":
    sys.exit(run(main))
