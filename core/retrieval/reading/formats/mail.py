"""E-mails: who wrote to whom, about what, and the text; what is attached is named, and read if it is text
or another e-mail."""

import email
from collections.abc import Iterator
from contextlib import suppress
from email import policy
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import EmailMessage, MIMEPart
from pathlib import Path

from core.errors import Refused
from core.retrieval.reading.draft import Draft
from core.retrieval.reading.formats.web import to_markdown

_HEADERS = ("Subject", "From", "To", "Cc", "Date")
_LONGEST = 20_000  # characters of a header
_DEEPEST = 10
"""E-mails in an e-mail that are read; nobody forwards a forwarded one more often."""


def read(path: Path, draft: Draft) -> None:
    """The headers that people read, the plain text or else the page, the names of the attachments, and
    the text of those that are text or e-mails."""
    message = email.message_from_bytes(path.read_bytes(), policy=policy.default)
    if not isinstance(message, EmailMessage) or not message.keys():
        raise Refused(
            "damaged: it has no headers of an e-mail",
            hint="Save it again from your mail program as .eml.",
        )
    draft.add("\n\n".join(part for part in _parts(message, draft, _DEEPEST) if part))


def _parts(message: MIMEPart, draft: Draft, deep: int) -> Iterator[str]:
    said = {name: text for name in _HEADERS if (text := _header(message, name))}
    subject = said.pop("Subject", "")
    lines = [f"# {subject}"] if subject else []
    yield "\n".join([*lines, *(f"{name}: {text}" for name, text in said.items())])
    yield _body(message, draft)
    attached = [*message.iter_attachments()] if message.is_multipart() else []
    names = [part.get_filename() or part.get_content_type() for part in attached]
    yield f"Attached: {', '.join(names)}" if names else ""
    for part in [message, *attached]:
        if part.get_content_type() == "message/rfc822" and deep:
            for inner in part.iter_parts():
                yield from _parts(inner, draft, deep - 1)
        elif part.get_content_type() == "message/delivery-status":
            yield "\n".join(str(inner).strip() for inner in part.iter_parts())
        elif part is not message and part.get_content_maintype() == "text":
            yield f"## {part.get_filename() or 'Attached text'}\n\n{_written(part, draft)}"


def _header(message: MIMEPart, wanted: str) -> str:
    """The header as it is read by people. Not taken apart into addresses: the library's parser needs a
    time that grows with the square of their number."""
    raw = next((v for name, v in message.raw_items() if name.lower() == wanted.lower()), "")
    value = str(raw)[:_LONGEST].encode("utf-8", "surrogateescape")
    try:
        text = value.decode()
    except UnicodeDecodeError:
        text = value.decode("cp1252", "replace")
    with suppress(HeaderParseError, LookupError, ValueError):  # an encoding that nobody knows
        text = str(make_header(decode_header(text)))
    return " ".join(text.split())


def _body(message: MIMEPart, draft: Draft) -> str:
    """The plain text; the page where there is none, or nothing in it but a blank."""
    found = (message.get_body(preferencelist=(kind,)) for kind in ("plain", "html"))
    texts = (_written(part, draft) for part in found if part is not None)
    return next((text for text in texts if text.strip()), "")


def _written(part: MIMEPart, draft: Draft) -> str:
    text = _text(part)
    return to_markdown(text, draft) if part.get_content_subtype() == "html" else text


def _text(part: MIMEPart) -> str:
    raw = part.get_payload(decode=True)
    if not isinstance(raw, bytes):
        return ""
    try:
        # Without a charset the standard says ASCII, and who breaks that does not say how.
        is_ascii = part.get_content_charset("us-ascii") in ("us-ascii", "ascii")
        return raw.decode() if is_ascii else str(part.get_content())
    except (LookupError, UnicodeDecodeError):  # a charset that nobody knows
        return raw.decode("cp1252", "replace")
