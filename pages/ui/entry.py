"""The HTML that a page begins with: Streamlit's own, told where its server is."""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route
from streamlit import file_util

_PAGES = Path(__file__).resolve().parent.parent
# Without it the frontend asks under the page's own address first, and the browser logs two answers of 404.
_TOLD = '<script>window.__streamlit = {BACKEND_BASE_URL: new URL(".", location.href).href}</script>'


def routes() -> list[Route]:
    """A route for the address of each page."""
    html = (Path(file_util.get_static_dir()) / "index.html").read_text(encoding="utf-8")
    whole = html.replace("<head>", f"<head>{_TOLD}", 1)

    def page(_: Request) -> HTMLResponse:
        return HTMLResponse(whole, headers={"cache-control": "no-cache"})

    names = sorted(path.stem for path in _PAGES.glob("[!_]*.py"))
    return [Route(f"/{name}", page) for name in names if name != "frame"]
