"""`python -m core.assets [name ...]` fetches what is missing and shows how far it is."""

import asyncio
import sys
from collections.abc import Sequence

from core.assets import ALL, NEEDED, Assets
from core.errors import AssetUnavailable
from core.settings import ROOT, read


def main(names: Sequence[str]) -> int:
    """Fetch the named assets, or those that the app needs to start; 1 when one cannot be had."""
    known = {asset.name: asset for asset in ALL}
    if unknown := set(names) - set(known):
        sys.stderr.write(f"There is no asset {', '.join(unknown)}: {', '.join(known)}.\n")
        return 1
    wanted = [known[name] for name in names] or NEEDED
    assets = Assets(read().data / "models", also=[ROOT / "data" / "models"])
    for asset in wanted:
        if assets.find(asset):
            continue
        sys.stdout.write(f"{asset.title}: {asset.bytes / 1e6:,.0f} MB, {asset.licence}\n")
        try:
            asyncio.run(assets.fetch(asset, _Bar()))
        except AssetUnavailable as error:
            sys.stderr.write(f"\n{error}\n{error.hint}\n")
            return 1
        sys.stdout.write("\n")
    return 0


class _Bar:
    """A bar with numbers on a terminal, a line for each tenth elsewhere."""

    def __init__(self) -> None:
        self._tenth = -1

    def __call__(self, done: int, total: int) -> None:
        share = done / total
        numbers = f"{share:4.0%}  {done / 1e6:,.0f} of {total / 1e6:,.0f} MB"
        if sys.stdout.isatty():
            filled = "█" * int(share * 30)
            sys.stdout.write(f"\r  {filled:·<30} {numbers}")
        elif int(share * 10) > self._tenth:
            sys.stdout.write(f"  {numbers}\n")
        self._tenth = max(self._tenth, int(share * 10))
        sys.stdout.flush()
