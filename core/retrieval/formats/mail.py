"""E-mails: who wrote to whom, about what, and the text; what is attached is named."""

import email
from email import policy
from email.message import EmailMessage
from pathlib import Path

from core.errors import Refused
from core.retrieval.draft import Draft
from core.retrieval.formats.web import to_markdown

_HEADERS = ("Subject", "From", "To", "Cc", "Date")


def read(path: Path, draft: Draft) -> None:
    """The headers that people read, the plain text or else the page, and the names of the attachments."""
    message = email.message_from_bytes(path.read_bytes(), policy=policy.default)
    if not isinstance(message, EmailMessage) or not message.keys():
        raise Refused(
            "damaged: it has no headers of an e-mail",
            hint="Save it again from your mail program as .eml.",
        )
    subject = " ".join(str(message.get("Subject", "")).split())
    lines = [f"# {subject}"] if subject else []
    lines += [
        f"{name}: {' '.join(str(message[name]).split())}"
        for name in _HEADERS[1:]
        if message.get(name)
    ]
    draft.add("\n\n".join(["\n".join(lines), _body(message, draft), _attached(message)]).strip())


def _body(message: EmailMessage, draft: Draft) -> str:
    part = message.get_body(preferencelist=("plain", "html"))
    if part is None:
        return ""
    try:
        text = str(part.get_content())
    except (LookupError, UnicodeDecodeError):  # a charset that nobody knows
        raw = part.get_payload(decode=True)
        text = raw.decode("cp1252", "replace") if isinstance(raw, bytes) else ""
    return to_markdown(text, draft) if part.get_content_subtype() == "html" else text


def _attached(message: EmailMessage) -> str:
    names = [part.get_filename() or part.get_content_type() for part in message.iter_attachments()]
    return f"Attached: {', '.join(names)}" if names else ""
