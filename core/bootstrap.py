"""build(settings) -> Workbench: the only place where things are constructed."""

from core.documents.reembedding import Due as Due
from core.documents.reembedding import Left as Left
from core.injection.arms import ARMS as ARMS
from core.injection.arms import FIRST as FIRST_ARMS  # noqa: F401
from core.injection.cases import cases as range_cases  # noqa: F401
from core.injection.comparing import RangeComparison as RangeComparison
from core.injection.comparing import compared as range_compared  # noqa: F401
from core.injection.flags import flags as range_flags  # noqa: F401
from core.injection.ranges import RangePlan as RangePlan
from core.mcp.wish import McpWish as McpWish
from core.mcp.wish import secrets as mcp_secrets
from core.parts import Parts
from core.people.team import Member as Member
from core.playground.calls import Estimate as Estimate
from core.playground.lane import Seen as Seen
from core.playground.races import Column as PlayColumn  # noqa: F401
from core.playground.races import Race as Race
from core.playground.results import Pair as Pair
from core.playground.suites import Plan as Plan
from core.previews import Previews
from core.prompts.front_matter import with_variable as with_variable
from core.prompts.history import LABEL as LABEL  # the aliases: values that a page may name
from core.prompts.history import Change as Change
from core.prompts.library import Problem as Problem
from core.prompts.switches import SWITCHES as DEFENCE_SWITCHES  # noqa: F401
from core.prompts.switches import differs as defence_differs  # noqa: F401
from core.prompts.switches import with_switch as with_defence  # noqa: F401
from core.prompts.template import MAX_SOURCE as MAX_PROMPT  # noqa: F401
from core.prompts.template import PromptTemplate as PromptTemplate
from core.prompts.template import Variable as Variable
from core.prompts.transfer import export as export_prompts  # noqa: F401
from core.prompts.transfer import take_in as import_prompts  # noqa: F401
from core.replays import CUT_OFF as CUT_OFF
from core.replays import Changes as Changes
from core.replays import Price as ReplayPrice
from core.retrieval.claims.verdicts import summary as summary  # what a page says of its citations
from core.settings import Settings
from core.sharing.faring import Share as Share
from core.sharing.outside import reached as reached
from core.sharing.reach import Tunnel as Tunnel
from core.sharing.reach import address as link_address
from core.sharing.reach import badge as link_badge
from core.sharing.reach import qr as qr_code
from core.sharing.reach import tunnels as tunnels
from core.sharing.scan import Finding as Finding
from core.sharing.scope import Demo as Demo
from core.sharing.shown import ENDED as ENDED
from core.sharing.shown import THANKS as THANKS
from core.sharing.shown import Told as Told
from core.sharing.snapshot import excerpt as excerpt
from core.sharing.snapshot_page import page as snapshot_page
from core.sharing.wishes import MOST_DAYS as MOST_DAYS
from core.sharing.wishes import Wish as Wish
from core.store.api_keys import ApiKey as ApiKey
from core.store.api_keys import ApiKeys
from core.store.caps import CapState as CapState
from core.store.caps import near as near_caps
from core.store.distribution import Distribution as Distribution
from core.store.links import Link as Link
from core.store.preferences import KeepTraces as KeepTraces
from core.store.preferences import Limit as Limit
from core.store.price_overrides import PriceOverride as PriceOverride
from core.store.prompt_drafts import PromptDrafts
from core.store.prompt_uses import PromptUse as PromptUse
from core.store.sent_windows import Sent as Sent
from core.store.sign_ins import SignIn as SignIn
from core.store.spend_days import Dimension as Dimension
from core.store.spending import OTHERS as OTHERS
from core.store.spending import Spend as Spend
from core.store.spending import Spending
from core.store.trace_keeping import Doomed as Doomed
from core.store.trace_keeping import TraceKeeping
from core.store.trace_list import TraceList
from core.store.trace_list import TraceOrder as TraceOrder
from core.store.trace_list import TraceQuery as TraceQuery
from core.store.trace_list import TraceRow as TraceRow
from core.store.traces import Traces
from core.tokens.comparison import SENT as SENT
from core.tokens.comparison import Placed as Placed
from core.tokens.comparison import compare as compare
from core.tokens.counter import Piece as Piece
from core.tokens.strategies import STRATEGIES as STRATEGIES
from core.tool_bench import Offered as Offered
from core.tools.form import Field as ToolField
from core.tools.form import arguments as tool_arguments
from core.tools.form import fields as tool_fields
from core.tools.remote.offers import called as mcp_called
from core.tools.remote.offers import pin_of as mcp_pin
from core.tools.tool import TOUCHES as TOUCHES
from core.tools.tool import Outcome as ToolOutcome
from core.traces.comparison import Comparison as Comparison
from core.traces.comparison import Pair as ReplayPair
from core.types.mcp import McpOffer as McpOffer
from core.types.mcp import McpServer as McpServer
from core.windows.lab import Lab as Lab
from core.windows.lab import Outcome as Outcome
from core.windows.lab import Shortened as Shortened
from core.workbench import LOCAL_USER as LOCAL_USER
from core.workbench import Workbench as Workbench

__all__ = [
    "ReplayPair",
    "ReplayPrice",
    "ToolField",
    "ToolOutcome",
    "link_address",
    "link_badge",
    "mcp_called",
    "mcp_pin",
    "mcp_secrets",
    "near_caps",
    "qr_code",
    "reached",
    "snapshot_page",
    "tool_arguments",
    "tool_fields",
]


def build(settings: Settings) -> Workbench:
    """Construct everything and bring the database up to date; nothing runs until `start`.

    Raises AssetUnavailable when the embedder or the vocabulary has not been fetched yet.
    """
    parts = Parts(settings)
    return Workbench(
        settings=settings,
        bridge=parts.bridge,
        engine=parts.engine,
        process=parts.process,
        models=parts.models,
        prompts=parts.prompts,
        drafts=PromptDrafts(parts.engine),
        sandbox=parts.sandbox,
        counter=parts.counter,
        documents=parts.documents,
        viewer=parts.viewer,
        passages=parts.passages,
        reembedder=parts.reembedder,
        collections=parts.collections,
        golden=parts.golden,
        conversations=parts.conversations,
        summaries=parts.summaries,
        summariser=parts.summariser,
        turn_rows=parts.turn_rows,
        turn_counts=parts.turn_counts,
        turns=parts.turns,
        strategy_problems=parts.strategy_problems,
        replays=parts.replays,
        ledger=parts.ledger,
        spending=Spending(parts.engine),
        caps=parts.caps,
        api_keys=ApiKeys(parts.engine),
        prices=parts.prices,
        preferences=parts.preferences,
        client=parts.client,
        errands=parts.errands,
        whatif=parts.whatif,
        upcoming=parts.upcoming,
        previews=Previews(parts.prompts, parts.sandbox, parts.counter),
        playground=parts.playground,
        cases=parts.cases,
        suites=parts.suites,
        range=parts.range,
        trials=parts.trials,
        traces=Traces(parts.engine),
        trace_keeping=TraceKeeping(parts.engine),
        trace_list=TraceList(parts.engine),
        samples=parts.samples,
        tools=parts.tools,
        mcp=parts.mcp,
        approvals=parts.approvals,
        atlas=parts.atlas,
        shares=parts.shares,
        visits=parts.visits,
        sign_ins=parts.sign_ins,
        team=parts.team,
        provider=parts.provider,
    )
