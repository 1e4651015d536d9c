"""`python -m testaccept.mail_folder FOLDER ADDRESS`: the mails in a folder that are to an address.

Their texts, the newest last. Each file is a mail as it came, such as Amazon SES keeps in a bucket.
"""

import email
import email.policy
import sys
from email.message import EmailMessage
from email.utils import getaddresses, parsedate_to_datetime
from pathlib import Path


def texts_in(folder: Path, address: str) -> list[str]:
    """The texts of the mails in a folder that are to an address, the newest last."""
    found = []
    for file in folder.rglob("*"):
        if not file.is_file() or file.name.startswith("."):
            continue
        mail = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
        assert isinstance(mail, EmailMessage)
        to = {one.lower() for _, one in getaddresses([str(each) for each in mail.get_all("To", [])])}
        text = mail.get_body(("plain",))
        if address.lower() in to and text is not None:
            sent = parsedate_to_datetime(mail["Date"]).timestamp() if mail["Date"] else 0.0
            found.append(((sent, file.stat().st_mtime), str(text.get_content())))
    return [text for _, text in sorted(found)]


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: python -m testaccept.mail_folder FOLDER ADDRESS")
    print("\n".join(texts_in(Path(sys.argv[1]), sys.argv[2])))
