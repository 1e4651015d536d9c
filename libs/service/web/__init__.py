"""The WSGI application of a service: its operations, problems for errors, and what is around each request."""

from libs.service.web.app import create_app
from libs.service.web.client import ClientAddress, UserAgent, client_address, user_agent
from libs.service.web.exchange import Exchange, Watcher, current_exchange, exchange_of, waited_scope

__all__ = [
    "ClientAddress",
    "Exchange",
    "UserAgent",
    "Watcher",
    "client_address",
    "create_app",
    "current_exchange",
    "exchange_of",
    "user_agent",
    "waited_scope",
]
