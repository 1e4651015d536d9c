"""Reports of what somebody should look at: grouped, redacted, and sent to whoever is to be told."""

from libs.service.reports.of_service import reports_of
from libs.service.reports.reporter import Reporter, ReportRefused, Told
from libs.service.reports.reports import Reports
from libs.service.reports.watching import report_requests

__all__ = ["ReportRefused", "Reporter", "Reports", "Told", "report_requests", "reports_of"]
