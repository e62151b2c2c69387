"""What the vendors' SDKs raise, read by the names of its classes; no SDK is imported here."""

import os
import ssl
from codecs import BOM_UTF8
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from core.errors import ProviderError
from core.llm.faults import Faults, Kind, kind_of
from core.llm.retry_after import retry_after
from core.llm.wire import decoded

_LONGEST_BLANK = 2**16
Body = Literal["unknown", "page", "document", "stream"]
Table = Mapping[str, Kind | None]

# What lies below both SDKs and comes through them.
_BELOW: Table = {
    "APIStatusError": None,
    "APIError": None,
    "UnsupportedProtocol": "junk",
    "TooManyRedirects": "junk",
    "InvalidURL": "junk",
    "DecodingError": "cut",
    "HTTPError": "away",
    "StreamError": "cut",
    # A header with a character that no key has.
    "UnicodeEncodeError": "key",
    "UnfitKey": "key",
    "ValueError": "cut",
}
# The SDKs call these a connection error; but no second try makes an address of what is none.
_NO_ADDRESS = frozenset({"UnsupportedProtocol", "InvalidURL"})
# How an answer breaks once it has begun, in words of ours; the first that fits.
_BREAKS = {
    "ContentEncodingError": "it cannot be unpacked",
    "ClientPayloadError": "the connection ended in the middle of it",
    "ServerDisconnectedError": "the connection ended in the middle of it",
    "HttpProcessingError": "what came is not HTTP",
    "JSONDecodeError": "one of its events is not JSON",
    "UnicodeDecodeError": "one of its events is not UTF-8",
    "ValueError": "one of its events is not JSON that can be read",
}
# The request never left: nothing can have been billed.
_NOT_SENT = frozenset({"ConnectError", "ConnectTimeout", "PoolTimeout", "ProxyError"})


def kind_by_class(raised: type[BaseException], table: Table) -> Kind | None:
    """What an exception of this class is by the nearest entry of its ancestors, None when status
    and body decide; raises KeyError for a class that no entry covers."""
    for ancestor in raised.__mro__:
        for names in (table, _BELOW):
            if ancestor.__name__ in names:
                return names[ancestor.__name__]
    raise KeyError(raised.__name__)


def explain(
    raised: Exception, table: Table, faults: Faults, *, opened: bool = False
) -> ProviderError:
    """Our error for what an SDK, or the network below it, raised; `opened` says that the answer had
    begun."""
    try:
        kind = kind_by_class(type(raised), table)
    except KeyError:
        kind = "request"
    if type(raised.__cause__).__name__ in _NO_ADDRESS:
        kind = "junk"
    response = getattr(raised, "response", None)
    headers = getattr(response, "headers", {})
    message = _message(raised)
    if kind is None:
        kind = kind_of(getattr(raised, "status_code", None), _names(raised), message)
    if kind == "key" and isinstance(raised, ValueError):
        message = "it holds a character that no key has"
    if kind == "junk" and headers.get("location"):
        message = f"it redirects to {headers['location']}"
    if kind in ("away", "cut"):
        kind, message = _broken(raised, kind, message, opened)
    error = faults.make(kind, message, retry_after=retry_after(headers, datetime.now(UTC)))
    if any(type(cause).__name__ in _NOT_SENT for cause in _causes(raised)):
        error.billable = False
    return error


def _of_proxy(raised: Exception) -> int | None:
    """The status with which a proxy refused the way to the vendor, if it did."""
    refused = (each for each in _causes(raised) if type(each).__name__ == "ClientHttpProxyError")
    return next((getattr(each, "status", None) for each in refused), None)


def _broken(raised: Exception, kind: Kind, message: str, opened: bool) -> tuple[Kind, str]:
    if (status := _of_proxy(raised)) is not None:
        return ("proxy" if status == 407 else kind), f"the proxy answered {status}"
    ancestors = {each.__name__ for cause in _causes(raised) for each in type(cause).__mro__}
    if "BadStatusLine" in ancestors:
        return "junk", "it does not speak HTTP"
    # What breaks in the first packet fails before the head is handed over.
    if opened or "HttpProcessingError" in ancestors:
        return "cut", next((_BREAKS[name] for name in _BREAKS if name in ancestors), message)
    return kind, message


def _causes(raised: BaseException | None) -> Iterator[BaseException]:
    while raised is not None:
        yield raised
        raised = raised.__cause__


def _in_words(fault: OSError) -> str:
    # Names that do not resolve have an errno below 0, and words of their own; so has a failed
    # handshake, whose number is OpenSSL's.
    number = 0 if isinstance(fault, ssl.SSLError) else fault.errno or 0
    return os.strerror(number) if number > 0 else fault.strerror or str(fault)


def body_kind(headers: Mapping[str, str], said: bytes) -> Body:
    """What a body is by its first bytes, whatever it calls itself; only a page is believed by its name."""
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in ("text/html", "application/xhtml+xml"):
        return "page"
    begun = said.lstrip()
    first = begun.removeprefix(BOM_UTF8).lstrip()[:1]
    if not first or (len(begun) < len(BOM_UTF8) and BOM_UTF8.startswith(begun)):
        return "unknown" if len(said) < _LONGEST_BLANK else "stream"
    if first == b"<":
        return "page"
    return "document" if first in (b"{", b"[") else "stream"


def page(faults: Faults) -> ProviderError:
    """Our error for a web page."""
    return faults.make("junk", "it answered with a web page")


def document(body: bytes, faults: Faults) -> ProviderError:
    """Our error for JSON instead of a stream: what it complains of, if it does."""
    try:
        said = decoded(body)
    except ValueError:  # cut, or no JSON after all
        said = None
    if isinstance(said, Mapping) and said.get("error"):
        detail = _detail(said)
        message = str(detail.get("message") or "")
        return faults.make(kind_of(None, _named(detail), message), message)
    error = faults.make("junk", "it answered without streaming")
    error.billable = True  # it may have answered, and written the bill
    return error


def _message(raised: Exception) -> str:
    detail = _detail(getattr(raised, "body", None))
    if said := detail.get("message") or detail.get("detail"):  # FastAPI's word for it
        return str(said)
    status = getattr(raised, "status_code", None)
    body = getattr(raised, "body", None)
    if isinstance(body, str) and (status == 200 or _is_json(raised)):
        return body
    if status is not None:
        # The body is no API's: a proxy's page, which nobody wants to read.
        return f"HTTP {status}"
    for cause in _causes(raised):
        if isinstance(fault := getattr(cause, "os_error", None), OSError):
            return _in_words(fault)  # aiohttp's own words are for those who know aiohttp
        if type(cause).__name__ == "ServerDisconnectedError":
            return "it hung up before it answered"  # its words are the head as far as it came
    return str(raised.__cause__ or raised) or type(raised.__cause__ or raised).__name__


def _is_json(raised: Exception) -> bool:
    headers = getattr(getattr(raised, "response", None), "headers", {})
    return "json" in headers.get("content-type", "")


def _names(raised: Exception) -> tuple[str, ...]:
    return _named(_detail(getattr(raised, "body", None)))


def _named(detail: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(detail[key]) for key in ("code", "type") if detail.get(key) is not None)


def _detail(body: Any) -> Mapping[str, Any]:
    # OpenAI's SDK hands over what is inside `error`, Anthropic's the whole.
    inner = body.get("error", body) if isinstance(body, Mapping) else {}
    return inner if isinstance(inner, Mapping) else {"message": inner}
