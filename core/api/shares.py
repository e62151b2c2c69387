"""Share links for their owner: make, look, pause, revoke, prolong, raise."""

from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, ConfigDict, Field

from core.api.bench import Bench, User
from core.bootstrap import Share, Wish, Workbench, link_address, snapshot_page
from core.errors import Conflict
from core.export import plain

router = APIRouter(prefix="/shares", tags=["shares"])


class ShareIn(BaseModel):
    """A link to make. A `snapshot` needs `conversation_id`; a `live` demo has a `cap` in dollars, the
    `documents` (ids of documents and collections) that may be searched, and `template`, a prompt whose
    version is fixed now. Live links end after at most 90 days."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["snapshot", "live"] = "snapshot"
    title: str = ""
    description: str = ""
    questions: list[str] = Field(default_factory=list)
    conversation_id: str = ""
    days: float | None = 7
    passphrase: str = ""
    cap: Decimal = Decimal(1)
    visitor_cap: Decimal | None = None
    messages: int = 20
    max_tokens: int = 600
    model: str | None = None
    template: str = "answer"
    documents: list[str] = Field(default_factory=list)
    tools: list[str] = Field(default_factory=list)
    show_cost: bool = False

    def wish(self) -> Wish:
        """The same as core's own value."""
        given = self.model_dump(
            exclude={"template", "show_cost", "questions", "documents", "tools"}
        )
        return Wish(
            **given,
            prompt=self.template,
            shows_cost=self.show_cost,
            questions=tuple(self.questions),
            documents=tuple(self.documents),
            tools=tuple(self.tools),
        )


class PausedIn(BaseModel):
    """Whether it is paused."""

    model_config = ConfigDict(extra="forbid")

    paused: bool


class DaysIn(BaseModel):
    """How many days from now it is open."""

    model_config = ConfigDict(extra="forbid")

    days: float


class CapIn(BaseModel):
    """The cap in US dollars."""

    model_config = ConfigDict(extra="forbid")

    cap: Decimal


class ShareOut(BaseModel):
    """A link: `state` is open, paused, expired or revoked; money is US dollars."""

    id: str
    kind: str
    title: str
    description: str
    questions: list[str]
    state: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    passphrase: bool
    model: str
    template: str
    documents: list[str]
    tools: list[str]
    messages: int
    max_tokens: int
    show_cost: bool
    visitors: int
    asked: int
    refused: int
    cap: str | None
    spent: str | None
    reserved: str | None


class MadeOut(ShareOut):
    """A new link with its token and address, which cannot be read again."""

    token: str
    url: str


@router.post("", status_code=201)
def make(bench: Bench, user: User, body: ShareIn) -> MadeOut:
    """Make a link; its address is in this answer and nowhere else."""
    link, token = bench.shares.make(user, body.wish())
    url = link_address(_base(bench), token, asks_passphrase=bool(link.passphrase))
    return MadeOut(**_out(bench.shares.get(user, link.id)), token=token, url=url)


@router.get("")
def shares(bench: Bench, user: User) -> list[ShareOut]:
    """Every link, newest first."""
    return [ShareOut(**_out(each)) for each in bench.shares.list(user)]


@router.post("/pause")
def pause_all(bench: Bench, user: User, body: PausedIn) -> dict[str, bool]:
    """Pause every link at once, or let each be as it was."""
    bench.shares.links.pause_all(user, body.paused)
    return {"paused": body.paused}


@router.get("/{share_id}")
def share(bench: Bench, user: User, share_id: str) -> ShareOut:
    """One link."""
    return _one(bench, user, share_id)


@router.post("/{share_id}/pause")
def pause(bench: Bench, user: User, share_id: str, body: PausedIn) -> ShareOut:
    """Pause the link, or open it again."""
    bench.shares.links.pause(user, share_id, body.paused)
    return _one(bench, user, share_id)


@router.post("/{share_id}/revoke")
def revoke(bench: Bench, user: User, share_id: str) -> ShareOut:
    """Close the link for good."""
    bench.shares.links.revoke(user, share_id)
    return _one(bench, user, share_id)


@router.post("/{share_id}/prolong")
def prolong(bench: Bench, user: User, share_id: str, body: DaysIn) -> ShareOut:
    """Have it end so many days from now."""
    bench.shares.prolong(user, share_id, body.days)
    return _one(bench, user, share_id)


@router.put("/{share_id}/cap")
def cap(bench: Bench, user: User, share_id: str, body: CapIn) -> ShareOut:
    """Set what all its visitors together may cost; what was spent counts."""
    bench.shares.set_cap(user, share_id, body.cap)
    return _one(bench, user, share_id)


@router.get("/{share_id}/visitors")
def visitors(bench: Bench, user: User, share_id: str) -> list[dict[str, Any]]:
    """Its visitors, latest first."""
    bench.shares.links.get(user, share_id)
    found: list[dict[str, Any]] = plain(bench.shares.visitors.list(user, share_id))
    return found


@router.get("/{share_id}/visitors/{visitor_id}")
def visitor(bench: Bench, user: User, share_id: str, visitor_id: str) -> dict[str, Any]:
    """One visitor with his turns."""
    found, turns = bench.shares.conversation(user, share_id, visitor_id)
    return {**plain(found), "turns": plain(turns)}


@router.get("/{share_id}/snapshot", response_class=HTMLResponse)
def snapshot(bench: Bench, user: User, share_id: str) -> str:
    """A snapshot as one HTML file."""
    link = bench.shares.links.get(user, share_id)
    if link.snapshot is None:
        raise Conflict("a live demo is no file", hint="Only a snapshot can be exported.")
    return snapshot_page(link.title, link.description, link.snapshot)


def _one(bench: Workbench, user: str, share_id: str) -> ShareOut:
    return ShareOut(**_out(bench.shares.get(user, share_id)))


def _base(bench: Workbench) -> str:
    settings = bench.settings
    return settings.public_url or f"http://localhost:{settings.port}"


def _out(share: Share) -> dict[str, Any]:
    link, cap = share.link, share.cap
    return {
        **{name: getattr(link, name) for name in ShareOut.model_fields if hasattr(link, name)},
        "state": share.state,
        "questions": list(link.questions),
        "documents": list(link.documents),
        "tools": list(link.tools),
        "passphrase": bool(link.passphrase),
        "template": link.prompt,
        "show_cost": link.shows_cost,
        "visitors": share.visitors,
        "asked": share.asked,
        "cap": f"{cap.limit:f}" if cap else None,
        "spent": f"{cap.spent:f}" if cap and cap.spent is not None else None,
        "reserved": f"{cap.reserved:f}" if cap and cap.reserved is not None else None,
    }
