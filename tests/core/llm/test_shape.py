"""A schema as vendors can be held to it, as it is checked, and what does not fit in words."""

from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter

from core.errors import Refused
from core.llm.shape import shape
from core.llm.strict_schema import MOST_UNIONS, strict_schema
from core.llm.unusable import OutputInvalid
from core.table_fields import parse_fields, table_schema


class Book(BaseModel):
    title: str


class Tree(BaseModel):
    children: list["Tree"] = []


@pytest.mark.parametrize(
    "schema",
    [
        Tree.model_json_schema(),
        TypeAdapter(list[int]).json_schema(),
        TypeAdapter(Book | None).json_schema(),
        TypeAdapter(dict[str, int]).json_schema(),
        {"type": "object", "properties": {"a": {}}},
        {"type": "object", "properties": {"a": {"type": "array"}}},
        {"type": "object", "properties": {"full name": {"type": "string"}}},
        {"type": "object", "properties": {"a": {"allOf": [{"type": "string"}, {"minLength": 2}]}}},
        {"type": "object", "properties": {f"p{n}": {"type": "string"} for n in range(17)}},
    ],
)
def test_what_vendors_cannot_be_held_to_has_no_strict_form(schema: dict[str, Any]) -> None:
    assert strict_schema(schema) is None


def test_the_strict_form_keeps_references_unions_and_choices_and_tells_the_rest_in_words() -> None:
    schema = {
        "type": "object",
        "properties": {
            "book": {"$ref": "#/$defs/Book", "description": "dropped beside a reference"},
            "status": {"enum": ["open", "closed", None]},
            "size": {"type": ["integer", "null"], "minimum": 1, "description": "In cm."},
            "when": {"type": "string", "format": "date"},
        },
        "required": ["book", "status", "size", "when"],
        "$defs": {
            "Book": {
                "type": "object",
                "title": "Book",
                "properties": {"kind": {"const": "b"}, "isbn": {"type": "string", "pattern": "^9"}},
            }
        },
    }
    assert strict_schema(schema) == {
        "type": "object",
        "properties": {
            "book": {"$ref": "#/$defs/Book"},
            "status": {"anyOf": [{"type": "string", "enum": ["open", "closed"]}, {"type": "null"}]},
            "size": {
                "anyOf": [{"type": "integer"}, {"type": "null"}],
                "description": "In cm. (minimum 1)",
            },
            "when": {"type": "string", "format": "date"},
        },
        "required": ["book", "status", "size", "when"],
        "additionalProperties": False,
        "$defs": {
            "Book": {
                "type": "object",
                "properties": {
                    "kind": {"anyOf": [{"type": "string", "enum": ["b"]}, {"type": "null"}]},
                    "isbn": {
                        "anyOf": [{"type": "string"}, {"type": "null"}],
                        "description": "(pattern ^9)",
                    },
                },
                "required": ["kind", "isbn"],
                "additionalProperties": False,
            }
        },
    }


def test_a_table_of_fifteen_fields_can_be_held_natively_and_a_wider_one_in_words() -> None:
    names = [f"f{number}" for number in range(MOST_UNIONS)]
    assert shape(table_schema(parse_fields(", ".join(names[:-1])))).output is not None
    assert shape(table_schema(parse_fields(", ".join(names)))).output is None


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "objekt"},
        {"$ref": "https://example.com/schema.json"},
        {"type": "object", "properties": {"a": {"$ref": "#/$defs/none"}}},
        {"$ref": "#"},
        {"$dynamicRef": "https://example.com/schema.json"},
    ],
)
def test_a_schema_that_cannot_be_used_is_refused_before_anything_is_asked(
    schema: dict[str, Any],
) -> None:
    with pytest.raises(Refused):
        shape(schema)


def test_a_reference_that_an_inner_id_leads_astray_is_refused_and_nothing_is_fetched() -> None:
    inner = {"$id": "https://example.com/inner", "$ref": "#/$defs/a"}
    schema = {"type": "object", "properties": {"a": inner}, "$defs": {"a": {"type": "string"}}}
    with pytest.raises(Refused, match="not in it"):
        shape(schema).check({"a": "x"})


def test_problems_are_told_with_their_place_and_without_the_whole_value() -> None:
    schema = table_schema(parse_fields("name, year: number"))
    rows = [{"name": "x" * 5000, "year": "1965"}] * 30
    with pytest.raises(OutputInvalid) as caught:
        shape(schema).check({"rows": rows})
    assert caught.value.problems[0] == "rows[0].year: '1965' is not of type 'number', 'null'"
    assert caught.value.problems[-1] == "and 20 more"
    with pytest.raises(OutputInvalid) as caught:
        shape(schema).check({"rows": [{"name": ["y" * 5000], "year": 1}]})
    assert len(str(caught.value)) < 300
    assert str(caught.value).endswith("is not of type 'string', 'null'.")
