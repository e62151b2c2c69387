"""An answer as a table: fields from a line, the schema they make, and the rows to take away."""

import csv
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Refused
from core.table_fields import MOST_FIELDS, Field, parse_fields, table_schema
from core.tables import rows_in, to_csv, to_json

FIELDS = parse_fields("name, year: number, open: yes/no")


def test_a_line_gives_the_fields_with_their_kinds_and_choices() -> None:
    line = " full  name , year: Number, born : date, open:yes/no, status: choice(open | closed, sort of),"
    assert parse_fields(line.rstrip(",")) == (
        Field("full name"),
        Field("year", "number"),
        Field("born", "date"),
        Field("open", "yes/no"),
        Field("status", "choice", choices=("open", "closed, sort of")),
    )


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("", "no field"),
        ("  ", "no field"),
        ("name,,year", "no name"),
        ("name,", "no name"),
        (": number", "no name"),
        ("name, Name: number", "twice"),
        ("name, passage: number", "no field can be called"),
        ("year: int", "no kind of field"),
        ("year:", "no kind of field"),
        ("a: b: c", "no kind of field"),
        ("status: choice", "needs 2"),
        ("status: choice()", "no name"),
        ("status: choice(open)", "needs 2"),
        ("status: choice(open|)", "no name"),
        ("status: choice(open|Open)", "same choice twice"),
        ("status: choice(open|closed", "parenthesis"),
        ("status: choice open|closed)", "parenthesis"),
        ("status: choice((open)|closed)", "parenthesis"),
        ("status: choice(open|closed) indeed", "not a name"),
        ("year: number(1|2)", "can have no choices"),
        ("n" * 61, "longer than 60"),
        ("na\u202eme", "cannot be shown"),
        (", ".join(f"f{number}" for number in range(MOST_FIELDS + 1)), "too many"),
        ("s: choice(" + "|".join(map(str, range(51))) + ")", "needs 2 to 50"),
    ],
)
def test_a_line_that_makes_no_table_is_refused_with_the_reason(line: str, reason: str) -> None:
    with pytest.raises(Refused, match=reason) as caught:
        parse_fields(line)
    assert caught.value.hint


@given(st.text("ab,:()|choice \n", max_size=40))
def test_any_line_gives_fields_or_is_refused(line: str) -> None:
    try:
        fields = parse_fields(line)
    except Refused:
        return
    assert table_schema(fields)["properties"]["rows"]["items"]["required"] == [
        field.name for field in fields
    ]


def test_the_schema_asks_for_rows_of_the_fields_and_allows_what_is_not_known() -> None:
    fields = (Field("name", description="As printed."), *parse_fields("day: date, s: choice(a|b)"))
    row = table_schema(fields)["properties"]["rows"]["items"]
    assert row["properties"] == {
        "name": {"type": ["string", "null"], "description": "As printed."},
        "day": {"type": ["string", "null"], "format": "date"},
        "s": {"type": ["string", "null"], "enum": ["a", "b", None]},
        "passage": {
            "type": ["integer", "null"],
            "minimum": 1,
            "description": "The number of the passage that the row comes from.",
        },
    }
    assert row["required"] == ["name", "day", "s"]
    assert row["additionalProperties"] is False
    with pytest.raises(Refused):
        table_schema(())


@pytest.mark.parametrize("data", [None, [], {}, {"rows": None}, {"rows": "x"}, {"rows": [1, None]}])
def test_an_answer_without_rows_so_far_has_none(data: Any) -> None:
    assert rows_in(data) == []


def test_csv_has_a_head_crlf_and_the_passage_where_one_is_named() -> None:
    rows = rows_in({"rows": [{"name": 'a "b",\nc', "year": -5, "open": True}, {"name": None}]})
    assert to_csv(FIELDS, rows) == 'name,year,open\r\n"a ""b"",\nc",-5,yes\r\n,,\r\n'
    cited = to_csv(FIELDS, [{"name": "x", "year": 1.5, "open": False, "passage": 3}, {}])
    assert cited == "name,year,open,passage\r\nx,1.5,no,3\r\n,,,\r\n"
    assert to_csv(FIELDS, []) == "name,year,open\r\n"


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1", "-1+cmd|' /C calc'!A0", "@SUM(A1)", " =1", "\t=1", "\tx", "\r=1", "＝1+1"],
)
def test_a_text_that_a_spreadsheet_would_run_begins_with_an_apostrophe(text: str) -> None:
    (_, row) = csv.reader(io.StringIO(to_csv(FIELDS, [{"name": text}]), newline=""))
    assert row[0] == f"'{text}"
    head = next(csv.reader(io.StringIO(to_csv((Field("=evil()"),), []))))
    assert head == ["'=evil()"]


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "name": st.none() | st.text(st.characters(exclude_categories=["Cs"])),
                "year": st.none()
                | st.integers()
                | st.floats(allow_nan=False, allow_infinity=False),
                "open": st.none() | st.booleans(),
            }
        ),
        max_size=5,
    )
)
def test_csv_and_json_give_back_what_went_in(rows: list[dict[str, Any]]) -> None:
    assert json.loads(to_json(FIELDS, rows)) == rows
    head, *read = csv.reader(io.StringIO(to_csv(FIELDS, rows), newline=""))
    assert head == ["name", "year", "open"]
    assert [cells[0].removeprefix("'") for cells in read] == [
        (row["name"] or "").removeprefix("'") for row in rows
    ]
    assert [cells[2] for cells in read] == [
        {None: "", True: "yes", False: "no"}[row["open"]] for row in rows
    ]


def test_an_empty_cell_of_the_only_column_is_a_row_all_the_same() -> None:
    assert to_csv(parse_fields("name"), [{"name": None}]) == '"name"\r\n""\r\n'


def test_json_keeps_the_order_of_the_fields_and_leaves_out_what_is_no_field() -> None:
    rows = [{"year": 1, "name": "ü", "more": 2}]
    assert to_json(FIELDS, rows) == (
        '[\n  {\n    "name": "ü",\n    "year": 1,\n    "open": null\n  }\n]'
    )
