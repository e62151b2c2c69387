"""Arithmetic from a text: a tree of numbers and nothing else, every operation bounded before it is done."""

import ast
import math
import operator
from collections.abc import Callable, Mapping
from decimal import Context, Decimal, DecimalException, localcontext
from typing import Any

from core.errors import Refused

_LONGEST = 500
_MOST_NODES = 200
_MOST_BITS = 4_096
"""Of a whole number: 1,233 digits."""
_CONTEXT = Context(prec=34, Emax=9_999, Emin=-9_999)
_SHOWN_DIGITS = 28
_LONGEST_ANGLE = Decimal("1e30")
_HINT = "Numbers without commas, + - * / // **, % for the remainder (15 percent is 15/100), brackets, and: {}."

Number = int | Decimal


class _Written(Decimal):
    """A broken number that a refusal quotes as it was written."""

    __repr__ = Decimal.__str__


def calculate(expression: str) -> str:
    """The value of an arithmetic expression, exact for whole numbers and to 28 digits for others.

    Raises Refused for whatever is not arithmetic, has no value, or is too large.
    """
    text = expression.strip().replace("^", "**").replace("×", "*").replace("÷", "/")
    text = text.replace("−", "-").replace("π", "pi")
    if not text or len(text) > _LONGEST:
        raise _refused(f"an expression has 1 to {_LONGEST} characters")
    try:
        tree = ast.parse(text, mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise _refused("this is not arithmetic") from error
    if sum(1 for _ in ast.walk(tree)) > _MOST_NODES:
        raise _refused(f"an expression has at most {_MOST_NODES} parts")
    with localcontext(_CONTEXT):
        try:
            _keep_digits(tree, text)
            return _shown(_value(tree.body))
        except (ZeroDivisionError, DecimalException) as error:
            raise _refused(_no_value(error)) from error
        except (OverflowError, ValueError) as error:
            raise _refused("the result is too large, or there is none") from error


def _keep_digits(tree: ast.AST, text: str) -> None:
    """Broken numbers as they are written: of 9007199254740993.0 Python keeps 16 digits."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, float):
            written = ast.get_source_segment(text, node) or repr(node.value)
            node.value = _Written(written.replace("_", ""))  # type: ignore[assignment]


def _value(node: ast.expr) -> Number:
    match node:
        case ast.Constant(value=bool()):
            raise _refused("True and False are no numbers")
        case ast.Constant(value=int() as whole):
            return _bounded(whole)
        case ast.Constant(value=Decimal() as broken):
            return _bounded(+broken)
        case ast.Name(id=name) if name in _CONSTANTS:
            return _CONSTANTS[name]
        case ast.UnaryOp(op=op, operand=inner) if type(op) in _SIGNS:
            return _bounded(_SIGNS[type(op)](_value(inner)))
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATIONS:
            return _bounded(_OPERATIONS[type(op)](_value(left), _value(right)))
        case ast.Call(func=ast.Name(id=name), args=given, keywords=[]) if name in _FUNCTIONS:
            return _called(name, [_value(each) for each in given])
        case _:
            raise _refused(_unlike(node))


def _unlike(node: ast.expr) -> str:
    if isinstance(node, ast.Tuple):
        return "a number is written without commas: 1000000, not 1,000,000"
    return f"{ast.unparse(node)[:40]!r} is not arithmetic"


def _called(name: str, given: list[Number]) -> Number:
    least, most, function = _FUNCTIONS[name]
    if not least <= len(given) <= most:
        raise _refused(f"{name} takes {least}{'' if least == most else ' or more'} numbers")
    return _bounded(function(*given))


def _bounded(value: Any) -> Number:
    if isinstance(value, int):
        if value.bit_length() > _MOST_BITS:
            raise _refused("the result has more than 1,200 digits")
        return value
    if not value.is_finite():
        raise _refused("the result is too large, or there is none")
    return Decimal(value)


def _divided(left: Number, right: Number) -> Number:
    if isinstance(left, int) and isinstance(right, int) and right and left % right == 0:
        return left // right
    return Decimal(left) / Decimal(right)


def _floored(left: Number, right: Number) -> Number:
    # Python's own numbers and decimals differ here below zero; a calculator has one answer.
    if isinstance(left, int) and isinstance(right, int):
        return left // right
    whole, rest = divmod(Decimal(left), Decimal(right))
    return whole - 1 if rest and (rest < 0) != (right < 0) else whole


def _rest(left: Number, right: Number) -> Number:
    if isinstance(left, int) and isinstance(right, int):
        return left % right
    rest = Decimal(left) % Decimal(right)
    return rest + right if rest and (rest < 0) != (right < 0) else rest


def _power(base: Number, exponent: Number) -> Any:
    if isinstance(base, int) and isinstance(exponent, int) and exponent >= 0:
        # Known before it is computed: the computing is what takes the time and the memory.
        if abs(base) > 1 and math.log2(abs(base)) * exponent > _MOST_BITS:
            raise _refused("the power has more than 1,200 digits")
        return base ** min(exponent, 2 + exponent % 2) if abs(base) <= 1 else base**exponent
    return Decimal(base) ** Decimal(exponent)


def _rounded(value: Number, digits: Number = 0) -> Number:
    if not isinstance(digits, int) or abs(digits) > 50:
        raise _refused("round takes a whole number of digits, at most 50")
    found: Any = round(value, digits)
    return int(found) if digits <= 0 else found


def _sine(value: Number, quarters: int = 0) -> Decimal:
    """Of an angle that is turned on by so many quarters of a circle; by the series of Taylor."""
    angle = Decimal(value)
    if abs(angle) > _LONGEST_ANGLE:
        raise _refused("sin, cos and tan take an angle of at most 1e30")
    with localcontext(prec=90):
        turned = (angle + quarters * _PI / 2) % (2 * _PI)
        term = found = turned
        at = 1
        while abs(term) > _CLOSE:
            term *= -turned * turned / ((at + 1) * (at + 2))
            found += term
            at += 2
        # What is left of pi, of which we know 34 digits, is nothing: sin(pi) is 0.
        return found if abs(angle) < 1 and not quarters else found.quantize(_NEAR)


def _tangent(angle: Number) -> Decimal:
    return _sine(angle) / _sine(angle, 1)


def _factorial(value: Number) -> Number:
    if not isinstance(value, int) or not 0 <= value <= 450:
        raise _refused("factorial takes a whole number from 0 to 450")
    return math.factorial(value)


def _log(value: Number, base: Number | None = None) -> Number:
    found = Decimal(value).ln()
    return found if base is None else found / Decimal(base).ln()


_PI = Decimal(
    "3.1415926535897932384626433832795028841971693993751058209749445923078164062862089986280348253421170679"
    "8214808651328230664709384460955"
)
_CLOSE, _NEAR = Decimal("1e-80"), Decimal("1e-30")
_CONSTANTS: Mapping[str, Number] = {
    "pi": Decimal("3.141592653589793238462643383279503"),
    "e": Decimal("2.718281828459045235360287471352662"),
}
_SIGNS: Mapping[type, Callable[[Any], Any]] = {
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
}
_OPERATIONS: Mapping[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: _divided,
    ast.FloorDiv: _floored,
    ast.Mod: _rest,
    ast.Pow: _power,
}
_FUNCTIONS: Mapping[str, tuple[int, int, Callable[..., Any]]] = {
    "abs": (1, 1, abs),
    "round": (1, 2, _rounded),
    "min": (1, 100, lambda *each: min(each)),
    "max": (1, 100, lambda *each: max(each)),
    "sum": (1, 100, lambda *each: sum(each)),
    "mean": (1, 100, lambda *each: _divided(sum(each), len(each))),
    "floor": (1, 1, math.floor),
    "ceil": (1, 1, math.ceil),
    "sqrt": (1, 1, lambda value: Decimal(value).sqrt()),
    "exp": (1, 1, lambda value: Decimal(value).exp()),
    "log": (1, 2, _log),
    "log10": (1, 1, lambda value: Decimal(value).log10()),
    "sin": (1, 1, _sine),
    "cos": (1, 1, lambda angle: _sine(angle, 1)),
    "tan": (1, 1, _tangent),
    "factorial": (1, 1, _factorial),
}


def _shown(value: Number) -> str:
    if isinstance(value, int):
        return str(value)
    short = Context(prec=_SHOWN_DIGITS).plus(value).normalize()
    if short == short.to_integral_value() and abs(short) < Decimal(10) ** _SHOWN_DIGITS:
        return str(int(short))
    return f"{short:f}" if -10 < short.adjusted() < _SHOWN_DIGITS else str(short)


def _no_value(error: Exception) -> str:
    divided = isinstance(error, ZeroDivisionError) or "Division" in type(error).__name__
    return "this divides by zero" if divided else "the result is too large, or there is none"


def _refused(why: str) -> Refused:
    return Refused(why, hint=_HINT.format(", ".join([*_FUNCTIONS, *_CONSTANTS])))
