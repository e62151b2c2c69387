"""Hostile templates: each is refused, or says nothing that it should not, within five seconds."""

import os
import re
import time
from pathlib import Path

import pytest

from core.errors import Refused
from core.prompts.sandbox import MEMORY_MB, Sandbox
from core.prompts.template import parse
from tests.felt import Felt

HEAD = """---
variables:
  - {name: name, type: text, trust: trusted, default: "Ada"}
  - {name: items, type: list, trust: trusted, default: [1, 2, {k: v}]}
---
"""
USES = "{% if name and items %}{% endif %}"
BODY = '{{% message "user" %}}{}{}{{% endmessage %}}'

ESCAPES = [
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ name['__class__'] }}",
    "{{ name | attr('__class__') }}",
    "{{ items | map(attribute='__class__') | list }}",
    "{{ items | sort(attribute='__class__') }}",
    "{{ items | groupby('__class__') }}",
    "{{ ''['\\x5f\\x5fclass\\x5f\\x5f'] }}",
    "{{ '{0.__class__.__init__.__globals__}'.format(name) }}",
    "{{ '{0.__class__}'.format_map({'0': name}) }}",
    "{{ '%(x)s' | format(x=name.__class__) }}",
    "{{ ('{0.__cl' ~ 'ass__}').format(name) }}",
    "{% set f = '{0.__class__}'.format %}{{ f(name) }}",
    "{{ items | map('format', name) | list }}{{ ['{0.__class__}'] | map('format', 1) | list }}",
    "{{ self.__init__.__globals__ }}",
    "{{ self._TemplateReference__context }}",
    "{{ cycler.__init__.__globals__.os.environ }}",
    "{{ lipsum.__globals__['os'].popen('id').read() }}",
    "{{ joiner() }}",
    "{{ namespace(a=1) }}",
    "{% set ns = namespace() %}{% set ns.x = 1 %}",
    "{% set items.x = 1 %}{{ items }}",
    "{{ dict(a=1) }}",
    "{{ range.__self__ }}",
    "{{ range.__call__ }}",
    "{{ loop }}",
    "{% for i in items %}{{ loop._iterator }}{% endfor %}",
    "{% for i in items %}{{ loop.__class__ }}{% endfor %}",
    "{% macro m() %}{% endmacro %}{{ m.__globals__ }}{{ m._func }}",
    "{% macro m() %}{% endmacro %}{{ m.environment }}",
    "{{ environment }}",
    "{{ context }}",
    "{{ (1).__class__ }}",
    "{{ (1).to_bytes(9, 'big') }}",
    "{{ name.encode() }}",
    "{{ name.translate({65: 'B'}) }}",
    "{{ none.__class__ }}",
    "{{ true.real }}",
    "{% include '../../.env' %}",
    "{% include name %}",
    "{% import 'os' as os %}{{ os }}",
    "{% from 'os' import environ %}",
    "{% extends '/etc/passwd' %}",
    "{% block a %}{{ super() }}{% endblock %}",
    "{% call name() %}{% endcall %}",
    "{% autoescape true %}{{ name }}{% endautoescape %}",
    "{% debug %}",
    "{% do items.append(1) %}",
    "{{ items.append(1) }}",
    "{{ items.__setitem__(0, 1) }}",
    "{{ items[2].update({'a': 1}) }}",
    "{{ items.clear() }}{{ items }}",
    "{{ items[2].pop('k') }}",
    "{{ items.sort() }}",
    "{{ name | xmlattr }}",
    "{{ name | pprint }}",
    "{{ name | safe }}",
    "{% set x = undefined_name %}",
    "{{ items | map('attr', '__class__') | list }}",
    "{{ items | map(attribute='__class__.__mro__') | list }}",
    "{{ items | selectattr('__class__') | list }}",
    "{{ items | rejectattr('__init__.__globals__') | list }}",
    "{{ items | sum(attribute='__class__') }}",
    "{{ '{0[__class__]}'.format(items[2]) }}",
    "{{ '{0.k.__class__}'.format(items[2]) }}",
    "{{ ('{0.__class__}' | e).format(1) }}",
    "{{ ('x' | e).__html__() }}",
    "{{ '%r' | format(range) }}{{ range }}",
    "{{ name.upper }}{{ [name.format] | string }}",
    "{{ items | map('upper') }}{{ items | batch(2) }}",
    "{{ items[2] | items }}",
    "{% macro m() %}{{ caller() }}{% endmacro %}{{ m() }}",
    "{% macro m(caller) %}{{ caller }}{% endmacro %}{{ m(range) }}",
    "{% macro m() %}{{ kwargs }}{% endmacro %}{{ m(**{'__class__': 1}) }}",
    "{% set _said = 'x' %}{{ _said }}{{ _mark }}",
    "{{ _context }}{{ __builtins__ }}",
    "{{ resolve('name') }}{{ l_0_name }}",
    "{% include ['rules', '/etc/passwd'] %}",
    "{% include '../../.env' ignore missing %}",
    "{% include '/etc/passwd' %}{% include 'rules\\x00' %}",
    "{% include 'RULES' %}{% include 'rules.' %}{% include 'rules/' %}",
    "{% include 'ｒules' %}{% include '%2e%2e/.env' %}",
    "{% from 'rules' import __class__ %}",
    "{% import name as x %}{{ x }}",
    "{% trans %}x{% endtrans %}{% continue %}",
    "{{ ｎame }}{{ nаme }}{{ na\u200bme }}",
]
_NESTED = "".join(f"{{% for a{i} in range(9999) %}}" for i in range(5)) + "{% endfor %}" * 5
_DOUBLE = "{% set s = 'xxxxxxxx' %}" + "{% set s = s ~ s %}" * 60 + "{{ s | length }}"
_DOUBLE_PLUS = "{% set s = 'xxxxxxxx' %}" + "{% set s = s + s %}" * 60 + "{{ s | length }}"
_DOUBLE_LIST = "{% set s = [1] %}" + "{% set s = s + s %}" * 60 + "{{ s | length }}"
BOMBS = [
    _NESTED,
    _DOUBLE,
    _DOUBLE_PLUS,
    _DOUBLE_LIST,
    "{% for a in range(1000000000) %}x{% endfor %}",
    "{{ range(10**9) | list }}",
    "{{ range(0, 9999) | list | string * 100000 }}",
    "{{ 10 ** 10 ** 10 }}",
    "{% if 9 ** 9 ** 9 ** 9 %}{% endif %}",
    "{{ ('x' * 999999) * 999999 }}",
    "{{ 'x' * 10 ** 12 }}",
    "{{ 999999999999 * 'x' }}",
    "{{ [0] * 10 ** 12 }}",
    "{{ 'x' | center(10 ** 11) }}",
    "{{ 'x'.ljust(1999999999) }}",
    "{{ 'x'.zfill(1999999999) | length }}",
    "{{ '\\t'.expandtabs(1999999999) | length }}",
    "{{ '%1999999999d' % 1 }}",
    "{{ '%*d' | format(1999999999, 1) }}",
    "{{ '{:>1999999999}'.format(1) }}",
    "{{ '{:{}}'.format(1, 1999999999) }}",
    "{{ 'x' | indent(1999999999, true) }}",
    "{{ name | replace('', 'x' * 999999) | replace('', 'x' * 999999) }}",
    "{{ ('a' * 999999).join(['b'] * 999999) }}",
    "{{ ('a ' * 400000) | wordwrap(1) | length }}{{ ('a' * 999999) | urlencode | length }}" * 30,
    "{{ ('<' * 500000) | striptags }}",
    "{{ ('x' * 999999) | list | tojson | tojson | tojson | tojson }}",
    "{{ items | batch(1999999999, 'x') | list }}",
    "{{ items | slice(999999999) | list }}",
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}{{ a() }}{% endmacro %}{{ a() }}",
    "{% macro m(n) %}{{ m(n + 1) }}{{ m(n + 1) }}{% endmacro %}{{ m(0) }}",
    "{{ " + "(" * 15000 + "1" + ")" * 15000 + " }}",
    "{{ " + "[" * 5000 + "]" * 5000 + " }}",
    "{{ " + "not " * 15000 + "1 }}",
    "{{ 1" + " + 1" * 15000 + " }}",
    "{{ name" + " | upper" * 7000 + " }}",
    "{{ name" + ".a" * 20000 + " }}",
    "{{ -" + "-" * 30000 + "1 }}",
    "{% if true %}" * 2000 + "{% endif %}" * 2000,
    "{% for a in items %}" * 30 + "{% endfor %}" * 30,
    "{{ " + "9" * 60000 + " }}",
    "{{ 1" + "0" * 5000 + " * 1" + "0" * 5000 + " }}",
    "{{ '" + "x" * 60000 + "' * 999 }}",
    "{#" * 20000,
    "{{" * 20000,
    "{% raw %}" * 5000,
    "{" * 60000,
    "{{ 1 if 1 else " * 3000 + "1" + " }}",
    "{{ 1.0e999 ** 9 }}{{ 9.9 ** 9999 }}",
    "{{ (9 ** 999) | string }}{{ (10 ** 4300) | string }}",
    "{{ items | map('center', 99999999) | map('center', 999999999) | join }}",
    "{% set x = range(9999) | list %}{% for a in x %}{{ x }}{% endfor %}",
    "{{ ('a' * 999999 ~ 'b') | wordwrap(1, true, 'x' * 999999) }}",
    "{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}{{ a() }}{% endmacro %}{{ a() }}",
    "{% macro m(f) %}{{ f(f) }}{{ f(f) }}{% endmacro %}{{ m(m) }}",
    "{{ ('\\n' * 1000000) | indent('x' * 1000000) | length }}",
    "{{ '%.999999999f' % 1.5 }}{{ '{:.999999999f}'.format(1.5) }}",
    "{{ '{0:{1}}'.format('a', '999999999') }}",
    "{{ items | tojson(indent=1000000000) }}",
    "{{ ('\\t' * 1000000).expandtabs(1000000) | length }}",
    "{{ ('x' | e).center(100000000000) }}{{ ('%99999999d' | e) % 1 }}",
    "{{ 2.0 ** 99999 }}{{ true ** 99999999999 }}{{ 0 ** -1 }}",
    "{{ ('f' * 1000000) | int(0, 16) }}",
    "{{ 1e" + "9" * 60000 + " }}",
    "{{ '🙂' * 999999 ~ '🙂' * 999999 ~ '🙂' * 999999 }}",
]
TRAITORS = (
    "<class",
    "<generator",
    " object at 0x",
    "<module",
    "<function",
    "<bound",
    "<built-in",
    "root:x:0",
)


@pytest.mark.parametrize("attack", [*ESCAPES, *BOMBS], ids=lambda text: text[:60])
async def test_a_hostile_template_is_refused_or_inert_within_five_seconds(
    sandbox: Sandbox, attack: str
) -> None:
    felt = Felt()
    try:
        template = parse("t", 1, HEAD + BODY.format(USES, attack))
        await sandbox.check(template)
        out = (await sandbox.render(template, {})).messages[0].text
    except Refused as refused:
        assert str(refused) and len(str(refused)) < 1000
        out = str(refused)
    assert felt.seconds < 5
    assert not any(word in out for word in TRAITORS if word not in attack)
    for secret in ("PATH", "HOME"):
        if secret in os.environ and len(os.environ[secret]) > 8:
            assert os.environ[secret] not in out


async def test_after_all_attacks_a_harmless_template_still_renders(sandbox: Sandbox) -> None:
    template = parse("t", 1, HEAD + BODY.format(USES, "Hello {{ name }}"))
    assert (await sandbox.render(template, {})).messages[0].text == "Hello Ada"


def test_the_worker_never_holds_more_than_its_limit(sandbox: Sandbox) -> None:
    for desk in sandbox._pool._desks:
        worker = desk.thread.submit(desk.ready).result()
        status = Path(f"/proc/{worker.pid}/status")  # Linux has it, macOS keeps no such limit
        if status.exists():
            peak = int(status.read_text().split("VmPeak:")[1].split()[0]) // 1024
            assert peak <= MEMORY_MB


def test_the_worker_knows_no_key_of_any_vendor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    sandbox = Sandbox()
    try:
        worker = sandbox._pool._desks[0].ready()
        environ = Path(f"/proc/{worker.pid}/environ")
        assert not environ.exists() or b"sk-secret" not in environ.read_bytes()
    finally:
        sandbox.close()


YAML_BOMBS = [
    "description: d\na: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]",
    "description: " + "[" * 5000 + "]" * 5000,
    "description: " + "{a: " * 3000 + "1" + "}" * 3000,
    "description: !!python/object/apply:os.system ['true']",
    "description: !!python/name:os.system",
    "description: 1" + "0" * 9000,
    "description: " + "1:" * 4000 + "1",
    "description: d\n" + "x" * 20000,
    "description: d\ndescription: e",
    "description: [1, 2",
    "description: 'never closed",
    "- a\n- b",
    "just text",
    "? [a]\n: b",
    "description: {<<: *missing}",
    "description: d\nvariables: {}x",
    "description: \x00",
    "description: 2024-13-45",
    "<<: {a: 1}\ndescription: d",
    "variables: [{name: a, name: b}]",
    "output: {type: object, type: array}",
    "variables: [{name: a, type: number, default: 1" + "0" * 400 + "}]",
    "variables: [{name: a, type: json, default: 2024-01-01}]",
    "variables: [{name: a, type: list, default: [.nan]}]",
    "variables: [{name: a, type: json, default: !!set {x}}]",
    "variables: [{name: a, type: json, default: !!binary aGk=}]",
    "variables: [{name: a, type: choice, choices: [yes, no]}]",
    "model: {temperature: 1" + "0" * 400 + "}",
    "description: !!binary '%%%'",
    "description: !!bool perhaps",
    "description: !!timestamp never",
    "description: !!int ''",
    "description: !!str x",
    "description: ! x",
    "variables: !!omap [a: 1]",
]


@pytest.mark.parametrize(
    ("head", "told"),
    [
        ("description: d\nmessage: !!bool perhaps", "line 3: tags (!!bool) are not allowed"),
        ("description: d\nmessage: !own {a: b}", "line 3: tags (!own) are not allowed"),
        ("description: d\nmessage: a\x07b", "line 3, column 11: not valid YAML: unacceptable"),
        ("description: d\nmessage: *a", "line 3: aliases (*name) are not allowed"),
    ],
)
def test_what_a_front_matter_may_not_hold_is_told_at_its_line(head: str, told: str) -> None:
    with pytest.raises(Refused, match=re.escape(told)):
        parse("t", 1, f'---\n{head}\n---\n{{% message "user" %}}x{{% endmessage %}}')


@pytest.mark.parametrize("head", YAML_BOMBS, ids=lambda text: text[:40])
def test_a_hostile_front_matter_is_refused_at_once(head: str) -> None:
    start = time.thread_time()
    with pytest.raises(Refused):
        parse("t", 1, f'---\n{head}\n---\n{{% message "user" %}}x{{% endmessage %}}')
    assert time.thread_time() - start < 1  # of the processor: a busy machine is no attack
