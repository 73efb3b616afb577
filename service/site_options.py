"""What a site wants of the protocols that others speak, in a few named options."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

Language = Annotated[str, Field(pattern=r"^[a-z]{2}$")]


class SiteOptions(BaseModel):
    """All options of a site; each has a default that is safe everywhere."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    hold_as: Literal["spam", "ham", "pending"] = Field(
        "spam", description="What an Akismet client is told of a held comment; pending is for WordPress."
    )
    discard_above: Annotated[float, Field(ge=0.5, le=1, strict=True)] | None = Field(
        0.998,
        description="A rejected comment with at least this spam score may be dropped for good by an Akismet client; "
        "null: none.",
    )
    language: Language = Field(
        "en", description="What a text is taken for whose language is not plain, when Perspective's protocol asks."
    )
    coral_body: Literal["html", "text"] = Field("html", description="How Coral's moderation phase sends comments.")
    coral_approve: Literal["none", "approved"] = Field(
        "none", description="What Coral is told of an approved comment: go on with your own rules, or publish it."
    )


DEFAULT_OPTIONS: Final = SiteOptions()


class OptionError(ValueError):
    """An option cannot be set so; the message says why in one sentence."""


def read_options(stored: Mapping[str, Any]) -> SiteOptions:
    """What is stored of a site's options; what this version of Sluice does not know is as if it were not there."""
    try:
        return SiteOptions(**stored)
    except ValidationError as error:
        odd = {item["loc"][0] for item in error.errors(include_url=False, include_input=False)}
        return read_options({name: value for name, value in stored.items() if name not in odd})


def changed(stored: Mapping[str, Any], assignments: Mapping[str, str]) -> dict[str, Any]:
    """Stored options after ``name=value`` assignments as they are typed; an empty value brings the default back.

    Raises:
        OptionError.
    """
    result = dict(stored)
    for name, written in assignments.items():
        if name not in SiteOptions.model_fields:
            raise OptionError(f"There is no option {name}; there are {', '.join(SiteOptions.model_fields)}.")
        result.pop(name, None)
        if written:
            result[name] = _typed(name, written)
            try:
                SiteOptions(**{name: result[name]})
            except ValidationError as error:
                raise OptionError(f"{name} cannot be {written}: {error.errors()[0]['msg']}.") from None
    return result


def _typed(name: str, written: str) -> str | float | None:
    if name != "discard_above":
        return written
    if written == "none":
        return None
    try:
        return float(written)
    except ValueError:
        raise OptionError(f"{name} must be a number from 0.5 to 1, or none.") from None
