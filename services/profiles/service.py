"""The profiles service."""

from libs.service import Service

service = Service("profiles")
