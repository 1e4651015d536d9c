"""Sending mail: what is sent, and the ways it can go.

Handlers never send: tasks do, by asking for `Mailer`. Another way than a folder or SMTP is one class with the
method `send` of `Sender`, and a line in `services.auth.mail.mailer`.
"""

from services.auth.mail.mailer import Mailer, Message, Sender, is_sender
from services.auth.mail.senders import FolderSender, SmtpSender, smtp_address

__all__ = ["FolderSender", "Mailer", "Message", "Sender", "SmtpSender", "is_sender", "smtp_address"]
