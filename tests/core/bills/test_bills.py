"""A vendor's bill is read in its own form, or refused with the row and the reason; it is held against the
ledger day by day, and every difference has its reason."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.bills.comparing import Booked, compare
from core.bills.forms import plain_name
from core.bills.reading import MOST_BYTES, BillLine, read
from core.errors import Refused

DAY = date(2026, 8, 15)
OPENAI_COSTS = (
    "start_time,end_time,start_time_iso,end_time_iso,amount_value,amount_currency,quantity,quantity_unit,"
    "line_item,user_id,api_key_id,project_id,organization_id,project_name,organization_name,user_email,"
    "api_source\n"
    "1786752000,1786838400,2026-08-15T00:00:00,2026-08-16T00:00:00,,,,,,,,,,,,,\n"
    "1786752000,1786838400,2026-08-15T00:00:00,2026-08-16T00:00:00,0.0038359800000000000000,usd,1000,tokens,"
    '"gpt-5-nano-2025-08-07, input_tokens",,key_1,proj_a,org,A,O,,\n'
    "1786752000,1786838400,2026-08-15T00:00:00,2026-08-16T00:00:00,0.5,usd,9,tokens,"
    '"gpt-5-nano-2025-08-07, output_tokens",,key_1,proj_a,org,A,O,,\n'
)
OPENAI_USAGE = (
    "start_time,end_time,start_time_iso,end_time_iso,project_id,num_model_requests,model,input_tokens,"
    "output_tokens,input_cached_tokens,input_uncached_tokens\n"
    "1786752060,1786752120,2026-08-15T00:01:00+00:00,2026-08-15T00:02:00+00:00,p,3.0,gpt-5-nano,7162.0,1673,"
    "1280,5882\n"
)
ANTHROPIC_COSTS = (
    "usage_date_utc,model,workspace,api_key,usage_type,context_window,token_type,cost_usd,list_price_usd,"
    "cost_type,inference_geo,speed\n"
    "2026-08-15,Claude Haiku 4.5,Default,k,message,≤ 200k,input_no_cache,0.19,0.19,token,global,\n"
    "2026-08-15,Claude Haiku 4.5,Default,k,message,≤ 200k,output,0.02,0.02,token,global,\n"
)
ANTHROPIC_USAGE = (
    "usage_date_utc,model_version,api_key,workspace,usage_type,context_window,usage_input_tokens_no_cache,"
    "usage_input_tokens_cache_write_5m,usage_input_tokens_cache_write_1h,usage_input_tokens_cache_read,"
    "usage_output_tokens,web_search_count,inference_geo,speed\n"
    "2026-08-15,claude-haiku-4-5-20251001,k,Default,standard,≤ 200k,622,10,0,3000,423,0,global,\n"
)


def booked(model: str, cost: str, **more: object) -> Booked:
    values: dict[str, object] = {
        "calls": 2, "sent": 100, "received": 20, "estimated": 0, "estimated_cost": Decimal(0),
        "unpriced": 0, "day": DAY,
    }  # fmt: skip
    return Booked(model=model, cost=Decimal(cost), **{**values, **more})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "form", "lines"),
    [
        (
            OPENAI_COSTS,
            "OpenAI costs",
            [("gpt-5-nano", "0.00383598", None, None), ("gpt-5-nano", "0.5", None, None)],
        ),
        (OPENAI_USAGE, "OpenAI usage", [("gpt-5-nano", None, 7162, 1673)]),
        (
            ANTHROPIC_COSTS,
            "Anthropic costs",
            [("claude-haiku-4-5", "0.19", None, None), ("claude-haiku-4-5", "0.02", None, None)],
        ),
        (ANTHROPIC_USAGE, "Anthropic usage", [("claude-haiku-4-5", None, 3632, 423)]),
    ],
)
def test_each_vendors_forms_are_known_by_their_columns(
    text: str, form: str, lines: list[tuple[str, str | None, int | None, int | None]]
) -> None:
    bill = read(text.encode())
    assert bill.form.name == form
    told = [(each.model, each.amount, each.sent, each.received) for each in bill.lines]
    assert told == [(m, a if a is None else Decimal(a), s, r) for m, a, s, r in lines]
    assert {each.day for each in bill.lines} == {DAY}
    assert bill.empty == (1 if form == "OpenAI costs" else 0)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_semicolons_and_decimal_commas_are_read(encoding: str) -> None:
    text = "Tag;Modell;Betrag\r\n2026-08-15T23:30:00-02:00;gpt-x;1,25\r\n;;\r\n"
    bill = read(text.encode(encoding), {"day": "Tag", "model": "Modell", "amount": "Betrag"})
    (line,) = bill.lines
    assert (line.day, line.amount) == (date(2026, 8, 16), Decimal("1.25")), "the day is that of UTC"


def test_columns_without_a_name_at_the_end_are_left_out_as_a_spreadsheet_writes_them() -> None:
    (line,) = read(b"usage_date_utc,cost_usd,,\n2026-08-15,1.25,,\n").lines
    assert (line.day, line.amount) == (date(2026, 8, 15), Decimal("1.25"))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "empty"),
        (b" \n ", "empty"),
        (b"a,b\n1,2\n", "no form that is known: a, b"),
        (b"PK\x03\x04rest", "another kind of file"),
        (
            "usage_date_utc,cost_usd\n2026-08-15,1\u20ac".encode("latin-1", "replace"),
            "is no amount",
        ),
        (b"usage_date_utc,cost_usd,n\xe9\n2026-08-15,1,1", "not in UTF-8"),
        (b"usage_date_utc,cost_usd\n2026-08-15,-3\n", "row 2: '-3' is below zero"),
        (b"usage_date_utc,cost_usd\n2026-08-15,1e12\n", "no amount that one model can cost"),
        (b"usage_date_utc,cost_usd\n2026-08-15,NaN\n", "no amount that"),
        (b"usage_date_utc,cost_usd\n15.08.2026,1\n", "row 2: '15.08.2026' is no day"),
        (b"usage_date_utc,cost_usd\n9999-12-31,1\n", "row 2: '9999-12-31' is no day of a bill"),
        (b"usage_date_utc,cost_usd\n0001-01-01T00:00+14:00,1\n", "is no day"),
        (b"usage_date_utc,cost_usd\n", "no row"),
        (b"usage_date_utc,cost_usd,cost_usd\n2026-08-15,1,2\n", "each once"),
        (b"start_time,amount_value,amount_currency\n1786752000,1,eur\n", "is in EUR"),
        (b"usage_date_utc,cost_usd\n2026-08-15,1\0\n", "no text"),
        (b"start_time,input_tokens,output_tokens\n1786752000,1.5,2\n", "no number of tokens"),
        (b"x" * (MOST_BYTES + 1), "at most 20 MB"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_reason(data: bytes, why: str) -> None:
    with pytest.raises(Refused, match="(?s)" + why.replace("(", r"\(")) as refused:
        read(data)
    assert refused.value.hint


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_file_breaks_the_reader(data: bytes) -> None:
    for head in (b"", b"usage_date_utc,model,cost_usd\n"):
        try:
            assert all(isinstance(line, BillLine) for line in read(head + data).lines)
        except Refused as refused:
            assert refused.hint


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("Claude Haiku 4.5", "claude-haiku-4-5"),
        ("anthropic:claude-haiku-4-5-20251001", "claude-haiku-4-5"),
        ("Claude 3.5 Sonnet 2024-10-22", "claude-3-5-sonnet"),
        ("gpt-5-nano-2025-08-07, cached input", "gpt-5-nano"),
        ("claude-3-5-haiku-latest", "claude-3-5-haiku"),
        ("", ""),
    ],
)
def test_a_model_has_one_name_on_bills_and_in_refs(written: str, plain: str) -> None:
    assert plain_name(written) == plain


def test_equal_sums_agree_and_whole_cents_agree_within_their_rounding() -> None:
    exact = compare(read(OPENAI_COSTS.encode()), [booked("openai:gpt-5-nano", "0.50383598")])
    assert [line.verdict for line in exact.lines] == ["agrees"]
    assert exact.lines[0].difference == 0 and exact.theirs == exact.ours
    near = compare(read(ANTHROPIC_COSTS.encode()), [booked("anthropic:claude-haiku-4-5", "0.2199")])
    assert near.lines[0].verdict == "agrees"
    assert near.lines[0].why == ("within the rounding of the file",)
    far = compare(read(ANTHROPIC_COSTS.encode()), [booked("anthropic:claude-haiku-4-5", "0.2201")])
    assert far.lines[0].verdict == "ours_is_more"


def test_every_difference_has_its_reason() -> None:
    bill = read(ANTHROPIC_COSTS.encode())
    model = "anthropic:claude-haiku-4-5"
    cut = booked(model, "0.30", estimated=1, estimated_cost=Decimal("0.1"))
    (line,) = compare(bill, [cut]).lines
    assert (line.verdict, line.difference) == ("ours_is_more", Decimal("0.09"))
    assert line.why == (
        "1 call cut off or not reported, booked at our estimate of $0.1, which is never below the bill",
    )
    (line,) = compare(bill, [booked(model, "0.1", unpriced=2)]).lines
    assert line.verdict == "theirs_is_more"
    assert line.why[0] == "2 calls without a known price, at 0 in our sum"
    assert "outside this app" in line.why[1]
    (line,) = compare(bill, [booked("openai:gpt-5-nano", "9")]).lines
    assert line.verdict == "only_theirs", "another vendor's models are no part of it"
    both = compare(bill, [booked(model, "0.21"), booked("anthropic:claude-opus-5", "1")])
    assert {each.model: each.verdict for each in both.lines} == {
        "claude-haiku-4-5": "agrees",
        "claude-opus-5": "only_ours",
    }


def test_a_bill_without_models_is_compared_by_day_and_tokens_where_it_has_no_money() -> None:
    bill = read(b"day,usd\n2026-08-15,3\n", {"day": "day", "amount": "usd"})
    (line,) = compare(bill, [booked("openai:a", "1"), booked("anthropic:b", "2")]).lines
    assert (line.verdict, line.refs) == ("agrees", ("anthropic:b", "openai:a"))
    used = compare(
        read(OPENAI_USAGE.encode()), [booked("openai:gpt-5-nano", "1", sent=7162, received=1673)]
    )
    assert used.lines[0].verdict == "agrees" and used.lines[0].difference is None
