"""An answer of a snapshot is drawn by tags of our own; what it says itself is text."""

import pytest

from core.sharing.markup import to_html


def drawn(text: str) -> str:
    return to_html(text, lambda number: f"<a>{number}</a>" if number == 1 else "")


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("So it is [1], not [2].", "<p>So it is <a>1</a>, not [2].</p>"),
        ("Write `a[1]` and `f[0](x)` [1].", "<p>Write <code>a[1]</code> and <code>f[0](x)</code> <a>1</a>.</p>"),
        ("`2**3 + 4**5` is **much**", "<p><code>2**3 + 4**5</code> is <strong>much</strong></p>"),
        ("**The `x` one** [1]", "<p><strong>The <code>x</code> one</strong> <a>1</a></p>"),
        ("![](https://a.b/c) ![cat](d) [e](javascript:f)", "<p> cat e</p>"),
        ("```\na[1] <b>\n```", "<pre><code>a[1] &lt;b&gt;</code></pre>"),
        ("<img src=x onerror=f()>`<script>`", "<p>&lt;img src=x onerror=f()&gt;<code>&lt;script&gt;</code></p>"),
    ],
)  # fmt: skip
def test_code_is_itself_and_a_citation_is_one_outside_of_it(text: str, html: str) -> None:
    assert drawn(text) == html
