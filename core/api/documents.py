"""Documents and search."""

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, File, Path, Query, Response, UploadFile
from starlette.concurrency import run_in_threadpool

from core.api.bench import Bench, User
from core.api.shapes import HitOut, HitsOut, PageIn, SearchIn, TextIn, UploadOut
from core.bootstrap import Workbench
from core.documents.viewing import MEDIA_TYPES, WIDEST
from core.errors import Refused
from core.export import plain
from core.types import Box, Chunk, Collection, Document

MOST_FILES = 100


router = APIRouter(tags=["documents"])


@router.post("/documents", status_code=202)
async def upload(
    bench: Bench, user: User, files: Annotated[list[UploadFile], File()]
) -> list[UploadOut]:
    """Take files in; each is then read, chunked and embedded in the background."""
    if len(files) > MOST_FILES:
        raise Refused(f"{len(files)} files at once: at most {MOST_FILES}")
    return [await _take_in(bench, user, file) for file in files]


@router.post("/documents/page", status_code=202)
async def upload_page(bench: Bench, user: User, body: PageIn) -> UploadOut:
    """Take in a web page by its address, which must be on the open internet."""
    document, is_new = await bench.bridge.await_(bench.documents.add_page(user, body.url))
    return _taken_in(document, is_new)


@router.post("/documents/text", status_code=202)
def upload_text(bench: Bench, user: User, body: TextIn) -> UploadOut:
    """Take in a text."""
    return _taken_in(*bench.documents.add_text(user, body.name, body.text))


@router.get("/documents", response_model=list[Document])
def documents(bench: Bench, user: User) -> Any:
    """Every document, newest first."""
    return plain(bench.documents.list(user))


@router.get("/documents/{document_id}", response_model=Document)
def document(bench: Bench, user: User, document_id: str) -> Any:
    """One document and how far it has come."""
    return plain(bench.documents.get(user, document_id))


@router.get("/documents/{document_id}/passages", response_model=list[Chunk])
def passages(
    bench: Bench,
    user: User,
    document_id: str,
    offset: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Any:
    """The passages of a document in their order."""
    bench.documents.get(user, document_id)
    return plain(bench.documents.passages(user, document_id, offset, limit))


@router.get("/documents/{document_id}/file", response_class=Response)
def file(bench: Bench, user: User, document_id: str) -> Response:
    """The file as it was uploaded, to be saved and not shown: it may be a web page of anybody's."""
    found, data = bench.viewer.file(user, document_id)
    headers = {
        "content-disposition": f"attachment; filename*=UTF-8''{quote(found.name, safe='')}",
        "x-content-type-options": "nosniff",
        "content-security-policy": "sandbox; default-src 'none'",
        "cache-control": "private, no-store",
    }
    kind = MEDIA_TYPES.get(found.kind, "application/octet-stream")
    return Response(data, media_type=kind, headers=headers)


@router.get("/documents/{document_id}/pages/{number}.png", response_class=Response)
def page_picture(
    bench: Bench,
    user: User,
    document_id: str,
    number: int,
    width: Annotated[int, Query(ge=50, le=WIDEST)] = 1000,
) -> Response:
    """A page of a PDF as a picture, at most `width` pixels wide."""
    drawn = bench.viewer.page(user, document_id, number, width)
    headers = {"x-content-type-options": "nosniff", "cache-control": "private, max-age=3600"}
    return Response(drawn.png, media_type="image/png", headers=headers)


@router.get("/documents/{document_id}/passages/{seq}/boxes", response_model=list[Box])
def passage_boxes(
    bench: Bench,
    user: User,
    document_id: str,
    seq: Annotated[int, Path(ge=0, lt=2**31)],
    start: Annotated[int, Query(ge=0)] = 0,
    end: Annotated[int, Query(ge=0)] = 0,
) -> Any:
    """Where characters [start, end) of a passage stand on the picture of its page, line by line, in
    fractions of it; all of the passage when they are equal. Empty when they cannot be found there."""
    return plain(bench.viewer.boxes(user, document_id, seq, start, end))


@router.delete("/documents/{document_id}", status_code=204)
def delete(bench: Bench, user: User, document_id: str) -> None:
    """Remove a document, its passages and its file."""
    bench.documents.delete(user, document_id)


@router.post("/search")
async def search(bench: Bench, user: User, body: SearchIn) -> HitsOut:
    """The passages nearest to the query, over all indexed documents or those of a collection."""
    only = None
    if body.collection is not None:
        only = await run_in_threadpool(_inside, bench, user, body.collection)
    hits = await bench.bridge.await_(bench.documents.search(user, body.query, body.k, only))
    return HitsOut(
        hits=[
            HitOut(
                document_id=hit.document_id,
                name=hit.name,
                page=hit.chunk.page,
                start=hit.chunk.start,
                end=hit.chunk.end,
                text=hit.chunk.text,
                score=round(hit.fused, 6),
            )
            for hit in hits
        ]
    )


@router.get("/collections", response_model=list[Collection])
def collections(bench: Bench, user: User) -> Any:
    """Every collection, by name, with how many documents it holds."""
    return plain(bench.collections.list(user))


def _inside(bench: Workbench, user: str, name_or_id: str) -> tuple[str, ...]:
    collection = bench.collections.get(user, name_or_id)
    return bench.collections.resolve(user, [collection.id])


async def _take_in(bench: Workbench, user: str, file: UploadFile) -> UploadOut:
    # One byte more than is allowed tells the service that it is too large, and is all we read.
    data = await file.read(bench.settings.max_upload_mb * 2**20 + 1)
    document, is_new = await run_in_threadpool(bench.documents.add, user, file.filename or "", data)
    return _taken_in(document, is_new)


def _taken_in(document: Document, is_new: bool) -> UploadOut:
    return UploadOut(
        id=document.id,
        name=document.name,
        status=document.status,
        reason=document.reason,
        already_there=not is_new,
    )
