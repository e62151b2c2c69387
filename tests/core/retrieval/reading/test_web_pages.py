"""Tables, lists and layouts of web pages are read as their reader sees them."""

from pathlib import Path

from core.retrieval.reading.extract import extract
from tests.core.retrieval.reading import files


def read(folder: Path, page: str) -> str:
    return extract(files.write(folder, "b10b", page), "html").text


def test_a_table_keeps_its_caption_and_its_cells_under_the_columns_that_they_span(
    tmp_path: Path,
) -> None:
    page = """<table><caption>Table 3: Rents of 2026</caption>
      <thead><tr><th rowspan=2>City<th colspan=2>Rent<tr><th>Low<th>High</thead>
      <tr><td rowspan="2">Berlin<td>10<td>20<tr><td>11<td>21
      <tr><td colspan="2">Paris<td>30<tr><td colspan="x" rowspan="-1">Rome<td>1<td>2</table>"""
    assert read(tmp_path, page) == (
        "Table 3: Rents of 2026\n\n| City | Rent |  |\n| --- | --- | --- |\n|  | Low | High |\n"
        "| Berlin | 10 | 20 |\n|  | 11 | 21 |\n| Paris |  | 30 |\n| Rome | 1 | 2 |"
    )


def test_a_page_that_is_laid_out_with_tables_keeps_its_headings_and_the_tables_within(
    tmp_path: Path,
) -> None:
    page = """<table><tr><td>Shop<td>Sign in<tr><td colspan=2><h1>Your receipt</h1><p>Thank you.
      <tr><td><table><tr><th>Item<th>Price<tr><td>Bolt<td>$5.00</table><tr><td>Questions? Call.</table>"""
    assert read(tmp_path, page) == (
        "| Shop | Sign in |\n| --- | --- |\n\n# Your receipt\n\nThank you.\n\n"
        "| Item | Price |\n| --- | --- |\n| Bolt | $5.00 |\n\nQuestions? Call."
    )


def test_code_in_a_table_keeps_its_lines(tmp_path: Path) -> None:
    page = "<table><tr><td><pre>1\n2</pre><td><pre>if x:\n  y()</pre></table>"
    assert read(tmp_path, page) == "```\n1\n2\n```\n\n```\nif x:\n  y()\n```"


def test_items_of_a_list_say_their_numbers_and_how_deep_they_are(tmp_path: Path) -> None:
    page = """<ol start=3><li>Mix<ol><li>flour<li>water</ol><li><p>Bake<li><h3>Eat</h3></ol>
      <ul><li>one<ul><li><b>two</b></ul></ul>"""
    assert read(tmp_path, page) == (
        "3. Mix\n\n  1. flour\n\n  2. water\n\n4. Bake\n\n### 5. Eat\n\n- one\n\n  - two"
    )


def test_what_is_said_beside_a_character_stays_in_its_line(tmp_path: Path) -> None:
    page = "<p>To <ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp></ruby> and on"
    assert read(tmp_path, page) == "To 漢(kan) and on"


def test_a_cell_that_claims_to_span_a_million_columns_spans_no_more_than_a_page_has(
    tmp_path: Path,
) -> None:
    page = "<table>" + "<tr><td colspan=99999 rowspan=99999>a<td>b" * 500 + "</table>"
    text = read(tmp_path, page)
    assert text.count("a") == text.count("b") == 500
    assert len(text) < 5_000_000


def test_a_formula_says_what_stands_above_and_below_and_stands_once(tmp_path: Path) -> None:
    half = "<mfrac><mrow><mi>a</mi><mo>+</mo><mn>1</mn></mrow><mn>2</mn></mfrac>"
    total = (
        "<munderover><mo>∑</mo><mn>1</mn><mi>n</mi></munderover><msup><mi>x</mi> <mn>2</mn></msup>"
    )
    tex = '<annotation encoding="application/x-tex">\\frac{a+1}{2}</annotation>'
    page = (
        f"<p>So <math><semantics><mrow>{half}<mo>=</mo>{total}</mrow>{tex}</semantics></math> holds."
        f"<p><math><msqrt><mn>9</mn></msqrt><mtext>if</mtext><msub><mi>y</mi><mn>1</mn></msub></math>"
    )
    assert read(tmp_path, page) == "So (a+1)/2=∑_1^nx^2 holds.\n\n√9 if y_1"


def test_a_formula_without_an_end_takes_nothing_away(tmp_path: Path) -> None:
    page = "<p>before<math>" + "<mrow>" * 50_000 + "inside" + "</mrow>" * 50_000 + "<p>after"
    text = read(tmp_path, page)
    assert [word for word in ("before", "inside", "after") if word in text] == [
        "before", "inside", "after",
    ]  # fmt: skip


def test_a_button_is_read_where_it_is_the_heading_of_what_it_unfolds(tmp_path: Path) -> None:
    page = """<h2><button>May I <b>cancel</b>?</button></h2><p>Within 14 days.<button>Close</button>
      <details><summary><button>Fees</button></summary>None.</details><button>Buy</button>"""
    assert read(tmp_path, page) == "## May I cancel?\n\nWithin 14 days.\n\nFees\n\nNone."


def test_words_on_both_sides_of_what_is_not_read_stay_two_words(tmp_path: Path) -> None:
    page = "<p>one<select><option>x</select>two<button>y</button>three<script>z</script>fold"
    assert read(tmp_path, page) == "one two threefold"


def test_what_a_page_in_xhtml_gives_as_it_is_is_text(tmp_path: Path) -> None:
    page = (
        "<p>if <![CDATA[a < b && <i>]]> so</p><script>//<![CDATA[\nx()\n//]]></script><![CDATA[open"
    )
    assert read(tmp_path, page) == "if a < b && <i> so"


def test_declarations_of_xml_are_no_text(tmp_path: Path) -> None:
    page = """<?xml version="1.0"?><!DOCTYPE html PUBLIC "-//W3C" "x.dtd" [<!ENTITY foo "bar">]>
      <html><head><title>Lamps</title></head><body><p>They glow.</body></html>"""
    assert read(tmp_path, page) == "# Lamps\n\nThey glow."
