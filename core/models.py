"""The models that can be asked here and now, the first of them, and what the others wait for."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from core.assets.weights import Weights
from core.clean_text import clean
from core.errors import FootlightsError, Misuse, NotFound
from core.keys import Keys
from core.llm import discovery, pricing
from core.llm.anthropic import AnthropicProvider
from core.llm.local import LocalProvider
from core.llm.openai import OpenAIProvider
from core.llm.provider import Provider
from core.llm.quotes import QuotesProvider
from core.llm.scripted import ScriptedProvider
from core.llm.sdk_provider import SdkProvider
from core.settings import Settings
from core.types import ModelInfo

_DEFAULTS = {
    "openai": ("gpt-6-luna", "gpt-6.1-sol"),
    "anthropic": ("claude-haiku-5-5", "claude-sonnet-5-5", "claude-opus-5-5"),
}
_LABELS = {"openai": "OpenAI", "anthropic": "Anthropic"}
_OWN = ("local", "quotes")
SERVERS = ("compatible", *(name for name, _, _ in discovery.LOCAL_SERVERS))
NAMES = (*_LABELS, *_OWN, *SERVERS, "scripted")
"""What may stand before the colon of a ref."""
_VARIABLE = {"openai": "OPENAI_API_KEY", "anthropic": "ANTHROPIC_API_KEY"}
# Prompts are read at about 100 tokens a second on two cores: a larger window would only be a longer wait.
LOCAL_WINDOW = 4096


@dataclass(frozen=True, slots=True)
class ProviderState:
    """One row of the Models page: what it is, whether it can be asked, and in one line what to do."""

    name: str
    label: str
    state: Literal["ready", "no_key", "absent", "waiting"]
    note: str
    models: tuple[ModelInfo, ...] = ()
    key_origin: str = ""


class Models:
    """Knows every provider and its state; `providers` is what the model client asks by name."""

    def __init__(self, settings: Settings, keys: Keys, weights: Weights) -> None:
        self._settings = settings
        self._keys = keys
        self.weights = weights
        self._base_urls = {
            "openai": settings.openai_base_url,
            "anthropic": settings.anthropic_base_url,
        }
        self._servers: dict[str, tuple[str, str, list[discovery.Listed]]] = {}
        self._retiring: dict[asyncio.Task[None], Provider] = {}
        self.providers: dict[str, Provider] = {
            "quotes": QuotesProvider(),
            "scripted": ScriptedProvider(),
        }
        for name in _DEFAULTS:
            self._connect(name)

    # --- what there is ------------------------------------------------------------------------

    def states(self) -> list[ProviderState]:
        """Every provider in the order in which the first that is there is used."""
        vendors = [self._vendor(name) for name in _DEFAULTS]
        servers = [
            ProviderState(
                name,
                label,
                "ready",
                f"answers at {url}",
                tuple(self._server_model(name, item) for item in listed),
            )
            for name, (label, url, listed) in self._servers.items()
        ]
        return [*vendors, *servers, self._local(), self._quotes()]

    def ready(self) -> list[ModelInfo]:
        """Every model that can be asked now, the one used by default first."""
        found = [info for state in self.states() for info in state.models if state.state == "ready"]
        first = self.resolve(None)
        return [first, *(info for info in found if info.ref != first.ref)]

    def resolve(self, ref: str | None) -> ModelInfo:
        """The model meant by `provider:id`, or by None the first that is there.

        An id that no table knows is passed through as it is, without a price. Raises NotFound for an
        unknown provider and Misuse for one that cannot be asked now.
        """
        if ref is None:
            return self._first()
        name, _, model = clean(ref).partition(":")
        state = next((state for state in self.states() if state.name == name), None)
        if name == "scripted":
            return pricing.info("scripted", "scripted")
        if state is None and name != "compatible":
            raise NotFound(
                f"there is no provider {name!r} for the model {ref!r}",
                hint="The Models page lists what can be asked; a model is written provider:id.",
            )
        if state is None or state.state != "ready":
            note = state.note if state else "set FOOTLIGHTS_COMPATIBLE_URL to its base URL"
            raise Misuse(f"{ref} cannot be asked now: {note}", hint="Choose another model.")
        known = next((info for info in state.models if model in ("", info.id)), None)
        return known or self._passed_through(name, model)

    def fallbacks(
        self, model: ModelInfo, tokens: int, order: Sequence[str] | None = None
    ) -> list[ModelInfo]:
        """Whom to ask when the model does not answer, in this order or else that of
        FOOTLIGHTS_FALLBACK: those that can be asked now and have room for so many tokens."""
        found = []
        for ref in self._settings.fallback if order is None else order:
            try:
                other = self.resolve(ref)
            except Misuse:
                continue  # it cannot be asked now, and the Models page says why
            if other.ref != model.ref and other.window >= tokens:
                found.append(other)
        return found

    def _first(self) -> ModelInfo:
        if self._settings.model:
            try:
                return self.resolve(self._settings.model)
            except Misuse:
                pass  # the page says what it waits for; until then the next that is there answers
        states = (state for state in self.states() if state.state == "ready" and state.models)
        return next(states).models[0]

    def _passed_through(self, name: str, model: str) -> ModelInfo:
        if name in self._servers:
            return self._server_model(name, discovery.Listed(model, None))
        if name in _OWN:
            raise NotFound(
                f"there is no model {name}:{model} on this machine",
                hint="The Models page lists the models that can be asked.",
            )
        return pricing.info(name, model)

    # --- the providers ------------------------------------------------------------------------

    def _vendor(self, name: str) -> ProviderState:
        models = tuple(pricing.info(name, model) for model in _DEFAULTS[name])
        origin = self._keys.origin(name)
        if not origin:
            note = f"no key yet: paste one here, or put {_VARIABLE[name]} in .env"
            return ProviderState(name, _LABELS[name], "no_key", note, models)
        source = "pasted on this page" if origin == "page" else "from the environment"
        return ProviderState(name, _LABELS[name], "ready", f"key {source}", models, origin)

    def _server_model(self, name: str, listed: discovery.Listed) -> ModelInfo:
        return pricing.served(name, listed.id, window=listed.window)

    def _local(self) -> ProviderState:
        info = pricing.local(self.weights.asset.name, window=LOCAL_WINDOW)
        if file := self.weights.file:
            if "local" not in self.providers:
                self.providers["local"] = LocalProvider(
                    file, threads=self._settings.threads, window=LOCAL_WINDOW
                )
            note = "runs on this machine: free, private, needs no network"
            return ProviderState("local", "On this machine", "ready", note, (info,))
        download = self.weights.download
        note = {
            "running": f"downloading {download.done / 1e6:,.0f} of {download.total / 1e6:,.0f} MB",
            "skipped": "the download was skipped: resume it here",
            "failed": f"the download failed: {download.note}",
        }.get(download.state, f"not downloaded: {download.total / 1e6:,.0f} MB, once")
        return ProviderState("local", "On this machine", "waiting", note, (info,))

    def _quotes(self) -> ProviderState:
        note = "no model: shows the best sentences of your documents word for word"
        return ProviderState(
            "quotes", "Quotations", "ready", note, (pricing.info("quotes", "quotes"),)
        )

    def _connect(self, name: str) -> None:
        key = self._keys.get(name)
        old = self.providers.pop(name, None)
        if old:
            leaving = old.retire() if isinstance(old, SdkProvider) else old.close()
            task = asyncio.get_running_loop().create_task(leaving)
            self._retiring[task] = old
            task.add_done_callback(self._retiring.pop)
        if key and name == "openai":
            self.providers[name] = OpenAIProvider(
                name=name,
                base_url=self._base_urls[name],
                api_key=key,
                api=self._settings.openai_api,
            )
        elif key:
            self.providers[name] = AnthropicProvider(base_url=self._base_urls[name], api_key=key)

    # --- what changes -------------------------------------------------------------------------

    async def discover(self) -> None:
        """Look for compatible servers: the one of the settings, and those of this machine."""
        given = self._settings.compatible_url
        wanted = [("compatible", "Compatible server", given)] if given else []
        wanted += list(discovery.LOCAL_SERVERS)
        await asyncio.gather(*(self._look(name, label, url) for name, label, url in wanted))

    async def _look(self, name: str, label: str, url: str) -> None:
        secret = self._settings.compatible_api_key if name == "compatible" else None
        key = secret.get_secret_value() if secret else ""
        try:
            listed = await discovery.models_at(label, url, discovery.bearer(key), seconds=2.0)
        except FootlightsError:
            if name != "compatible":  # nothing there: that is how most machines are
                self._servers.pop(name, None)
                return
            listed = []  # a server of the settings may list nothing and answer all the same
        self._servers[name] = (label, url, listed)
        if name not in self.providers:
            self.providers[name] = OpenAIProvider(name=name, base_url=url, api_key=key or "none")

    async def set_key(self, name: str, key: str | None) -> None:
        """Check the key with one free request, keep it and use it from now on; None removes it.

        Raises KeyRejected or Unreachable, and then keeps nothing.
        """
        key = key.strip() if key else None
        if key:
            base = self._base_urls[name]
            is_openai = name == "openai"
            headers = discovery.bearer(key) if is_openai else discovery.anthropic(key)
            url = base if is_openai else f"{base.rstrip('/')}/v1"
            await discovery.models_at(_LABELS[name], url, headers)
        self._keys.put(name, key)
        self._connect(name)

    async def fetch(self) -> None:
        """Begin or resume the download of the local model, and return at once."""
        self.weights.start()

    async def close(self) -> None:
        """Close every client and end the local model's process."""
        await self.weights.skip()
        retiring = list(self._retiring.items())
        for task, _ in retiring:
            task.cancel()
        there = [*self.providers.values(), *(old for _, old in retiring)]
        await asyncio.gather(*(provider.close() for provider in there))
