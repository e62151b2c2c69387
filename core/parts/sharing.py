"""People and links: who may come in, and what they may see."""

from functools import cached_property

from core.parts.answering import Answering
from core.people.allowed import Allowed
from core.people.provider import Provider
from core.people.team import Team
from core.sharing.shares import Shares
from core.sharing.visits import Visits
from core.store.links import Links
from core.store.people import People
from core.store.sign_ins import SignIns
from core.store.visitors import Visitors


class Parts(Answering):
    """What `build` hands out, by the names of the Workbench, and what stands behind it."""

    @cached_property
    def sign_ins(self) -> SignIns:
        return SignIns(self.engine)

    @cached_property
    def team(self) -> Team:
        settings = self.settings
        allowed = Allowed(settings.oidc_allow, settings.oidc_owner)
        return Team(
            people=People(self.engine),
            sign_ins=self.sign_ins,
            caps=self.caps,
            allowed=allowed if settings.oidc_issuer else Allowed(),
            first_cap=settings.person_cap,
        )

    @cached_property
    def provider(self) -> Provider | None:
        settings = self.settings
        if not settings.oidc_issuer:
            return None
        secret = settings.oidc_client_secret
        return Provider(
            issuer=settings.oidc_issuer,
            client_id=settings.oidc_client_id,
            secret=secret.get_secret_value() if secret else "",
            redirect=f"{settings.own_address}/api/sign-in/oidc/callback",
        )

    @cached_property
    def _links(self) -> Links:
        return Links(self.engine)

    @cached_property
    def _visitors(self) -> Visitors:
        return Visitors(self.engine)

    @cached_property
    def visits(self) -> Visits:
        return Visits(
            links=self._links,
            visitors=self._visitors,
            conversations=self.conversations,
            turn_rows=self.turn_rows,
            turns=self.turns,
            caps=self.caps,
            documents=self._stored,
            collections=self.collections,
            toolbox=self._toolbox,
            may=self.team.is_in,
        )

    @cached_property
    def shares(self) -> Shares:
        return Shares(
            links=self._links,
            visitors=self._visitors,
            conversations=self.conversations,
            turn_rows=self.turn_rows,
            documents=self._stored,
            collections=self.collections,
            caps=self.caps,
            prices=self.prices,
            models=self.models,
            prompts=self.prompts,
            toolbox=self._toolbox,
        )
