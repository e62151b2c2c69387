"""Summaries written anew because somebody wishes it, with the prompt that he chooses."""

import asyncio
from collections.abc import Sequence

from core.chat.errands import SUMMARISE, Errands
from core.prompts.library import PromptLibrary
from core.prompts.template import PromptTemplate
from core.store.summaries import Summaries
from core.store.turns import Turns
from core.types import Summary, Turn

_GIVEN = frozenset({"earlier", "turns", "words"})


class Summariser:
    """Redoes summaries; the one before stays, and is not used."""

    def __init__(
        self, *, prompts: PromptLibrary, errands: Errands, summaries: Summaries, turns: Turns
    ) -> None:
        self._prompts = prompts
        self._errands = errands
        self._summaries = summaries
        self._turns = turns

    def prompts(self) -> list[str]:
        """The refs of what can write a summary (`history@1`): the one in use first, then its other versions,
        newest first, then other prompts that need no more than turns."""
        own = [each.ref for each in reversed(self._prompts.versions(SUMMARISE))]
        others = [self._prompts.get(name) for name in self._prompts.names() if name != SUMMARISE]
        found = [self._prompts.get(SUMMARISE).ref, *own]
        found += [each.ref for each in others if _writes_summaries(each)]
        return list(dict.fromkeys(found))

    async def call(
        self, user: str, conversation_id: str, made: Summary, prompt: str
    ) -> tuple[int, int]:
        """What doing it again would send, and the most that it would answer, in tokens; nothing is asked."""
        before, turns = await asyncio.to_thread(self._replaced, user, conversation_id, made, prompt)
        return await self._errands.summary_call(before, turns, made.model, prompt)

    async def redo(self, user: str, conversation_id: str, made: Summary, prompt: str) -> Summary:
        """The same turns, from the same summary before them, by the same model with the prompt of this ref. It
        is used from now on. Raises what the call raises, and ModelMisbehaved when nothing is said."""
        before, turns = await asyncio.to_thread(self._replaced, user, conversation_id, made, prompt)
        again = await self._errands.summarise_anew(
            user, conversation_id, before, turns, made.model, prompt
        )
        await asyncio.to_thread(self._summaries.add, user, conversation_id, again)
        await asyncio.to_thread(self._summaries.undo, user, made.id)
        return again

    def _replaced(
        self, user: str, conversation_id: str, made: Summary, prompt: str
    ) -> tuple[Summary | None, Sequence[Turn]]:
        """The summary that it went on from, if it did, and the turns behind that; all of them where the prompt
        would not be told of what came earlier."""
        goes_on = self._prompts.resolve(prompt).takes("earlier")
        before = next(
            (
                each
                for each in self._summaries.all(user, conversation_id)
                if goes_on
                and each.depth == made.depth - 1
                and made.turns[: len(each.turns)] == each.turns
            ),
            None,
        )
        rest = made.turns[len(before.turns) :] if before else made.turns
        return before, [self._turns.get(user, turn_id) for turn_id in rest]


def _writes_summaries(template: PromptTemplate) -> bool:
    needs = {each.name for each in template.variables if each.required}
    return template.kind == "prompt" and template.takes("turns") and needs <= _GIVEN
