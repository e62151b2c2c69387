"""What each part of a window takes, and what fits into it, as one model counts."""

from collections.abc import Hashable, Sequence
from dataclasses import replace

from core.retrieval.relevance import relevance
from core.tokens.budget import fit
from core.tokens.counted import CountedTurns
from core.tokens.counter import Counter
from core.tokens.strategies import DEFAULT, STRATEGIES, Asked, Ranking, most_relevant
from core.types import Budget, Hit, Item, Message, ModelInfo, Slice, Summary, WindowPlan
from core.windows.exchanges import Exchange

FENCE_TOKENS = 40
"""The line with number, name and page, and the fence around a passage."""


def ranked(plan: WindowPlan, question: str, exchanges: Sequence[str]) -> Ranking:
    """Which turns of the history stay first by the plan; `exchanges` is what was said in each."""
    strategy = STRATEGIES.get(plan.strategy) or STRATEGIES[DEFAULT]
    by_relevance = strategy is most_relevant
    near = relevance(question, exchanges) if by_relevance else ()
    return strategy.rank(len(exchanges), Asked(plan.latest, near))


class Measure:
    """Counts the parts of a window for a model, what is over only once, and lays them out by a plan."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self._known = CountedTurns()

    def fit(
        self,
        model: ModelInfo,
        reserve: int,
        bare: Sequence[Message],
        passages: Sequence[Item],
        history: Sequence[Exchange],
        question: str,
        plan: WindowPlan,
        summary: Summary | None,
        earlier: Sequence[Message],
        tools: Sequence[Item],
    ) -> Budget:
        """What is kept and what is dropped of all this by the plan."""
        *before, last = bare
        name, exact = self._counter.encoding_name(model.ref)
        learned = self._counter.calibration(model.ref)
        return fit(
            window=model.window,
            reserve=reserve,
            system=[self._item(part.role.capitalize(), part, model) for part in before],
            tools=tools,
            sources=list(passages),
            summary=[
                self._item(f"Summary of {len(summary.turns)} turns", said, model, summary.id)
                for said in earlier
                if summary
            ],
            history=self.items(history, model, plan.turns),
            ranking=ranked(plan, question, [each.text for each in history]),
            source_share=plan.source_share,
            prompt=self._item("Your question", last, model),
            counter=name,
            exact=exact,
            ratio=learned.ratio,
            per_message=learned.message,
            per_tool=learned.tool,
            basis=self._counter.basis(model.ref),
            error=learned.error,
        )

    def passage(self, hit: Hit, model: ModelInfo, pins: frozenset[str]) -> Item:
        """The passage as it stands in its fence."""
        label = f"{hit.name}, {hit.unit} {hit.chunk.page}"
        tokens = self._counter.count(hit.chunk.headed, model.ref) + FENCE_TOKENS
        ref = str(hit.chunk_id)
        return Item(label, hit.chunk.text, tokens, ref=ref, pinned=ref in pins)

    def items(
        self, history: Sequence[Exchange], model: ModelInfo, pinned: Sequence[str] = ()
    ) -> list[list[Item]]:
        """What was said before, counted for the model; a turn that is over is counted once."""
        learned = self._counter.calibration(model.ref)
        way = (model.ref, self._counter.encoding_name(model.ref), learned.ratio, learned.message)
        said: list[Hashable] = list(history)
        found = self._known.begun((way, *pinned), said)
        known = self._known.by(way)
        for each in history[len(found) :]:
            is_pinned = each.ref in pinned
            before = known.get(each.ref)
            if before and before[0] == each.size and not is_pinned:
                found.append(before[1])
                continue
            items = self._exchange(each, model, is_pinned)
            if each.size and not is_pinned:
                self._known.keep(known, each.ref, each.size, items)
            found.append(items)
        self._known.counted((way, *pinned), said, found)
        return found

    def as_sent(
        self,
        budget: Budget,
        model: ModelInfo,
        bare: Sequence[Message],
        rendered: Sequence[Message],
    ) -> Budget:
        """The budget of the messages as they are sent: the system part is what was rendered with the
        passages, and the passages take what is left of the whole, fences included."""
        system = tuple(
            self._item(part.role.capitalize(), part, model)
            for part in rendered
            if part.role == "system"
        )
        whole = sum(self._counter.count_message(part, model.ref) for part in rendered)
        own = sum(item.tokens for item in system)
        asked = sum(
            self._counter.count_message(part, model.ref) for part in bare if part.role != "system"
        )
        before = sum(
            self._counter.count_message(part, model.ref) for part in bare if part.role == "system"
        )

        def counted(part: Slice) -> Slice:
            match part.region:
                case "system":
                    return replace(part, items=system, tokens=part.tokens - before + own)
                case "sources":
                    return replace(part, tokens=max(0, whole - own - asked))
                case _:
                    return part

        return replace(budget, slices=tuple(counted(part) for part in budget.slices))

    def _exchange(self, exchange: Exchange, model: ModelInfo, pinned: bool) -> list[Item]:
        return [
            self._item(
                "You" if said.role == "user" else "Answer", said, model, exchange.ref, pinned=pinned
            )
            for said in exchange.messages
        ]

    def _item(
        self, label: str, said: Message, model: ModelInfo, ref: str = "", *, pinned: bool = False
    ) -> Item:
        tokens = self._counter.count_message(said, model.ref)
        return Item(label, said.text, tokens, role=said.role, ref=ref, pinned=pinned)
