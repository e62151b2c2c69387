"""A snapshot as one HTML file: no script, nothing fetched, its citations open where they stand."""

import re
from html import escape
from typing import Any

from core.sharing.markup import to_html

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_META_POLICY = POLICY.removesuffix("; frame-ancestors 'none'")  # a browser warns of it in a tag
_WRAP = re.compile(r"(?<=[^\n]{60})\n(?=[^\n|>#*\-•\d])")
"""A line break where the page was full; as long as the space that stands for it."""
STYLE = """
:root { color-scheme: light dark; --ink: #241F1A; --soft: #6B6259; --paper: #FDFCFA; --card: #F4F0EA;
  --line: #E4DDD3; --accent: #A84B0A; --mark: #F8D9AE; --on: #FFFFFF; }
@media (prefers-color-scheme: dark) { :root { --ink: #F1ECE5; --soft: #A89E92; --paper: #151311;
  --card: #211E1A; --line: #37312A; --accent: #F0A24A; --mark: #6A4716; --on: #151311; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); overflow-wrap: anywhere;
  font: 16px/1.6 Inter, system-ui, -apple-system, "Segoe UI", sans-serif; }
main { max-width: 44rem; margin: 0 auto; padding: 2.5rem 1.1rem 4rem; }
h1 { font-size: 1.65rem; line-height: 1.25; margin: 0 0 .4rem; letter-spacing: -.01em; text-wrap: balance; }
h3 { font-size: 1rem; margin: 1.2rem 0 .3rem; }
p { margin: .6rem 0; } ul, ol { padding-left: 1.3rem; margin: .5rem 0; }
.soft { color: var(--soft); font-size: .88rem; }
.asked { margin: 2.4rem 0 .9rem auto; width: fit-content; max-width: 88%; padding: .55rem .95rem;
  border-radius: 1.1rem 1.1rem .3rem 1.1rem; background: var(--card); white-space: pre-wrap; }
code { font: .88em ui-monospace, "JetBrains Mono", monospace; background: var(--card);
  border-radius: .25rem; padding: .1em .3em; }
pre { background: var(--card); border-radius: .6rem; padding: .8rem 1rem; overflow-x: auto; }
pre code { padding: 0; background: none; }
a.cite { color: var(--accent); text-decoration: none; font-weight: 600; font-size: .85em;
  padding: .1em .15em; border-radius: .25rem; }
a.cite:hover { text-decoration: underline; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: .25rem; }
details { border: 1px solid var(--line); border-radius: .7rem; margin: .45rem 0; }
summary { cursor: pointer; padding: .5rem .8rem; font-size: .9rem; }
summary b { color: var(--accent); margin-right: .35rem; }
.passage { white-space: pre-wrap; padding: .2rem .9rem .8rem; font-size: .92rem; scroll-margin-top: 4rem; }
mark { background: var(--mark); color: inherit; border-radius: .2rem; padding: .05em .1em; }
footer { margin-top: 3rem; padding-top: 1rem; border-top: 1px solid var(--line); }
@media print { details { break-inside: avoid; } }
"""


def page(title: str, description: str, snapshot: dict[str, Any]) -> str:
    """The whole file."""
    shown = escape(title)
    said = f"<p>{escape(description)}</p>" if description else ""
    count = len(snapshot["turns"])
    plural = "" if count == 1 else "s"
    taken = escape(snapshot["taken_at"][:10])
    body = "".join(_turn(number, turn) for number, turn in enumerate(snapshot["turns"], 1))
    return document(
        shown,
        f'<h1>{shown}</h1>{said}<p class="soft">{count} question{plural}, as answered; frozen on {taken}. '
        f"Open a number to see the passage behind it.</p>{body}"
        '<footer class="soft">Made with Footlights. Cited passages are excerpts of the documents. '
        "Answers are written by a model and can be wrong.</footer>",
        f'<meta http-equiv="Content-Security-Policy" content="{_META_POLICY}">',
    )


def document(title: str, body: str, head: str = "") -> str:
    """An HTML document in the look of the app; `title` and `body` are HTML already."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'{head}<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="robots" content="noindex, nofollow"><meta name="referrer" content="no-referrer">'
        f'<link rel="icon" href="data:,"><title>{title}</title><style>{STYLE}</style></head>'
        f"<body><main>{body}</main></body></html>"
    )


def _turn(number: int, turn: dict[str, Any]) -> str:
    there = {source["number"] for source in turn["sources"]}

    def cite(cited: int) -> str:
        if cited not in there:
            return ""
        return (
            f'<a class="cite" href="#q{number}-{cited}" title="Show passage {cited}">[{cited}]</a>'
        )

    answer = to_html(turn["answer"], cite)
    passages = "".join(_source(number, source) for source in turn["sources"])
    return (
        f'<div class="asked">{escape(turn["question"])}</div><section>{answer}</section>'
        f'<div>{passages}</div><p class="soft">{_facts(turn)}</p>'
    )


def _source(number: int, source: dict[str, Any]) -> str:
    name, place = escape(source["name"]), escape(source["place"])
    return (
        f"<details><summary><b>{source['number']}</b>{name}, {place}</summary>"
        f'<div class="passage" id="q{number}-{source["number"]}">{_marked(source)}</div></details>'
    )


def _marked(source: dict[str, Any]) -> str:
    text, (start, end) = _WRAP.sub(" ", source["text"]), source["quote"]
    if end <= start:
        return escape(text)
    return f"{escape(text[:start])}<mark>{escape(text[start:end])}</mark>{escape(text[end:])}"


def _facts(turn: dict[str, Any]) -> str:
    facts = [turn["asked_at"].replace("T", " ")[:16] + " UTC"]
    if "cost" in turn:
        facts.append("price unknown" if turn["cost"] is None else f"${turn['cost']}")
    return escape(" · ".join(facts))
