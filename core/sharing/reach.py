"""How others reach a link: its address, a QR code, a tunnel that is installed, a badge."""

import io
import shutil
from dataclasses import dataclass
from urllib.parse import quote

import segno


@dataclass(frozen=True, slots=True)
class Tunnel:
    """A program that makes the app reachable from outside, and the command for it."""

    name: str
    command: str
    note: str


def address(base: str, token: str, *, asks_passphrase: bool) -> str:
    """The address of a link; `&p=1` only has the page show a field for the passphrase."""
    marker = "&p=1" if asks_passphrase else ""
    return f"{base.rstrip('/')}/demo?t={quote(token)}{marker}"


def qr(text: str, *, dark: str = "#241F1A") -> str:
    """The text as a QR code: an SVG without a script, on white, with its quiet zone."""
    made = io.BytesIO()
    segno.make(text, error="m", micro=False).save(
        made, kind="svg", scale=4, border=3, dark=dark, light="#FFFFFF", xmldecl=False, svgns=True
    )
    return made.getvalue().decode()


def tunnels(port: int) -> list[Tunnel]:
    """The commands for what is installed here, the one that needs no account first."""
    known = (
        Tunnel(
            "cloudflared",
            f"cloudflared tunnel --url http://127.0.0.1:{port}",
            "A random address under trycloudflare.com, without an account, for as long as it runs.",
        ),
        Tunnel("ngrok", f"ngrok http {port}", "An address under ngrok.app; needs a free account."),
        Tunnel(
            "ssh",
            f"ssh -N -R 127.0.0.1:{port}:127.0.0.1:{port} you@your-server",
            "To a server of your own, on which a web server passes requests on to that port.",
        ),
    )
    return [each for each in known if shutil.which(each.name)]


def badge(link: str, title: str) -> str:
    """Markdown for a README: a badge that leads to the link."""
    words = "".join(c for c in title if c.isalnum() or c in " -")[:40].strip() or "demo"
    label = quote(words.replace("-", "--"))
    return f"[![Try it](https://img.shields.io/badge/try_it-{label}-A84B0A)]({link})"
