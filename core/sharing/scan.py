"""What should not be shown to strangers: keys, e-mail addresses, paths and addresses inside a network."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

_SHOWN = 60
_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "a key",
        re.compile(
            r"-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----"
            r"|\b(?:sk|pk|rk)[-_](?:[A-Za-z]{2,8}[-_])?[A-Za-z0-9_-]{16,200}"
            r"|\b(?:gh[pousr]_|github_pat_|glpat-|xox[abprs]-|hf_|AKIA|ASIA|AIza|fl-)[A-Za-z0-9_-]{12,200}"
            r"|\beyJ[A-Za-z0-9_-]{8,2000}\.[A-Za-z0-9_-]{8,4000}\.[A-Za-z0-9_-]{8,2000}"
        ),
    ),
    (
        "a password",
        re.compile(
            r"(?i)\b(?:password|passwd|pwd|secret|api[_-]?key|token)\b\s{0,3}[:=]\s{0,3}[^\s,;]{6,100}"
        ),
    ),
    (
        "an e-mail address",
        re.compile(r"\b[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,6}[A-Za-z]{2,24}\b"),
    ),
    (
        "a file path",
        re.compile(
            r"(?<![\w/.:])/(?:home|Users|root|etc|var|opt|srv|mnt|tmp|usr)/[\w.@-]{1,100}(?:/[\w.@-]{1,100}){0,12}"
            r"|\b[A-Za-z]:\\(?:[^\\\s:*?\"<>|]{1,100}\\){0,12}[^\\\s:*?\"<>|]{1,100}"
        ),
    ),
    (
        "an address inside a network",
        re.compile(
            r"\b(?:10\.\d{1,3}|192\.168|172\.(?:1[6-9]|2\d|3[01]))\.\d{1,3}\.\d{1,3}\b"
            r"|\b(?:\d{1,3}\.){3}\d{1,3}:\d{2,5}\b"
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that looks like what strangers should not see: what it is, where, and how it begins."""

    what: str
    where: str
    text: str


def scan(texts: Iterable[tuple[str, str]], most: int = 50) -> list[Finding]:
    """What is found in `(where, text)`, each thing once, at most `most`. It finds what has the form
    of a secret; it does not know what is secret."""
    found: dict[tuple[str, str], Finding] = {}
    for where, text in texts:
        for what, pattern in _PATTERNS:
            for match in pattern.finditer(text):
                shown = match.group()[:_SHOWN]
                if not any(shown in other for _, other in found):
                    found[what, shown] = Finding(what, where, shown)
                if len(found) >= most:
                    return list(found.values())
    return list(found.values())
