"""The allow-list: addresses and whole domains that may sign in."""

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Allowed:
    """`people` are addresses and `@domain`s that may sign in; `owners` are addresses of the owner."""

    people: Collection[str] = ()
    owners: Collection[str] = ()

    def owns(self, email: str) -> bool:
        """Whether whoever has this address is the owner."""
        return same(email) in {same(each) for each in self.owners}

    def lets_in(self, email: str) -> bool:
        """Whether whoever has this address may come in; the domain must be the very one."""
        local, at, domain = same(email).rpartition("@")
        if not (local and at and domain):
            return False
        listed = {same(each) for each in self.people}
        return self.owns(email) or f"{local}@{domain}" in listed or f"@{domain}" in listed


def same(email: str) -> str:
    """The address as it is compared: providers keep no two that differ in case alone."""
    return email.strip().casefold()
