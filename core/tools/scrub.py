"""What a model may be told of an error: no folder of this machine, and nothing that looks like a key."""

import re

_LONGEST = 400
_PATH = re.compile(r"(?<![\w:/])(?:~|[A-Za-z]:)?(?:[/\\][\w.@+-]+){2,}")
_SECRET = re.compile(
    r"\b(?:sk|fl|pk|rk|gh[opsu]|xox[abp]|AKIA)[-_]?[A-Za-z0-9_-]{12,}"
    r"|(?i:\bbearer\s+)\S+"
    r"|(?i:\b(?:api[_-]?key|token|secret|password|passwd|pwd)\b\s*[=:]\s*)\S+"
    r"|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"
)


def scrubbed(text: str) -> str:
    """The text, shortened, with paths cut to their last name and keys left out."""
    text = _SECRET.sub("[left out]", text[: 4 * _LONGEST])
    text = _PATH.sub(lambda found: re.split(r"[/\\]", found[0])[-1], text)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
