"""The Jinja2 in which templates of strangers are compiled and run: plain data, few names, no way out."""

from collections.abc import Callable, Iterator
from functools import wraps
from types import BuiltinMethodType, FunctionType, MethodType
from typing import Any

from jinja2 import StrictUndefined, nodes
from jinja2.compiler import CodeGenerator
from jinja2.exceptions import SecurityError
from jinja2.filters import FILTERS
from jinja2.runtime import Context, LoopContext, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.tests import TESTS

from core.prompts.messages import Messages

MAX_RANGE = 10_000
MAX_REPEAT = 1_000_000
"""Characters or items that one multiplication may make."""
_MAX_BITS = 4_096


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_FILTERS = _words("""
    abs batch capitalize center count d default dictsort e escape first float format groupby indent
    int items join last length list lower map max min reject rejectattr replace reverse round select
    selectattr slice sort string striptags sum title tojson trim truncate unique upper urlencode
    wordcount wordwrap
""")
_WIDENING = _words("center ljust rjust zfill expandtabs indent batch slice")
_LAZY = _words("batch items map reject rejectattr reverse select selectattr slice unique")
"""Filters of which Jinja2 makes generators; printed, those would tell addresses instead of values."""
_TESTS = _words("""
    odd even divisibleby defined undefined none boolean false true integer float lower upper string
    mapping number sequence iterable in == eq equalto != ne > gt greaterthan ge >= < lt lessthan <=
    le
""")
_ATTRIBUTES: tuple[tuple[type, frozenset[str]], ...] = (
    (
        str,
        _words("""
            capitalize casefold center count endswith expandtabs find format format_map index
            isalnum isalpha isascii isdecimal isdigit islower isnumeric isspace istitle isupper join
            ljust lower lstrip partition removeprefix removesuffix replace rfind rindex rjust
            rpartition rsplit rstrip split splitlines startswith strip swapcase title upper zfill
        """),
    ),
    (dict, _words("items keys values get")),
    (list, _words("index count")),
    (tuple, _words("grouper list index count")),  # what `groupby` yields
    (
        LoopContext,
        _words("""
            index index0 revindex revindex0 first last length depth depth0 previtem nextitem cycle
            changed
        """),
    ),
)


def bounded_range(*arguments: int) -> range:
    """A range of at most MAX_RANGE numbers."""
    numbers = range(*arguments)
    if len(numbers) > MAX_RANGE:
        raise OverflowError(f"range() of more than {MAX_RANGE:,} numbers")
    return numbers


class Function:
    """What a template may call; it is no data, and printing it would tell where it lies in memory."""

    __slots__ = ("_call", "_name")

    def __init__(self, call: Callable[..., Any], name: str) -> None:
        self._call = call
        self._name = name

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return self._call(*arguments, **named)

    def __repr__(self) -> str:
        raise SecurityError(f"{self._name} is no text: write {self._name}(...)")

    __str__ = __repr__


class Missing(StrictUndefined):
    """What is not there; in a list, too, it cannot be printed."""

    __slots__ = ()
    __repr__ = StrictUndefined.__str__


class Uncomputed(CodeGenerator):
    """Leaves every expression to be computed when it is run."""

    def _output_child_to_const(self, node: nodes.Expr, frame: Any, finalize: Any) -> str:
        if not isinstance(node, nodes.TemplateData):
            raise nodes.Impossible
        return super()._output_child_to_const(node, frame, finalize)


def _is_no_text(value: object) -> str:
    kind = "a macro" if isinstance(value, Macro) else "a loop"
    raise SecurityError(f"{kind} is no text: call it, or name what you want of it")


class SandboxEnvironment(ImmutableSandboxedEnvironment):
    """Trims the line of a tag (`trim_blocks`, `lstrip_blocks`) and the last newline; undefined is an
    error; nothing is computed while compiling, because some bombs go off there."""

    intercepted_binops = frozenset({"*", "**"})
    code_generator_class = Uncomputed

    def __init__(self) -> None:
        super().__init__(
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=False,
            undefined=Missing,
            optimized=False,
            autoescape=False,
            cache_size=0,
            extensions=[Messages],
        )
        for kind in (Macro, LoopContext):  # in a list or joined to a text, too
            kind.__repr__ = _is_no_text  # type: ignore[method-assign]
        self.globals = {"range": Function(bounded_range, "range")}
        self.filters = {name: FILTERS[name] for name in _FILTERS}
        self.filters.update({name: _bounded(FILTERS[name]) for name in _FILTERS & _WIDENING})
        self.filters.update({name: _listed(self.filters[name]) for name in _LAZY})
        self.tests = {name: TESTS[name] for name in _TESTS}
        self.binop_table: dict[str, Callable[[Any, Any], Any]] = {
            **self.binop_table,
            "*": _times,
            "**": _power,
        }

    @property
    def messages(self) -> Messages:
        """Our extension."""
        extension = self.extensions[Messages.identifier]
        assert isinstance(extension, Messages)
        return extension

    def getattr(self, obj: Any, attribute: str) -> Any:
        """As in Jinja2, but a method can be called and nothing else."""
        return _callable(super().getattr(obj, attribute), attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """As in Jinja2, but a method can be called and nothing else."""
        return _callable(super().getitem(obj, argument), argument)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Only what is listed here, whatever else the object has."""
        return any(isinstance(obj, kind) and attr in names for kind, names in _ATTRIBUTES)

    def wrap_str_format(self, value: Any) -> Callable[..., Any] | None:
        """Besides `format`, the methods that make a text as wide as they are told are wrapped."""
        widens = isinstance(value, BuiltinMethodType) and isinstance(value.__self__, str)
        if widens and value.__name__ in _WIDENING:
            return _bounded(value)
        return super().wrap_str_format(value)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        return self.binop_table[operator](left, right)


def _callable(value: Any, name: object) -> Any:
    is_method = isinstance(value, BuiltinMethodType | MethodType | FunctionType)
    return Function(value, str(name)) if is_method else value


def _listed(function: Callable[..., Any]) -> Callable[..., Any]:
    """The filter, with a list for whatever it would hand out bit by bit."""

    @wraps(function)
    def call(*arguments: Any, **named: Any) -> Any:
        made = function(*arguments, **named)
        return list(made) if isinstance(made, Iterator) else made

    return call


def _bounded(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, with numbers up to MAX_REPEAT; where no memory limit is kept this one is."""

    @wraps(function)
    def call(*arguments: Any, **named: Any) -> Any:
        for value in (*arguments, *named.values()):
            if isinstance(value, int) and abs(value) > MAX_REPEAT:
                raise OverflowError(f"a width of more than {MAX_REPEAT:,}")
        return function(*arguments, **named)

    return call


def _times(left: Any, right: Any) -> Any:
    for sequence, times in ((left, right), (right, left)):
        if isinstance(sequence, str | list | tuple) and isinstance(times, int):
            if len(sequence) * times > MAX_REPEAT:
                raise OverflowError(f"a repetition of more than {MAX_REPEAT:,}")
            return sequence * times
    if isinstance(left, int) and isinstance(right, int):
        _bound(left.bit_length() + right.bit_length())
    return left * right


def _power(left: Any, right: Any) -> Any:
    if isinstance(left, int) and isinstance(right, int):
        _bound(left.bit_length() * max(right, 0))
    return left**right


def _bound(bits: int) -> None:
    if bits > _MAX_BITS:
        raise OverflowError("a number of more than 1,200 digits")
