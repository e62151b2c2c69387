"""What the settings name, looked at before anything is built: folders, models, weights."""

from pathlib import Path
from tempfile import TemporaryFile

from core.assets import QWEN_1_5B, SMOLLM2, Asset
from core.errors import Misuse
from core.models import NAMES, SERVERS
from core.settings import Settings


def look_at_models(settings: Settings) -> None:
    """Raises Misuse when one is of no provider: another would be asked in its place without a word."""
    named = [("FOOTLIGHTS_MODEL", settings.model or "")]
    named += [("FOOTLIGHTS_FALLBACK", ref) for ref in settings.fallback]
    for setting, ref in named:
        if ref and ref.partition(":")[0] not in NAMES:
            raise Misuse(
                f"{setting} names {ref!r}, which is no model",
                hint="Write it as openai:<id>, anthropic:<id>, local:<asset>, "
                f"{', '.join(f'{name}:<id>' for name in SERVERS)}, or as quotes.",
            )


def look_at_folders(settings: Settings) -> None:
    """Each folder that is set is there, and that of the data takes files; else raises Misuse."""
    _make("FOOTLIGHTS_DATA", settings.data)
    _write(settings.data)
    _make("FOOTLIGHTS_TOOLS", settings.tools)
    _make("FOOTLIGHTS_STRATEGIES", settings.strategies)


def _make(setting: str, folder: Path | None) -> None:
    """The folder of a setting, if one is set, is there; raises Misuse when it cannot be made."""
    try:
        if folder:
            folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Misuse(
            f"{setting} names {folder}, which is no folder and cannot be made one: {error.strerror}",
            hint="Name another folder, or make this one.",
        ) from None


def _write(folder: Path) -> None:
    """Raises Misuse when the data folder takes no file: everything that is made goes there."""
    try:
        TemporaryFile(dir=folder).close()
    except OSError as error:
        raise Misuse(
            f"FOOTLIGHTS_DATA names {folder}, which takes no file: {error.strerror}",
            hint="Name another folder, or let whoever runs Footlights write to this one.",
        ) from None


def wanted_weights(ref: str | None) -> Asset:
    """The weights that FOOTLIGHTS_MODEL names; raises Misuse when it names some that we do not know."""
    known = {f"local:{asset.name}": asset for asset in (QWEN_1_5B, SMOLLM2)}
    if ref is None or not ref.startswith("local:"):
        return QWEN_1_5B
    if ref not in known:
        raise Misuse(
            f"FOOTLIGHTS_MODEL names {ref!r}, a local model that we do not know",
            hint=f"Set it to one of these: {', '.join(known)}.",
        )
    return known[ref]
