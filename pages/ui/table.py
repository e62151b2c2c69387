"""An answer that is a table: drawn while it grows, and taken away as CSV or JSON."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from core.table_fields import PASSAGE, Field, parse_fields
from core.tables import rows_of, to_csv, to_json
from core.types import Turn
from pages.ui.markdown import label

_ROW_PIXELS, _MOST_ROWS = 35, 16


def draw(turn: Turn, text: str) -> int:
    """Draw the rows that are in the text; how many there are."""
    fields, rows = parse_fields(turn.request.table), rows_of(text)
    if rows:
        _frame(fields, rows)
    return len(rows)


def take_away(turn: Turn) -> None:
    """Two buttons: the rows for a spreadsheet, and for a program."""
    fields, rows = parse_fields(turn.request.table), rows_of(turn.answer)
    if not rows:
        if turn.status == "done":
            st.info("The table has no rows: nothing was found that belongs in it.")
        return
    many = f"{len(rows)} row{'' if len(rows) == 1 else 's'}"
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.caption(many, width="content")
        for name, data, mime in (
            # With the mark at its beginning a spreadsheet reads it as UTF-8.
            ("CSV", "\ufeff" + to_csv(fields, rows), "text/csv"),
            ("JSON", to_json(fields, rows), "application/json"),
        ):
            st.download_button(
                name,
                data,
                file_name=f"table.{name.lower()}",
                mime=mime,
                icon=":material/download:",
                type="tertiary",
                key=f"table_{name}_{turn.id}",
                on_click="ignore",
            )


def _frame(fields: Sequence[Field], rows: Sequence[dict[str, Any]]) -> None:
    passages = any(row.get(PASSAGE) is not None for row in rows)
    columns = [field.name for field in fields] + [PASSAGE] * passages
    # Objects, so that a number that is not known yet stays empty and a model's text is never parsed.
    frame = pd.DataFrame([[row.get(name) for name in columns] for row in rows], dtype=object)
    frame.columns = pd.Index(range(len(columns)))
    names = {number: label(name) for number, name in enumerate(columns)}
    st.dataframe(
        frame,
        hide_index=True,
        height=min(len(rows), _MOST_ROWS) * _ROW_PIXELS + 36,
        row_height=_ROW_PIXELS,
        column_config={
            str(number): _column(names[number], field)
            for number, field in enumerate([*fields, *([None] if passages else [])])
        },
    )


def _column(name: str, field: Field | None) -> Any:
    if field is None:
        return st.column_config.NumberColumn(
            "Passage", help="The passage that the row comes from.", width="small"
        )
    help_text = label(field.description) if field.description else None
    match field.kind:
        case "number":
            return st.column_config.NumberColumn(name, help=help_text)
        case "yes/no":
            return st.column_config.CheckboxColumn(name, help=help_text)
        case _:
            return st.column_config.TextColumn(name, help=help_text)
