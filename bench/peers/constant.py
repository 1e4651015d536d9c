"""Flask and nothing else: the floor under every column."""

from flask import Flask, Response, request


def create_app() -> Flask:
    """Return a service that answers all requests for /todos with the same few bytes."""
    app = Flask(__name__, static_folder=None)

    @app.route("/todos", methods=["GET", "POST"])
    @app.get("/todos/<key>")
    def constant(key: str = "") -> Response:
        return Response(b'{"ok":true}', 201 if request.method == "POST" else 200, mimetype="application/json")

    return app
