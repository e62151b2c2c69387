"""The HTML that a page begins with: Streamlit's own, told where its server is, with words until it draws."""

import re
from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route
from streamlit import file_util

_PAGES = Path(__file__).resolve().parent.parent
# Without it the frontend asks under the page's own address first, and the browser logs two answers of 404.
_TOLD = '<script>window.__streamlit = {BACKEND_BASE_URL: new URL(".", location.href).href}</script>'
# Where the line is broken, Streamlit speaks of its server and says no more: nothing is lost meanwhile.
_AWAY = """<script>addEventListener('DOMContentLoaded', () => new MutationObserver(() => {
for (const each of document.querySelectorAll('[role="dialog"] *')) {
if (!each.children.length && each.textContent.startsWith('Streamlit server is not responding')) each.textContent =
'Footlights does not answer: your connection or the app is interrupted. Leave this page open: it goes on by itself \
as soon as it can. What was being answered goes on meanwhile, and is kept.';
}}).observe(document.body, {childList: true, subtree: true}));</script>"""
# What it draws takes the place of what stands there; on a slow line that is a minute later.
_ROOT = '<div id="root">'
_OPENING = """<style>
#opening { font: 1rem/1.5 system-ui, sans-serif; text-align: center; padding: 35vh 1rem 0; animation: late 0s .7s both; }
@keyframes late { from { opacity: 0; } }
html:has(#opening) { background: #FDFCFA; color: #241F1A; }
@media (prefers-color-scheme: dark) { html:has(#opening) { background: #151311; color: #F1ECE5; } }
</style><p id="opening" role="status">Footlights is opening. The first time takes longer: about a megabyte is
fetched, and kept by your browser.</p>"""
# A font that no page of ours begins with.
_FONT = re.compile(r'<link\s+rel="preload"[^>]*SourceSans[^>]*>')


def routes() -> list[Route]:
    """A route for the address of each page."""
    html = (Path(file_util.get_static_dir()) / "index.html").read_text(encoding="utf-8")
    whole = html.replace("<head>", f"<head>{_TOLD}{_AWAY}", 1).replace(
        _ROOT, f"{_ROOT}{_OPENING}", 1
    )
    whole = _FONT.sub("", whole.replace("<title>Streamlit<", "<title>Footlights<", 1))

    def page(_: Request) -> HTMLResponse:
        return HTMLResponse(whole, headers={"cache-control": "no-cache"})

    names = sorted(path.parent.name for path in _PAGES.glob("*/page.py"))
    return [Route("/", page), *(Route(f"/{name}", page) for name in (*names, "demo"))]
