"""The profiles service."""

from libs.service import Service
from services.profiles.models import Profile

service = Service("profiles", models=[Profile])
