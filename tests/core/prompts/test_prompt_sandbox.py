"""Benign templates render exactly as in stock Jinja2; values stay as they were; the worker is replaced."""

import asyncio
import re
from collections import Counter
from typing import Any

import pytest
from jinja2 import Environment, StrictUndefined

from core.bridge import Bridge
from core.errors import Refused
from core.prompts.sandbox import Sandbox
from core.prompts.template import PromptTemplate, parse
from core.prompts.variables import MAX_DEPTH
from tests.felt import Felt

HEAD = """---
description: A test.
variables:
  - {name: name, type: text, trust: trusted, default: "Ada"}
  - {name: items, type: list, trust: trusted, default: [3, 1, 2]}
  - {name: data, type: json, trust: trusted, default: {a: 1, b: [x, y], text: "one two"}}
---
"""
# Every declared variable has to be used; this uses all three and prints nothing.
USES = "{% if name and items and data %}{% endif %}"


def of(body: str) -> PromptTemplate:
    return parse("t", 1, f'{HEAD}{{% message "user" %}}\n{USES}{body}\n{{% endmessage %}}\n')


async def said(sandbox: Sandbox, body: str, **values: Any) -> str:
    return (await sandbox.render(of(body), values)).messages[0].text


BENIGN = [
    "Hello {{ name }}!",
    "{{ name | upper }} {{ name.lower() }} {{ name | replace('A', 'B') }}",
    "{% for i in items %}{{ loop.index }}/{{ loop.length }}: {{ i }}{{ ', ' if not loop.last }}{% endfor %}",
    "{% for i in items | sort(reverse=true) if i > 1 %}\n  - {{ i }}\n{% else %}\nnone\n{% endfor %}",
    "{% set total = items | sum %}{{ total }} {{ total / 2 }} {{ total ** 2 }} {{ total * 3 }} {{ 7 % 3 }}",
    "{% macro bold(text, mark='**') %}{{ mark }}{{ text }}{{ mark }}{% endmacro %}{{ bold(name) }} {{ bold('x', mark='_') }}",
    "{% set block %}\nkept {{ name }}\n{% endset %}\n{{ block | trim }}",
    "{% filter upper %}shout {{ name }}{% endfilter %}",
    "{% with first = items[0], rest = items[1:] %}{{ first }} {{ rest }}{% endwith %}",
    "{% if items %}{% set first = items[0] %}{{ first }}{% endif %}{% if not items %}{% set a %}x{% endset %}{{ a }}{% endif %}",
    "{% for i in items %}{% if i > 1 %}{% set j = i * 2 %}{{ j }}{% else %}-{% endif %}{% endfor %}",
    "{% if name == 'Ada' %}{% set who = 'she' %}{% endif %}{{ who if who is defined else 'they' }}",
    "{% if name %}{% macro m(x) %}<{{ x }}>{% endmacro %}{{ m(1) }}{% endif %}",
    "{% if name == 'Bob' %}{% set who = 'he' %}{% endif %}{{ who | default('they') }}",
    "{% if name %}{% set a, b = items[:2] %}{{ a }}{{ b }}{% elif data %}{% set c = 1 %}{{ c }}{% endif %}",
    "{{ data.a }} {{ data['b'][0] }} {{ data.b | join('-') }} {{ data | tojson }}",
    "{% for key, value in data.items() %}{{ key }}={{ value }};{% endfor %}",
    "{{ data.text.split() | map('capitalize') | join(' ') }} {{ data.text | truncate(3, true, '') }}",
    "{{ '%s and %s' | format(name, 1) }} {{ '{} {}'.format(name, 2) }} {{ '%d' % 3 }}",
    "{{ 'ab' * 3 }} {{ [1] * 2 }} {{ 'a' ~ 1 ~ none }} {{ range(3) | list }}",
    "{{ name if items else 'nobody' }} {{ data.missing | default('none') }} {{ data.missing is defined }}",
    "{% raw %}{{ not a variable }}{% endraw %} {# a comment #}end",
    "   {%- if true %}\n  tight\n  {%- endif %} a\n\n\nb",
    "{{ items | batch(2) | list }} {{ items | first }} {{ items | max }} {{ 'a b c' | wordcount }}",
    "{{ [{'k': 1, 'v': 'a'}, {'k': 1, 'v': 'b'}] | groupby('k') | map(attribute='list') | list }}",
    "{{ 'ünï 🙂 東京' | length }} {{ 'ünï' | upper }} {{ '<a & b>' | e }} {{ 1.50 }} {{ true }} {{ none }}",
    "{% for a in items %}{% for b in items %}{{ loop.cycle('x', 'y') }}{{ a * b }} {% endfor %}{% endfor %}",
    "    {% if name %}\n    indented\n    {% endif %}\nafter",
]


@pytest.mark.parametrize("body", BENIGN)
async def test_a_benign_template_renders_exactly_as_stock_jinja(
    sandbox: Sandbox, body: str
) -> None:
    stock = Environment(trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined)
    values = {variable.name: variable.default for variable in of(body).variables}
    expected = stock.from_string(f"\n{USES}{body}\n").render(values).strip("\n")
    assert await said(sandbox, body) == expected


async def test_messages_keep_their_roles_and_order_and_empty_ones_are_left_out(
    sandbox: Sandbox,
) -> None:
    template = parse(
        "t",
        1,
        '---\ndescription: d\n---\n{% message "system" %}\nBe kind.\n{% endmessage %}\n'
        '{% message "system" %}{% if false %}x{% endif %}{% endmessage %}\n'
        '{% for n in range(2) %}\n{% message "user" %}q{{ n }}{% endmessage %}\n'
        '{% message "assistant" %}a{{ n }}{% endmessage %}\n{% endfor %}\n'
        '{% message "user" %}last{% endmessage %}\n',
    )
    rendered = await sandbox.render(template, {})
    assert [(m.role, m.text) for m in rendered.messages] == [
        ("system", "Be kind."),
        ("user", "q0"),
        ("assistant", "a0"),
        ("user", "q1"),
        ("assistant", "a1"),
        ("user", "last"),
    ]


async def test_the_values_of_the_caller_are_never_changed(sandbox: Sandbox) -> None:
    items: list[Any] = [3, 1, {"deep": ["x"]}]
    with pytest.raises(Refused, match="not allowed"):
        await said(sandbox, "{{ items.append(4) }}", items=items)
    await said(sandbox, "{{ items | map('string') | sort }}", items=items)
    assert items == [3, 1, {"deep": ["x"]}]


async def test_half_a_character_comes_out_as_a_sign_for_it_whoever_made_it(
    sandbox: Sandbox,
) -> None:
    assert await said(sandbox, "{{ name }}", name="a\ud800b\x00c") == "a\ufffdb\x00c"
    assert await said(sandbox, "{{ '%c' | format(55296) }}{{ name[:1] }}\udfff") == "\ufffdA\ufffd"


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"name": 3}, "'name' is not a text"),
        ({"items": "abc"}, "'items' is not a list"),
        ({"nobody": 1}, "takes no variable 'nobody'"),
        ({"data": object()}, "not plain data"),
        ({"data": {"x": float("nan")}}, "not plain data"),
        ({"data": b"bytes"}, "not plain data"),
        ({"data": {1, 2}}, "not plain data"),
    ],
)
async def test_a_value_that_is_not_what_was_declared_is_refused(
    sandbox: Sandbox, values: dict[str, Any], reason: str
) -> None:
    with pytest.raises(Refused, match=reason):
        await said(sandbox, "{{ name }}", **values)


async def test_an_endless_template_is_stopped_and_the_next_one_renders(sandbox: Sandbox) -> None:
    endless = "{% for a in range(9999) %}" * 3 + "{% endfor %}" * 3
    felt = Felt()
    with pytest.raises(Refused, match="more than 2 s"):
        await said(sandbox, endless)
    assert felt.seconds < 4
    assert await said(sandbox, "still {{ name }}") == "still Ada"


async def test_a_template_that_takes_all_memory_is_refused_and_the_next_one_renders(
    sandbox: Sandbox,
) -> None:
    with pytest.raises(Refused, match="memory"):
        await said(sandbox, "{{ '%1999999999d' % 1 }}")
    assert await said(sandbox, "still {{ name }}") == "still Ada"


async def test_a_worker_that_was_killed_from_outside_is_replaced() -> None:
    sandbox = Sandbox()
    try:
        assert await said(sandbox, "one") == "one"
        worker = sandbox._pool._desks[0]._worker
        assert worker
        worker.kill()
        assert await said(sandbox, "two") == "two"
    finally:
        sandbox.close()


ENDLESS = "{% for a in range(9999) %}" * 3 + "{% endfor %}" * 3


async def test_an_endless_template_holds_up_no_other() -> None:
    sandbox = Sandbox(seconds=30)
    endless = asyncio.ensure_future(said(sandbox, ENDLESS))
    try:
        for number in range(10):
            assert await said(sandbox, "{{ name }}", name=str(number)) == str(number)
        assert not endless.done()
    finally:
        await asyncio.to_thread(sandbox.close)
    with pytest.raises(Refused, match="being stopped"):
        await endless


async def test_who_waits_too_long_for_his_turn_is_refused_and_the_next_is_served() -> None:
    sandbox = Sandbox(seconds=0.2, size=2, wait=0)
    await sandbox.warm()
    try:
        asked = [said(sandbox, ENDLESS) for _ in range(40)]
        outcomes = await asyncio.gather(*asked, return_exceptions=True)
        told = Counter(str(outcome).partition(" ")[0] for outcome in outcomes)
        assert set(map(type, outcomes)) == {Refused}
        assert told["too"] >= 20  # each takes a fifth of the second that there is
        assert await said(sandbox, "two") == "two"
    finally:
        sandbox.close()


@pytest.mark.parametrize("warm", [True, False], ids=["rendering", "starting"])
async def test_closing_in_the_middle_refuses_what_is_rendered_and_what_waits(warm: bool) -> None:
    sandbox = Sandbox(seconds=30, size=1)
    if warm:
        await sandbox.warm()
    asked = [asyncio.ensure_future(said(sandbox, body)) for body in (ENDLESS, "{{ name }}")]
    await asyncio.sleep(0)
    await asyncio.to_thread(sandbox.close)
    outcomes = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [Refused, Refused]


async def test_a_worker_that_was_stopped_before_its_request_was_read_is_waited_for() -> None:
    sandbox = Sandbox(size=1)
    await sandbox.warm()
    [desk] = sandbox._pool._desks
    worker = desk._worker
    assert worker

    def until_it_is_closed() -> None:
        while not desk._closed:
            pass

    desk.thread.submit(until_it_is_closed)
    asked = asyncio.ensure_future(said(sandbox, "{{ name }}"))
    await asyncio.sleep(0)  # it stands behind
    await asyncio.to_thread(sandbox.close)
    with pytest.raises(Refused, match="being stopped"):
        await asked
    assert worker._process.returncode is not None
    assert worker._out.closed


async def test_values_may_be_nested_64_levels_deep(sandbox: Sandbox) -> None:
    deep: list[Any] = ["x"]
    for _ in range(MAX_DEPTH - 2):
        deep = [deep]
    assert await said(sandbox, "{{ data | length }}", data=deep) == "1"
    for levels in (1, 100_000):
        for _ in range(levels):
            deep = [deep]
        with pytest.raises(Refused, match="more than 64 levels deep"):
            await said(sandbox, "{{ data | length }}", data=deep)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("{{ name.upper }}", "upper is no text: write upper(...)"),
        ("{{ 'x' ~ name.format }}", "format is no text"),
        ("{{ '%r' | format(range) }}", "range is no text"),
        ("{{ [name.upper] | string }}", "upper is no text"),
        ("{{ '{}'.format(data.items) }}", "items is no text"),
        ("{{ ('<' | e).join }}", "join is no text"),
        ("{% macro m() %}{% endmacro %}{{ m }}", "a macro is no text"),
        ("{% for i in items %}{{ loop }}{% endfor %}", "a loop is no text"),
        ("{% for i in items %}{{ loop.cycle }}{% endfor %}", "cycle is no text"),
        ("{% macro m() %}{% endmacro %}{{ [m] }}", "a macro is no text"),
        ("{% macro m() %}{% endmacro %}{{ m | string }}", "a macro is no text"),
        ("{% for i in items %}{{ 'x' ~ [loop] }}{% endfor %}", "a loop is no text"),
        (
            "{% for i in items %}{% for j in loop %}{{ j }}{% endfor %}{% endfor %}",
            "a loop is no text",
        ),
        ("{{ [data] | map(attribute='titel') }}", "has no attribute 'titel'"),
        ("{{ [items[9]] }}", "has no element 9"),
    ],
)
async def test_what_is_no_data_is_called_and_never_printed(
    sandbox: Sandbox, body: str, told: str
) -> None:
    with pytest.raises(Refused, match=re.escape(told)):
        await said(sandbox, body)


_GROWS = "'x'" + " | replace('x', 'xxxxxxxxxx')" * 9


@pytest.mark.parametrize(
    "body",
    [
        f"{{% if false %}}{{{{ {_GROWS} }}}}{{% endif %}}",
        f"{{% macro m() %}}{{{{ {_GROWS} }}}}{{% endmacro %}}",
        f"{{% macro m(a={_GROWS}) %}}{{{{ a }}}}{{% endmacro %}}",
        f"{{% if false %}}{{% with a = {_GROWS} %}}{{% endwith %}}{{% endif %}}",
        f"{{{{ '' if true else ({_GROWS}) }}}}",
    ],
)
async def test_nothing_is_computed_before_it_is_run(sandbox: Sandbox, body: str) -> None:
    await sandbox.check(of(body))
    assert await said(sandbox, f"{body}fine") == "fine"


async def test_a_number_without_end_is_printed_as_stock_jinja_does(sandbox: Sandbox) -> None:
    assert await said(sandbox, "{{ 'inf' | float * 2 }} {{ ['inf' | float] }}") == "inf [inf]"


async def test_a_filter_that_picks_from_a_list_gives_a_list(sandbox: Sandbox) -> None:
    body = "{{ items | select('odd') }} {{ ['b', 'a'] | map('upper') }} {{ items | reverse }}"
    assert await said(sandbox, body) == "[3, 1] ['B', 'A'] [2, 1, 3]"


async def test_newlines_of_a_value_stay_and_those_of_the_template_around_it_go(
    sandbox: Sandbox,
) -> None:
    assert await said(sandbox, "\n\n{{ name }}\n\n", name="\n a\r\n\n") == "\n a\r\n\n"
    assert await said(sandbox, "\n\nHello {{ name }}\n\n", name="\n") == "Hello \n"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("{{ 1e999 }}", "line 9, column 1: a number that is too large"),
        ("{% macro m(a, a) %}{% endmacro %}", "column 55: the argument 'a' is given twice"),
        ("{{ range(stop=1, stop=2) }}", "column 53: the argument 'stop' is given twice"),
        ("{{ name | upper(1) }}", "upper() takes 1 positional argument"),
        ("{{ range(a=1) }}", "range() got an unexpected keyword"),
        ("{{ ('f' * 9999) | int(0, 16) }}", "a number of more than 4,300 digits"),
        ("a\n{{ " + "9" * 9999 + " }}", "line 10, column 1: a number of more than 4,300 digits"),
        (
            "a\n{{ name" + "|trim" * 4000 + " }}",
            "line 10, column 1: the template is nested too deeply",
        ),
        (
            "a\n{{ " + "(" * 9000 + "1" + ")" * 9000 + " }}",
            "line 10, column 1: the template is nested",
        ),
        (
            "a\n{{ name.format(__debug__=1) }}",
            "line 10, column 16: no argument is called '__debug__'",
        ),
        (
            "a\n" + "{% for a in range(9999) %}" * 3 + "{% endfor %}" * 3,
            "line 10, column 1: the template took more than 2 s",
        ),
        (
            "a\n{% for a in range(9999) %}{% for b in range(9999) %}\n"
            "{% for c in range(9999) if a == b + c %}x{% endfor %}\n{% endfor %}{% endfor %}",
            "line 11, column 1: the template took more than 2 s",
        ),
    ],
)
async def test_trouble_is_told_in_the_words_of_templates(
    sandbox: Sandbox, body: str, told: str
) -> None:
    with pytest.raises(Refused) as refused:
        await said(sandbox, body)
    assert told in str(refused.value)


async def test_what_is_asked_after_closing_is_refused() -> None:
    sandbox = Sandbox()
    await sandbox.warm()
    sandbox.close()
    sandbox.close()
    with pytest.raises(Refused):
        await said(sandbox, "one")


async def test_many_at_once_and_from_two_event_loops_get_their_own_answers(
    sandbox: Sandbox,
) -> None:
    bridge = Bridge()
    try:
        elsewhere = [
            bridge.submit(said(sandbox, "there {{ name }}", name=str(n))) for n in range(20)
        ]
        here = await asyncio.gather(
            *(said(sandbox, "here {{ name }}", name=str(n)) for n in range(20))
        )
        assert here == [f"here {n}" for n in range(20)]
        there = [await asyncio.wrap_future(future) for future in elsewhere]
        assert there == [f"there {n}" for n in range(20)]
    finally:
        bridge.close()


async def test_a_warm_rendering_takes_a_few_milliseconds(sandbox: Sandbox) -> None:
    await said(sandbox, "{{ name }}")
    times = []
    for _ in range(50):
        felt = Felt()
        await said(sandbox, "{{ name }}")
        times.append(felt.seconds)
    assert sorted(times)[25] < 0.02, "typically 1 ms"


@pytest.mark.parametrize(
    ("body", "place", "reason"),
    [
        ("a\n{{ nobody }}", "line 10, column 4", "'nobody' is used, but not declared"),
        (
            "a\n{% if name %}{% set x = x ~ 1 %}{{ x }}{% endif %}",
            "line 10",
            "'x' is used, but not declared",
        ),
        (
            "a\n{{ x }}{% if name %}{% set x = 1 %}{% endif %}",
            "line 10",
            "'x' is used, but not declared",
        ),
        ("{% if not name %}{% set x = 1 %}{% endif %}\n{{ x }}", "line 10", "'x' is undefined"),
        ("{% for x in items %}{% endfor %}\n{{ x }}", "line 10", "'x' is used, but not declared"),
        ("a\nb {{ name | shout }}", "line 10, column 13", "no filter 'shout'"),
        ("{% if name is purple %}{% endif %}", "line 9", "no test 'purple'"),
        ("a\n {% frobnicate %}", "line 10, column 5", "unknown tag 'frobnicate'"),
        ("{{ name", "line 10", "unexpected|expected"),
        ("{% for x in items %}", "line", "end of template|endmessage"),
        ("a\n{{ data.missing.more }}", "line 10", "missing"),
        ("a\n{{ 1 / 0 }}", "line 10", "division by zero"),
        ("{% include 'other' %}", "line 9", "include"),
        ("{% for x in items recursive %}{% endfor %}", "line 9", "recursive"),
        ('{% message "user" %}x{% endmessage %}', "line 9", "inside of another block"),
    ],
)
async def test_what_is_wrong_is_told_with_its_line_and_column(
    sandbox: Sandbox, body: str, place: str, reason: str
) -> None:
    with pytest.raises(Refused, match=reason) as refused:
        await said(sandbox, body)
    assert place in str(refused.value)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ('---\ndescription: d\n---\nloose\n{% message "user" %}x{% endmessage %}', "line 4"),
        ('---\ndescription: d\n---\n\n{{ 1 }}{% message "user" %}x{% endmessage %}', "line 5"),
        ('---\ndescription: d\n---\n{% message "system" %}x{% endmessage %}', "no user message"),
        ('---\ndescription: d\n---\n{% message "tool" %}x{% endmessage %}', "not of 'tool'"),
        (
            '---\nvariables: [{name: a}]\n---\n{% message "user" %}x{% endmessage %}',
            "'a' is declared, but not used",
        ),
        ('---\ndescription: d\n---\n{% message "user" %}{{ self }}{% endmessage %}', "'self'"),
        ('---\ndescription: d\n---\n{% message "user" %}{% fenced %}x', "endfenced"),
    ],
)
async def test_a_file_that_could_not_be_rendered_is_refused_when_it_is_checked(
    sandbox: Sandbox, raw: str, reason: str
) -> None:
    with pytest.raises(Refused, match=reason):
        await sandbox.check(parse("template", 0, raw))
