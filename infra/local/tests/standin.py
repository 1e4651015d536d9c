"""A service in the tests of `up`: `web PORT`, `worker ALIVE_FILE`, `broken` or `misconfigured`."""

import os
import signal
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path


class Ready(BaseHTTPRequestHandler):
    """Ready, whatever is asked."""

    def do_GET(self) -> None:
        """Answer 200."""
        self.send_response(200)
        self.end_headers()


def main(role: str, argument: str = "") -> None:
    """Play one role until told to end."""
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
    if role == "broken":
        sys.exit("APP_JWT_ISSUER is missing")
    if role == "misconfigured":  # as a service is that finds its tables to be others
        time.sleep(6)
        print("table todos is not as its model", flush=True)
        sys.exit(os.EX_CONFIG)
    if role == "web":
        HTTPServer(("127.0.0.1", int(argument)), Ready).serve_forever()
    while True:
        Path(argument).touch()
        time.sleep(0.1)


if __name__ == "__main__":
    main(*sys.argv[1:])
