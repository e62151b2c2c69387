"""SQL over uploaded tables: right, read-only, bounded, and told in words when it is wrong."""

import json
from typing import Any

import pytest

from core.tools.grids import grids, overview
from tests.felt import Felt

INVENTORY = """# Lamps

| item | watts | bought | zip | price |
| --- | --- | --- | --- | --- |
| Fresnel | 1200 | 2021-03-04 | 01234 | 99.50 |
| PAR \\| 64 | 500 | | 99999 | 12 |
| Profile |

| item | item |
| --- | --- |
| rope | 3 |"""


@pytest.fixture
def shop(workshop: Any) -> Any:
    workshop.shelf.texts = {"inventory 2026.xlsx": [INVENTORY], "rider.txt": ["Sixty days."]}
    return workshop


async def asked(shop: Any, sql: str, **more: Any) -> Any:
    return await shop.call("query_table", json.dumps({"sql": sql, **more}))


async def test_without_sql_the_tables_are_told_with_their_columns_and_kinds(shop: Any) -> None:
    outcome = await asked(shop, "")
    assert outcome.text.splitlines()[1:] == [
        'inventory_2026_lamps ("item" text, "watts" number, "bought" text, "zip" text, "price" number): '
        "3 rows, from inventory 2026.xlsx",
        'inventory_2026_lamps_2 ("item" text, "item_2" number): 1 rows, from inventory 2026.xlsx',
    ]


async def test_a_select_is_answered_as_a_table_with_numbers_as_numbers(shop: Any) -> None:
    outcome = await asked(
        shop,
        "SELECT item, watts, zip, price * 2 AS double FROM inventory_2026_lamps ORDER BY watts DESC",
    )
    assert outcome.shown == {
        "kind": "table",
        "columns": ["item", "watts", "zip", "double"],
        "rows": [
            ["Fresnel", 1200, "01234", 199.0],
            ["PAR | 64", 500, "99999", 24.0],
            ["Profile", None, None, None],
        ],
        "total": 3,
    }
    assert outcome.text.endswith("(3 rows)")
    assert (await asked(shop, "select sum(watts) s from inventory_2026_lamps")).shown["rows"] == [
        [1700]
    ]


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("ATTACH '/etc/passwd' AS p", "read, and nothing else"),
        ("ATTACH ':memory:' AS m", "read, and nothing else"),
        ("DELETE FROM inventory_2026_lamps", "read, and nothing else"),
        ("UPDATE inventory_2026_lamps SET watts = 0", "read, and nothing else"),
        ("INSERT INTO inventory_2026_lamps VALUES (1,2,3,4,5)", "read, and nothing else"),
        ("DROP TABLE inventory_2026_lamps", "read, and nothing else"),
        ("CREATE TABLE x (a)", "read, and nothing else"),
        ("CREATE TEMP VIEW v AS SELECT 1", "read, and nothing else"),
        ("PRAGMA journal_mode", "read, and nothing else"),
        ("SELECT * FROM pragma_database_list", "read, and nothing else"),
        ("VACUUM INTO '/tmp/stolen.db'", "read, and nothing else"),
        ("REINDEX", "read, and nothing else"),
        ("BEGIN", "read, and nothing else"),
        ("SELECT load_extension('/tmp/x.so')", "read, and nothing else"),
        ("SELECT readfile('/etc/passwd')", "no such function"),
        ("SELECT writefile('/tmp/x', 'y')", "no such function"),
        ("SELECT 1; DROP TABLE inventory_2026_lamps", "one SELECT"),
        ("SELECT * FROM nowhere", "no such table: nowhere"),
        ("SELECT colour FROM inventory_2026_lamps", "no such column: colour"),
        ("SELEC 1", "syntax error"),
        ("-- nothing", "no SELECT"),
        ("SELECT ?", "too many SQL variables"),
        ("SELECT zeroblob(1000000000)", "too big"),
        ("SELECT " + "(" * 500 + "1" + ")" * 500, "failed"),
        ("SELECT '" + "x" * 9_999 + "'", "characters"),
        ("SELECT '\x00'", "query_table"),
    ],
)
async def test_what_is_no_plain_select_is_refused_with_the_tables_that_there_are(
    shop: Any, sql: str, words: str
) -> None:
    outcome = await asked(shop, sql)
    assert outcome.failed
    assert words in outcome.text
    assert "/tmp" not in outcome.text
    whole = await asked(shop, "SELECT count(*) FROM inventory_2026_lamps")
    assert whole.shown["rows"] == [[3]]


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        (
            "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c) SELECT count(*) FROM c",
            "5 s",
        ),
        (
            "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c LIMIT 9000) "
            "SELECT hex(zeroblob(400000)) FROM c ORDER BY random()",
            "memory",
        ),
    ],
)
async def test_a_query_without_an_end_or_a_bottom_is_ended(shop: Any, sql: str, words: str) -> None:
    felt = Felt()
    outcome = await asked(shop, sql)
    assert outcome.failed
    assert words in outcome.text
    assert felt.seconds < 12


async def test_more_rows_than_anybody_reads_are_cut_and_it_is_said(shop: Any) -> None:
    sql = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c LIMIT 5000) SELECT x FROM c"
    outcome = await asked(shop, sql)
    assert outcome.shown["total"] == 1000
    assert len(outcome.shown["rows"]) == 500
    assert "only the first 1,000 rows are given" in outcome.whole


async def test_a_chart_is_declared_from_a_select_and_checked(shop: Any) -> None:
    given = {
        "sql": "SELECT item, watts FROM inventory_2026_lamps WHERE watts > 0",
        "x": "item",
        "y": ["watts"],
        "title": "Power",
    }
    outcome = await shop.call("plot", json.dumps(given))
    assert outcome.shown == {
        "kind": "plot",
        "chart": "bar",
        "x": "item",
        "y": ("watts",),
        "title": "Power",
        "columns": ["item", "watts"],
        "rows": [["Fresnel", 1200], ["PAR | 64", 500]],
        "total": 2,
    }
    for change, words in [
        ({"y": ["colour"]}, "no column 'colour'"),
        ({"y": ["item"]}, "not of numbers"),
        ({"kind": "pie"}, "kind"),
        ({"sql": "SELECT 1 AS item, 2 AS watts WHERE 0"}, "nothing to draw"),
        ({"y": []}, "y"),
    ]:
        failed = await shop.call("plot", json.dumps({**given, **change}))
        assert failed.failed, change
        assert words in failed.text


async def test_where_there_are_no_tables_it_says_so(workshop: Any) -> None:
    assert "no tables" in (await asked(workshop, "")).text
    assert "no such table" in (await asked(workshop, "SELECT * FROM x")).text


def test_names_of_columns_and_tables_never_clash_and_are_always_there() -> None:
    taken: set[str] = set()
    text = "| A | a | |\n| --- | --- | --- |\n| 1 | 2 | 3 | 4 |"
    [one] = grids("2026.csv", [(1, text)], taken)
    [two] = grids("2026.csv", [(1, text)], taken)
    assert (one.name, two.name) == ("t_2026", "t_2026_2")
    assert one.columns == ("A", "a_2", "column_3", "more_4")
    assert one.rows == ((1, 2, 3, 4),)


@pytest.mark.parametrize("name", ["order", "sqlite_notes", "Values", "売上", "-", "2026"])
async def test_a_table_can_be_asked_by_the_name_that_is_told_whatever_its_file_is_called(
    workshop: Any, name: str
) -> None:
    workshop.shelf.texts = {f"{name}.csv": ["| a |\n| --- |\n| 7 |"]}
    told = (await asked(workshop, "")).text.splitlines()[1].split(" (")[0]
    assert (await asked(workshop, f"SELECT a FROM {told}")).shown["rows"] == [[7]]


async def test_of_a_table_that_is_wider_than_sqlite_has_columns_the_first_are_asked(
    workshop: Any,
) -> None:
    head, row = ("|".join(f"{word}{at}" for at in range(2_500)) for word in ("c", ""))
    workshop.shelf.texts = {"genes.csv": [f"|{head}|\n|{'---|' * 2_500}\n|{row}|"]}
    sql = "SELECT c0, c1999 FROM genes"
    assert (await asked(workshop, sql)).shown["rows"] == [[0, 1999]]
    told = (await asked(workshop, sql.replace("c1999", "c2000"))).text
    assert told.startswith("query_table failed: no such column: c2000")
    [grid] = grids("genes.csv", [(1, workshop.shelf.texts["genes.csv"][0])], set())
    assert overview([grid]).endswith(
        "1 rows, from genes.csv; of its 2,500 columns these are the first"
    )


RECORDS = """# Lamps

- Columns: item | watts | bought: when
- Row 2 | item: Fresnel | watts: 1200 | bought when: 2021
- Row 3 | item: PAR \\| 64 | bought when: 2022 | spare
- Row 4 | item: Profile: old | watts: 750

- 3 | rope
- 4 | tape"""


async def test_rows_that_are_read_as_records_are_tables_too(workshop: Any) -> None:
    workshop.shelf.texts = {"stock.xlsx": [RECORDS]}
    told = (await asked(workshop, "")).text
    assert (
        'stock_lamps ("item" text, "watts" number, "bought: when" number, "more_4" text): 3 rows'
        in told
    )
    assert 'stock_lamps_2 ("more_1" number, "more_2" text): 2 rows' in told
    outcome = await asked(workshop, "SELECT * FROM stock_lamps")
    assert outcome.shown["rows"] == [
        ["Fresnel", 1200, 2021, None],
        ["PAR | 64", None, 2022, "spare"],
        ["Profile: old", 750, None, None],
    ]
    assert (await asked(workshop, "SELECT sum(more_1) FROM stock_lamps_2")).shown["rows"] == [[7]]


def test_amounts_in_one_unit_are_numbers_of_a_column_that_names_it() -> None:
    lines = [
        "- Columns: item | price | share | mass | wage | mixed | price (€)",
        "- item: a | price: €12.50 | share: 15.6% | mass: 5 kg | wage: CHF -3 | mixed: 1 m | price (€): x",
        "- item: b | share: 4% | mass: 6.5 kg | wage: CHF 4 | mixed: 1 km | price (€): y",
    ]
    (grid,) = grids("a.xlsx", [(1, "\n".join(lines))], set())
    assert grid.columns == (
        *("item", "price (€)", "share (%)", "mass (kg)", "wage (CHF)", "mixed", "price (€)_2"),
    )
    assert grid.rows == (
        ("a", 12.5, 15.6, 5.0, -3, "1 m", "x"),
        ("b", None, 4.0, 6.5, 4, "1 km", "y"),
    )


def test_a_row_that_was_cut_between_two_passages_is_one_row() -> None:
    text = (
        "- Columns: item | note\n- item: rope | note: long\nand strong\n- item: tape | note: black"
    )
    [grid] = grids("stock.csv", [(1, text)], set())
    assert grid.rows == (("rope", "long and strong"), ("tape", "black"))
