"""Collections: documents that a user has grouped, so that a question can be asked of some of them."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, Engine, delete, func, select, update
from sqlalchemy.exc import IntegrityError

from core.clean_text import clean
from core.errors import Conflict, NotFound, Refused
from core.store.columns import now
from core.store.engine import insert, reading, writing
from core.store.ids import new_id
from core.store.search import folded
from core.store.tables import collection_documents, collections, documents, golden_questions
from core.types import Collection

LONGEST_NAME = 60
_IN = collection_documents.c
_COUNT = (
    select(func.count())
    .where(_IN.user_id == collections.c.user_id, _IN.collection_id == collections.c.id)
    .scalar_subquery()
    .label("documents")
)
_COLUMNS = [collections.c.id, collections.c.name, collections.c.created_at, _COUNT]


class Collections:
    """The collections of a user; another user's are not there. A document may be in several."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    # --- make, rename, delete -----------------------------------------------------------------

    def make(self, user: str, name: str) -> Collection:
        """A new, empty collection. Refused for no name or a long one, Conflict for one that is taken
        in whatever letters."""
        collection = Collection(new_id(), _checked(name), now())
        with writing(self._engine) as connection:
            row = insert(connection, collections).values(
                user_id=user,
                id=collection.id,
                name=collection.name,
                searched=folded(collection.name),
                created_at=collection.created_at,
            )
            same = row.on_conflict_do_nothing(index_elements=["user_id", "searched"])
            if connection.execute(same.returning(collections.c.id)).first() is None:
                raise _taken(name)
        return collection

    def rename(self, user: str, collection_id: str, name: str) -> None:
        """Give it another name, under the rules of `make`. Raises NotFound."""
        name = _checked(name)
        mine = (collections.c.user_id == user) & (collections.c.id == collection_id)
        change = update(collections).where(mine).values(name=name, searched=folded(name))
        try:
            with writing(self._engine) as connection:
                if not connection.execute(change).rowcount:
                    raise _missing(collection_id)
        except IntegrityError as error:
            raise _taken(name) from error

    def delete(self, user: str, collection_id: str) -> None:
        """Delete it; its documents stay, and golden questions that were asked of it are asked of all.
        Raises NotFound."""
        with writing(self._engine) as connection:
            gone = connection.execute(
                delete(collections).where(
                    collections.c.user_id == user, collections.c.id == collection_id
                )
            )
            if not gone.rowcount:
                raise _missing(collection_id)
            connection.execute(
                update(golden_questions)
                .where(golden_questions.c.user_id == user)
                .where(golden_questions.c.collection_id == collection_id)
                .values(collection_id="")
            )

    # --- what is in it ------------------------------------------------------------------------

    def put(self, user: str, collection_id: str, document_ids: Iterable[str]) -> None:
        """Put documents into it; those that are in it stay, those that are gone are left out.
        Raises NotFound when there is no such collection."""
        with writing(self._engine) as connection:
            _named(connection, user, collection_id)
            there = set(
                connection.scalars(select(documents.c.id).where(documents.c.user_id == user))
            )
            rows = [
                {"user_id": user, "collection_id": collection_id, "document_id": each}
                for each in dict.fromkeys(document_ids)
                if each in there
            ]
            if rows:
                row = insert(connection, collection_documents)
                connection.execute(row.on_conflict_do_nothing(), rows)

    def take_out(self, user: str, collection_id: str, document_ids: Iterable[str]) -> None:
        """Take documents out of it; they stay among the user's documents."""
        mine = (_IN.user_id == user) & (_IN.collection_id == collection_id)
        with writing(self._engine) as connection:
            for each in document_ids:
                connection.execute(
                    delete(collection_documents).where(mine, _IN.document_id == each)
                )

    def members(self, user: str) -> dict[str, frozenset[str]]:
        """The ids of the documents of each collection that has some, by the id of the collection."""
        query = select(_IN.collection_id, _IN.document_id).where(_IN.user_id == user)
        found: dict[str, set[str]] = {}
        with reading(self._engine) as connection:
            for row in connection.execute(query):
                found.setdefault(row.collection_id, set()).add(row.document_id)
        return {each: frozenset(members) for each, members in found.items()}

    # --- read ---------------------------------------------------------------------------------

    def get(self, user: str, name_or_id: str) -> Collection:
        """The collection with this id, else with this name in whatever letters. Raises NotFound."""
        with reading(self._engine) as connection:
            return _named(connection, user, name_or_id)

    def resolve(self, user: str, ids: Sequence[str]) -> tuple[str, ...]:
        """The ids with each collection's replaced by those of the documents that are in it now; any
        other id stays as it is."""
        with reading(self._engine) as connection:
            ours = connection.scalars(
                select(collections.c.id)
                .where(collections.c.user_id == user)
                .where(collections.c.id.in_(ids))
            )
            chosen = frozenset(ours)
            inside = connection.scalars(
                select(_IN.document_id)
                .where(_IN.user_id == user, _IN.collection_id.in_(chosen))
                .order_by(_IN.document_id)
            )
            alone = [each for each in ids if each not in chosen]
            return tuple(dict.fromkeys([*alone, *inside]))

    # Last, because its name hides the type from the annotations below it.
    def list(self, user: str) -> list[Collection]:
        """Every collection, by name."""
        query = select(*_COLUMNS).where(collections.c.user_id == user)
        with reading(self._engine) as connection:
            rows = connection.execute(query.order_by(collections.c.searched)).all()
        return [Collection(**row._asdict()) for row in rows]


def _named(connection: Connection, user: str, name_or_id: str) -> Collection:
    query = select(*_COLUMNS).where(collections.c.user_id == user)
    for mine in (
        collections.c.id == name_or_id,
        collections.c.searched == folded(" ".join(name_or_id.split())),
    ):
        if row := connection.execute(query.where(mine)).one_or_none():
            return Collection(**row._asdict())
    raise _missing(name_or_id)


def _checked(name: str) -> str:
    name = " ".join("".join(c if c.isprintable() else " " for c in clean(name)).split())
    if not 0 < len(name) <= LONGEST_NAME:
        raise Refused(
            f"the name of a collection has 1 to {LONGEST_NAME} characters, and this has {len(name)}",
            hint="Give it a short name: what its documents are about.",
        )
    return name


def _taken(name: str) -> Conflict:
    return Conflict(
        f"there is a collection named {' '.join(name.split())!r} already",
        hint="Choose another name; capital and small letters are the same here.",
    )


def _missing(name_or_id: str) -> NotFound:
    return NotFound(
        f"there is no collection {name_or_id}", hint="Choose one that is listed on Documents."
    )
