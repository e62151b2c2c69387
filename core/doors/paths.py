"""What stands before the doors: the few paths that somebody who is not the owner may ask for."""

_OPEN = frozenset(
    {
        "/sign-in",
        "/api/sign-in",
        "/api/sign-in/oidc",
        "/api/sign-in/oidc/callback",
        "/sign-out",
        "/api/sign-out",
        "/api/demo",
        "/robots.txt",
        "/favicon.png",
        "/_stcore/health",
        "/_stcore/host-config",
    }
)
GATEWAY = "/api/openai/v1/"
"""Every route there asks for an API key itself, wherever the program runs."""
_BEGIN = ("/api/demo/", GATEWAY, "/static/", "/app/static/")
STREAM = "/_stcore/stream"
DEMO = "/demo"


def is_open(path: str) -> bool:
    """Whether anybody may ask for it; a visitor's stream and page are decided by his cookie."""
    return path in _OPEN or (path.startswith(_BEGIN) and ".." not in path)


def is_static(path: str) -> bool:
    """Whether it is a file of the frontend, the same for everybody."""
    return path.startswith(("/static/", "/app/static/", "/component/")) or path == "/favicon.png"


def is_demo(path: str) -> bool:
    """Whether it is the page of a share link."""
    return path.rstrip("/") == DEMO
