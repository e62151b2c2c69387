"""One settings class, read once, by bootstrap: the environment first, then `.env`."""

import os
from collections.abc import Iterator
from decimal import Decimal
from difflib import get_close_matches
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from core.errors import Misuse

ROOT = Path(__file__).resolve().parent.parent
_WHERE = "Change them in the environment or in .env; the README has a list."


class Settings(BaseSettings):
    """What can be set from outside; every name is documented in the README."""

    model_config = SettingsConfigDict(
        env_file=ROOT / ".env", env_file_encoding="utf-8", extra="ignore", env_ignore_empty=True
    )

    openai_api_key: SecretStr | None = None
    openai_base_url: str = "https://api.openai.com/v1"
    openai_api: Literal["chat", "responses"] = Field(
        "chat", validation_alias="FOOTLIGHTS_OPENAI_API"
    )
    """Which of OpenAI's two interfaces is spoken: chat completions, or responses."""
    anthropic_api_key: SecretStr | None = None
    anthropic_base_url: str = "https://api.anthropic.com"
    database_url: str | None = None

    data: Path = Field(ROOT / "data", validation_alias="FOOTLIGHTS_DATA")
    model: str | None = Field(None, validation_alias="FOOTLIGHTS_MODEL")
    fallback: Annotated[tuple[str, ...], NoDecode] = Field(
        (), validation_alias="FOOTLIGHTS_FALLBACK"
    )
    """Models that are asked in this order when the chosen one does not answer: refs, with commas."""
    embedder: str = Field("minilm", validation_alias="FOOTLIGHTS_EMBEDDER")
    """What passages are embedded with: `minilm`, `st:<folder or hub id>` or `openai:<model>`."""
    reranker: str = Field("", validation_alias="FOOTLIGHTS_RERANKER")
    """The cross-encoder that reads the best passages with the question: `st:<folder or hub id>`."""
    compatible_url: str | None = Field(None, validation_alias="FOOTLIGHTS_COMPATIBLE_URL")
    compatible_api_key: SecretStr | None = Field(
        None, validation_alias="FOOTLIGHTS_COMPATIBLE_API_KEY"
    )
    prompts: Path = Field(ROOT / "prompts", validation_alias="FOOTLIGHTS_PROMPTS")
    tools: Path | None = Field(None, validation_alias="FOOTLIGHTS_TOOLS")
    """The folder of the user's own tools: Python files; by default `tools` in the data folder."""
    strategies: Path | None = Field(None, validation_alias="FOOTLIGHTS_STRATEGIES")
    """The folder of the user's own strategies for the window; by default `strategies` in the data folder."""
    fetch: bool = Field(False, validation_alias="FOOTLIGHTS_FETCH")
    """Whether a model may read pages of the open internet (the tool fetch_url)."""
    run_steps: int = Field(8, ge=1, le=50, validation_alias="FOOTLIGHTS_RUN_STEPS")
    run_seconds: float = Field(300, gt=0, validation_alias="FOOTLIGHTS_RUN_SECONDS")
    run_dollars: Decimal | None = Field(
        Decimal("0.50"), gt=0, validation_alias="FOOTLIGHTS_RUN_DOLLARS"
    )
    """The bounds of one run with tools: steps, seconds, and US dollars."""
    host: str = Field("127.0.0.1", validation_alias="FOOTLIGHTS_HOST")
    port: int = Field(8501, ge=0, le=65535, validation_alias="FOOTLIGHTS_PORT")
    public_url: str | None = Field(None, validation_alias="FOOTLIGHTS_PUBLIC_URL")
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        (), validation_alias="FOOTLIGHTS_TRUSTED_PROXIES"
    )
    """Addresses or networks, with commas, whose X-Forwarded-For and X-Forwarded-Proto are believed."""
    sign_in: Literal["elsewhere", "always"] = Field(
        "elsewhere", validation_alias="FOOTLIGHTS_SIGN_IN"
    )
    """Where one signs in: from elsewhere, or on this machine too."""
    oidc_issuer: str | None = Field(None, validation_alias="FOOTLIGHTS_OIDC_ISSUER")
    """The OpenID provider by which people sign in; each is then a user of his own."""
    oidc_client_id: str = Field("", validation_alias="FOOTLIGHTS_OIDC_CLIENT_ID")
    oidc_client_secret: SecretStr | None = Field(
        None, validation_alias="FOOTLIGHTS_OIDC_CLIENT_SECRET"
    )
    oidc_allow: Annotated[tuple[str, ...], NoDecode] = Field(
        (), validation_alias="FOOTLIGHTS_OIDC_ALLOW"
    )
    """Who may sign in: addresses and @domains, with commas."""
    oidc_owner: Annotated[tuple[str, ...], NoDecode] = Field(
        (), validation_alias="FOOTLIGHTS_OIDC_OWNER"
    )
    """Whose address makes him the owner."""
    person_cap: Decimal = Field(Decimal(5), ge=0, validation_alias="FOOTLIGHTS_PERSON_CAP")
    """What a person may spend a month, in US dollars, until the owner says otherwise."""
    threads: int | None = Field(None, ge=1, validation_alias="FOOTLIGHTS_THREADS")
    """Threads of the local model; by default one for each core, at most eight."""
    max_upload_mb: int = Field(20, ge=1, validation_alias="FOOTLIGHTS_MAX_UPLOAD_MB")
    otlp_endpoint: str | None = Field(None, validation_alias="FOOTLIGHTS_OTLP_ENDPOINT")
    """Where finished traces are sent: the whole address, as http://127.0.0.1:4318/v1/traces."""
    otlp_headers: SecretStr | None = Field(None, validation_alias="FOOTLIGHTS_OTLP_HEADERS")
    """What is sent with them: name=value, with commas between them."""
    samples: bool = Field(True, validation_alias="FOOTLIGHTS_SAMPLES")
    """Whether a first start indexes the sample documents and answers a question about them."""

    @field_validator("fallback", "trusted_proxies", "oidc_allow", "oidc_owner", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(ref.strip() for ref in value.split(",") if ref.strip())

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(str(ip_network(each, strict=False)) for each in given)

    @field_validator(
        *("openai_base_url", "anthropic_base_url", "compatible_url"),
        *("public_url", "oidc_issuer", "otlp_endpoint"),
    )
    @classmethod
    def _address(cls, given: str | None) -> str | None:
        if given is not None:
            found = urlsplit(given)
            if found.scheme not in ("http", "https") or not found.hostname:
                raise ValueError("it is no address: begin with http:// or https:// and a host")
        return given

    @model_validator(mode="after")
    def _whole(self) -> "Settings":
        if self.oidc_issuer and not (self.oidc_client_id and (self.oidc_allow or self.oidc_owner)):
            raise ValueError(
                "FOOTLIGHTS_OIDC_ISSUER needs FOOTLIGHTS_OIDC_CLIENT_ID, and FOOTLIGHTS_OIDC_ALLOW "
                "with the addresses or @domains that may sign in"
            )
        return self

    @field_validator("data", "prompts", "tools", "strategies")
    @classmethod
    def _absolute(cls, folder: Path | None) -> Path | None:
        if folder is None:
            return None
        return (folder if folder.is_absolute() else ROOT / folder).resolve()

    @property
    def trusts_this_machine(self) -> bool:
        """Whether whoever asks from this machine is its owner. Not where the app is shown to others: a
        proxy on this machine asks from here too, and need not say for whom."""
        if self.sign_in == "always" or self.trusted_proxies or self.oidc_issuer:
            return False
        host = urlsplit(self.public_url or "http://localhost").hostname or ""
        return host == "localhost" or host.startswith("127.") or host == "::1"

    @property
    def own_address(self) -> str:
        """Where the app is reached, without a slash at its end."""
        return (self.public_url or f"http://localhost:{self.port}").rstrip("/")

    @property
    def tools_folder(self) -> Path:
        """Where tools of one's own are looked for."""
        return self.tools or self.data / "tools"

    @property
    def database(self) -> str:
        """The SQLAlchemy URL of the database: SQLite in the data folder unless one was given."""
        return self.database_url or f"sqlite:///{self.data / 'footlights.db'}"


def read() -> Settings:
    """The settings as they stand outside. Raises Misuse with every one that is wrong."""
    try:
        return Settings()
    except ValidationError as error:
        wrong = "".join(
            f"\n  {'.'.join(map(str, each['loc'])).upper()}: {each['msg'].removeprefix('Value error, ')}"
            for each in error.errors()
        )
        raise Misuse(f"these settings are wrong:{wrong}", hint=_WHERE) from None
    except UnicodeDecodeError:
        raise Misuse(
            "the file .env is not written in UTF-8", hint="Save it in UTF-8, and start again."
        ) from None


def unknown() -> Iterator[str]:
    """In words, what is set under a name of ours that is no setting: a misspelt one would just not count."""
    fields = Settings.model_fields.items()
    names = {str(field.validation_alias or name).upper() for name, field in fields}
    file = Settings.model_config.get("env_file")
    there = {*os.environ, *(dotenv_values(file) if isinstance(file, Path) else ())}
    for name in sorted(each for each in there if each.startswith("FOOTLIGHTS_")):
        if name not in names:
            near = get_close_matches(name, names, n=1, cutoff=0.85)
            yield f"{name} is no setting and is not used{f': {near[0]} is one' if near else ''}."
