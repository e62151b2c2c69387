"""The one entry: `python app.py` and `streamlit run app.py` both start pages and API on one port."""

import gc

gc.disable()  # imports leave no garbage, and looking for it takes a fifth of the time to start

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware
from starlette.routing import Mount
from streamlit.config import set_option

from core import listening
from core.api import create_api
from core.assets.command import main as fetch_assets
from core.bootstrap import LOCAL_USER
from core.doors import Doors
from core.errors import FootlightsError
from core.settings import Settings, read, unknown
from pages.ui import entry
from pages.ui.packed import Packed
from pages.ui.session import FILE_MB, workbench

gc.freeze()  # nor is what they made looked through ever again
gc.enable()


_FRAME = Path(__file__).resolve().parent / "pages" / "frame.py"


@asynccontextmanager
async def lifespan(_: object) -> AsyncIterator[None]:
    """Build and start the workbench before the first request, and end it in order after the last."""
    bench = workbench()
    # Said on the terminal and not logged: a log is kept, and read by others.
    token = bench.sign_ins.token(LOCAL_USER)
    settings = bench.settings
    # What Streamlit takes at most; each place for files has its own bound.
    set_option("server.maxUploadSize", max(FILE_MB, settings.max_upload_mb))
    where = "from elsewhere" if settings.trusts_this_machine else "(on this machine too)"
    at = f"{settings.public_url.rstrip('/')}/sign-in" if settings.public_url else "/sign-in"
    sys.stderr.write(f"\n  To sign in {where}, at {at}: {token}\n  It opens for 7 days.\n\n")
    try:
        yield
    finally:
        bench.close()


app = st.App(
    "pages/frame.py",
    routes=[Mount("/api", app=create_api(workbench)), *entry.routes()],
    lifespan=lifespan,
    middleware=[Middleware(Doors, bench=workbench, hidden=str(_FRAME)), Middleware(Packed)],
)


def ready() -> Settings:
    """The settings, with all that the first request needs; ends the process in words where that cannot be."""
    try:
        settings = read()
        for words in unknown():
            sys.stderr.write(f"{words}\n")
        listening.look(settings.host, settings.port)
        # What cannot be had is told here and by the pages that miss it; the rest works without.
        fetch_assets([])
        workbench()
    except FootlightsError as error:
        sys.exit(f"\nFootlights cannot start: {error}.\n{error.hint}")
    return settings


if __name__ == "__main__":
    # Ctrl-C is how it ends; by then everything is closed in order.
    with suppress(KeyboardInterrupt):
        settings = ready()
        app.run(config={"server.address": settings.host, "server.port": settings.port})
