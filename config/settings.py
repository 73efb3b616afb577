"""Typed, frozen settings: defaults.toml < the operator's file < environment < the command line.

``load()`` reports every problem at once and nobody else reads the environment.
"""

from __future__ import annotations

import difflib
import ipaddress
import os
import re
import secrets
import tomllib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from config.paths import socket_path

DEFAULTS_FILE: Final = Path(__file__).with_name("defaults.toml")
PREFIX: Final = "SLUICE_"
# Read by other parts than Settings: the operator's file, and the test suite's own switches.
NOT_SETTINGS: Final = ("SLUICE_CONFIG", "SLUICE_TEST_")

_GRANT: Final = re.compile(r".+=(?:viewer|trainee|moderator|admin)(?:@.+)?")

Port = Annotated[int, Field(ge=0, le=65_535)]
Days = Annotated[int, Field(ge=0, le=36_500)]
Count = Annotated[int, Field(ge=1, le=1_000_000)]


class SettingsError(Exception):
    """The settings cannot be used; the message lists every problem, a line each."""


class Settings(BaseSettings):
    """All settings; ``config/defaults.toml`` documents each one."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid", validate_default=True)

    data_dir: Path
    database_url: str
    redis_url: str
    secret_key: str = Field(repr=False)
    host: str
    port: Port
    public_url: str
    web_processes: Annotated[int, Field(ge=1, le=64)]
    web_threads: Annotated[int, Field(ge=2, le=1024)]
    trusted_proxies: Annotated[tuple[str, ...], NoDecode]
    wait_max_seconds: Annotated[int, Field(ge=0, le=30)]
    protocol_wait_seconds: Annotated[float, Field(gt=0, le=10)]
    metrics_token: str = Field(repr=False)
    write_rate_per_second: Count
    write_burst: Count
    read_rate_per_second: Count
    read_burst: Count
    auth_failures_per_minute: Count
    session_idle_minutes: Annotated[int, Field(ge=5, le=525_600)]
    session_days: Annotated[int, Field(ge=1, le=365)]
    sign_in_failures_per_minute: Count
    oidc_issuer: str
    oidc_client_id: str
    oidc_client_secret: str = Field(repr=False)
    oidc_label: Annotated[str, Field(max_length=60)]
    oidc_scopes: Annotated[tuple[str, ...], NoDecode]
    oidc_roles_claim: str
    oidc_roles: Annotated[tuple[str, ...], NoDecode]
    oidc_match_email: bool
    workers: Annotated[int, Field(ge=1, le=64)]
    decision_deadline_seconds: Annotated[int, Field(ge=1, le=86_400)]
    upkeep_seconds: Annotated[float, Field(gt=0, le=60)]
    webhook_timeout_seconds: Annotated[float, Field(ge=1, le=30)]
    webhook_ports: Annotated[tuple[str, ...], NoDecode]
    webhook_allowed_networks: Annotated[tuple[str, ...], NoDecode]
    webhook_plain_http: bool
    retention_email_days: Days
    retention_ip_days: Days
    retention_user_agent_days: Days
    retention_referrer_days: Days
    retention_backup_days: Days
    retention_webhook_days: Days
    log_level: Literal["debug", "info", "warning", "error"]
    log_format: Literal["console", "json"]

    @field_validator(
        "trusted_proxies", "oidc_scopes", "oidc_roles", "webhook_ports", "webhook_allowed_networks", mode="before"
    )
    @classmethod
    def _split_commas(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("trusted_proxies", "webhook_allowed_networks")
    @classmethod
    def _are_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for network in value:
            ipaddress.ip_network(network, strict=False)
        return value

    @field_validator("oidc_roles")
    @classmethod
    def _are_grants(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for grant in value:
            if not _GRANT.fullmatch(grant):
                msg = "must be like value=role or value=role@site, with viewer, trainee, moderator or admin as role"
                raise ValueError(msg)
        return value

    @field_validator("oidc_issuer")
    @classmethod
    def _is_issuer(cls, value: str) -> str:
        if value and not value.startswith(("https://", "http://")):
            msg = "must be empty or the provider's address, https://…"
            raise ValueError(msg)
        return value

    @field_validator("webhook_ports", mode="after")
    @classmethod
    def _are_ports(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for ports in value:
            first, dash, last = ports.partition("-")
            numbers = [first, last] if dash else [first]
            plain = all(number.isascii() and number.isdigit() for number in numbers)
            if not plain or not 1 <= int(numbers[0]) <= int(numbers[-1]) <= 65_535:
                msg = "must be ports or ranges of ports, such as 443 and 8000-8999"
                raise ValueError(msg)
        return value

    @field_validator("data_dir")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().resolve()

    @field_validator("database_url")
    @classmethod
    def _with_driver(cls, value: str) -> str:
        if not value:
            return value
        scheme, separator, rest = value.partition("://")
        if scheme not in {"postgresql", "postgres", "postgresql+psycopg"} or not separator:
            msg = "must be empty (SQLite in the data folder) or start with postgresql://"
            raise ValueError(msg)
        return f"postgresql+psycopg://{rest}"

    @field_validator("redis_url")
    @classmethod
    def _is_redis(cls, value: str) -> str:
        if value and not value.startswith(("redis://", "rediss://", "unix://")):
            msg = "must be empty (Redis started by sluice up) or start with redis://, rediss:// or unix://"
            raise ValueError(msg)
        return value

    @field_validator("secret_key")
    @classmethod
    def _long_enough(cls, value: str) -> str:
        if value and len(value) < 32:
            msg = "must have at least 32 characters"
            raise ValueError(msg)
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the signature is pydantic-settings'
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """``load`` merges the sources itself, so that the file may be found through the environment."""
        return init_settings, env_settings

    @property
    def embedded_redis(self) -> bool:
        """Whether `sluice up` starts Redis itself."""
        return not self.redis_url

    @property
    def redis_address(self) -> str:
        """URL for the Redis client."""
        return self.redis_url or f"unix://{socket_path(self.data_dir)}"

    @property
    def database_address(self) -> str:
        """URL for SQLAlchemy."""
        return self.database_url or f"sqlite:///{self.data_dir / 'sluice.db'}"

    @property
    def models_dir(self) -> Path:
        """Where trained models of this installation live."""
        return self.data_dir / "models"

    @property
    def embedded_secret(self) -> bool:
        """Whether the secret is made and kept by us, in ``secret_file``."""
        return not (self.secret_key or self.database_url or self.redis_url)

    @property
    def secret_file(self) -> Path:
        """Where an embedded secret is kept."""
        return self.data_dir / "secret.key"

    @property
    def secret(self) -> bytes:
        """The key that hashes and signs; made on first use when everything is embedded.

        Raises:
            SettingsError: database or Redis is outside and SLUICE_SECRET_KEY is not set.
        """
        if self.secret_key:
            return self.secret_key.encode()
        if self.database_url or self.redis_url:
            raise SettingsError(
                "secret_key: set SLUICE_SECRET_KEY (32 characters or more, the same on every host) when "
                "SLUICE_DATABASE_URL or SLUICE_REDIS_URL is set."
            )
        return _secret_from_file(self.secret_file)


def load(overrides: Mapping[str, Any] | None = None, environ: Mapping[str, str] = os.environ) -> Settings:
    """Read all settings; ``overrides`` (the command line's options) win, ``None`` values in them do not count.

    Raises:
        SettingsError: with every problem found, a line each.
    """
    given = {key: value for key, value in (overrides or {}).items() if value is not None}
    file_values, file_name = _operator_file(given, environ)
    values = tomllib.loads(DEFAULTS_FILE.read_text(encoding="utf-8")) | file_values
    problems = _unknown(file_values, file_name) + _unknown_environment(environ)
    from_environment = {key.removeprefix(PREFIX).lower(): value for key, value in environ.items() if _is_setting(key)}
    merged = {**values, **from_environment, **given}
    try:
        settings = Settings(**{key: value for key, value in merged.items() if key in Settings.model_fields})
    except ValidationError as error:
        problems += [
            f"{'.'.join(str(part) for part in item['loc'])}: {item['msg'].removeprefix('Value error, ')}"
            for item in error.errors(include_input=False)
        ]
        raise SettingsError("\n".join(problems)) from None
    if problems:
        raise SettingsError("\n".join(problems))
    return settings


def _operator_file(given: Mapping[str, Any], environ: Mapping[str, str]) -> tuple[dict[str, Any], str]:
    named = environ.get(f"{PREFIX}CONFIG")
    data_dir = given.get("data_dir") or environ.get(f"{PREFIX}DATA_DIR") or "data"
    path = Path(named) if named else Path(data_dir).expanduser() / "sluice.toml"
    try:
        return tomllib.loads(path.read_text(encoding="utf-8")), str(path)
    except FileNotFoundError:
        if named:
            raise SettingsError(f"SLUICE_CONFIG: there is no file {path}.") from None
        return {}, str(path)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path}: cannot be read: {error}.") from None


def _is_setting(variable: str) -> bool:
    return variable.startswith(PREFIX) and variable.removeprefix(PREFIX).lower() in Settings.model_fields


def _unknown_environment(environ: Mapping[str, str]) -> list[str]:
    names = [name for name in environ if name.startswith(PREFIX) and not name.startswith(NOT_SETTINGS)]
    return _unknown({name.removeprefix(PREFIX).lower(): None for name in names}, "environment")


def _unknown(values: Mapping[str, object], where: str) -> list[str]:
    problems = []
    for key in values:
        if key not in Settings.model_fields:
            close = difflib.get_close_matches(key, Settings.model_fields, n=1)
            hint = f" Did you mean {close[0]}?" if close else ""
            problems.append(f"{key}: there is no such setting ({where}).{hint}")
    return problems


@lru_cache
def _secret_from_file(path: Path) -> bytes:
    """Read the secret, making it first if it is not there; two processes at once agree on one."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(48))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)  # fails if another process was first, so the file is never seen half written
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_bytes().strip()
