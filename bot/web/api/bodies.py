"""What clients send: one model for each body. The document shows these, and nothing else reads a body."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from bot.i18n import _

_SIZE = r"^(auto|[1-9]\d{0,3}(x[1-9]\d{0,3}|:[1-9]\d{0,3}( (512|[124]K))?))$"
_MOST_IN_A_BATCH = 20
_OF_STYLE = _("Words that are added to the prompt, by their name; null adds none.")


def _upper(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def _whole(value: object) -> object:
    """JSON has one kind of number: 2.0 is as whole as 2."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Prompt = Annotated[
    str,
    Field(
        min_length=1, max_length=32_000, description=_("What to draw, in words; some of them visible."),
        json_schema_extra={"format": "visible-text", "examples": ["A mountain lake at sunrise"]},
    ),
]  # fmt: skip
_OF_PICTURE = _("A picture to start from: PNG, JPEG, WebP or GIF, at most 25 MB.")
Address = Annotated[
    str, Field(min_length=8, max_length=2000, json_schema_extra={"format": "uri", "pattern": "^https?://"})
]
Count = Annotated[int, Field(ge=1, le=4, description=_("How many pictures.")), BeforeValidator(_whole)]
Size = Annotated[
    str,
    Field(
        pattern=_SIZE,
        description=_(
            "Width by height in pixels, a ratio (`16:9`, `16:9 2K`) or `auto`. A size that the model lacks "
            "becomes the nearest that it has; the result states the real one."
        ),
        examples=["512x512", "1024x1024", "1792x1024"],
    ),
]
Format = Annotated[Literal["PNG", "JPEG", "WEBP"], BeforeValidator(_upper)]
Quality = Annotated[Literal["standard", "high", "ultra", "low", "medium", "auto"], BeforeValidator(_lower)]
Style = Annotated[str, Field(min_length=1, max_length=60)]
Name = Annotated[str, Field(min_length=1, max_length=120)]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Wish(Body):
    model: Annotated[
        Name | None, Field(description=_("A model's id; absent: the default one of the key's account."))
    ] = None
    provider: Annotated[Name | None, Field(description=_("The default model of this provider."))] = None
    num_images: Count = 1
    format: Annotated[
        Format | None,
        Field(description=_("Absent: PNG where the model has it, else what it makes. Others are converted.")),
    ] = None
    seed: Annotated[
        Annotated[int, Field(ge=0, le=4_294_967_294)] | None,
        BeforeValidator(_whole),
        Field(description=_("The same seed and words draw the same.")),
    ] = None
    negative_prompt: Annotated[
        str | None, Field(max_length=2000, description=_("What must not be seen."))
    ] = None
    webhook_url: Annotated[Address | None, Field(description=_("Told when the job has ended."))] = None
    webhook_progress: Annotated[bool, Field(description=_("Told of its progress as well."))] = False


class GenerateBody(_Wish):
    """Pictures from words, or from words and a picture."""

    prompt: Prompt
    input_image_url: Annotated[Address | None, Field(description=_OF_PICTURE)] = None
    size: Size = "1024x1024"
    style: Annotated[Style | None, Field(description=_OF_STYLE)] = "photorealistic"
    quality: Quality | None = "high"


class EditBody(_Wish):
    """A picture changed as the words say. Multipart: the picture as `image`, and perhaps a `mask`."""

    prompt: Prompt
    input_image_url: Annotated[Address | None, Field(description=_OF_PICTURE)] = None
    size: Size = "auto"
    style: Annotated[Style | None, Field(description=_OF_STYLE)] = None
    quality: Quality | None = None


class VariationsBody(_Wish):
    """Pictures like this one. Multipart: the picture as `image`."""

    prompt: Annotated[str, Field(max_length=32_000)] = ""
    input_image_url: Annotated[Address | None, Field(description=_OF_PICTURE)] = None
    strength: Annotated[float | None, Field(ge=0.0, le=1.0, description=_("0 keeps, 1 changes all."))] = None
    size: Size = "auto"
    style: Annotated[Style | None, Field(description=_OF_STYLE)] = None
    quality: Quality | None = None


class BatchBody(Body):
    """Several jobs at once; each is accepted or refused for itself."""

    requests: Annotated[list[GenerateBody], Field(min_length=1, max_length=_MOST_IN_A_BATCH)]


class ImageBody(Body):
    """One picture, waited for."""

    prompt: Prompt
    provider: Annotated[
        Name | None, Field(description=_("Whose default model draws; absent: the default."))
    ] = None
    style: Annotated[Style | None, Field(description=_OF_STYLE)] = "realistic"
    size: Size = "1024x1024"


Status = Literal["PENDING", "INITIALIZING", "GENERATING", "SAVING", "COMPLETED", "FAILED", "CANCELLED"]


class Told(BaseModel):
    model_config = ConfigDict(frozen=True)


class JobAnswer(Told):
    job_id: str
    status: Status
    message: str


class RefusedAnswer(Told):
    status: Literal["REFUSED"]
    code: str
    message: str
    errors: list[str]


class BatchAnswer(Told):
    jobs: Annotated[
        list[JobAnswer | RefusedAnswer], Field(description=_("One for each request, in their order."))
    ]


class StatusAnswer(JobAnswer):
    progress: Annotated[int, Field(ge=0, le=100, description=_("Percent, between pictures an estimate."))]
    created_at: str
    updated_at: str
    errors: Annotated[list[str] | None, Field(description=_("Only where something failed."))] = None


class Picture(Told):
    file_path: Annotated[
        str, Field(description=_("Where the earlier system kept it; the path of its address."))
    ]
    url: Annotated[str, Field(description=_("Good for a day, for whoever has it."))]
    description: str
    format: str
    size_bytes: int
    dimensions: str


class Metadata(Told):
    model_name: str
    version: str
    generation_time_seconds: float
    input_tokens: Annotated[int, Field(description=_("An estimate from the words: about four letters each."))]
    output_size_bytes: int
    timestamp: str


class ResultAnswer(JobAnswer):
    images: list[Picture] | None = None
    metadata: Metadata | None = None
    errors: list[str] | None = None
    progress: int | None = None
    created_at: str | None = None
    updated_at: str | None = None


class ImageAnswer(Told):
    job_id: str
    url: str
    local_path: str
    prompt: str
    provider: str
    model: str
    cost: Annotated[float, Field(description=_("Dollars."))]


class ProviderEntry(Told):
    provider: str
    name: str
    status: str
    setting: Annotated[
        str | None, Field(description=_("What the owner has to set where a key is missing."))
    ] = None
    models: list[str]


class ProvidersAnswer(Told):
    providers: list[ProviderEntry]


class HealthAnswer(Told):
    status: Literal["healthy", "unhealthy"]
    features: dict[str, bool]


class FieldProblem(Told):
    field: str
    message: str


class ProblemAnswer(Told):
    __doc__ = _("RFC 9457, with `message` and `errors` beside it.")

    type: str
    title: str
    status: int
    code: str
    detail: str
    message: str
    errors: list[str]
    fields: list[FieldProblem] | None = None


class HookData(Told):
    job_id: str
    images: list[Picture]
    metadata: Metadata
    status: Literal["COMPLETED"]
    generated_at: str
    errors: Annotated[list[str] | None, Field(description=_("Why pictures are missing, where some are."))] = (
        None
    )


class CompletedHook(Told):
    __doc__ = _("A job has ended with pictures.")

    job_id: str
    status: Literal["completed"]
    timestamp: str
    environment: str
    data: HookData


class FailedHook(Told):
    __doc__ = _("A job has ended without.")

    job_id: str
    status: Literal["failed"]
    timestamp: str
    environment: str
    error_message: Annotated[str, Field(description=_("Why."))]
    message: str


class ProgressHook(Told):
    __doc__ = _("A job goes on; only where `webhook_progress` asked for it, and never sent twice.")

    job_id: str
    status: Literal["generating"]
    timestamp: str
    progress: Annotated[int, Field(ge=0, le=100, description=_("Percent."))]
    message: str


HOOKS: tuple[type[BaseModel], ...] = (CompletedHook, FailedHook, ProgressHook)
BODIES: tuple[type[BaseModel], ...] = (GenerateBody, EditBody, VariationsBody, BatchBody, ImageBody)
ANSWERS: tuple[type[BaseModel], ...] = (
    JobAnswer, StatusAnswer, ResultAnswer, BatchAnswer, ImageAnswer, ProvidersAnswer, HealthAnswer, ProblemAnswer,
)  # fmt: skip


def as_json(answer: BaseModel) -> dict[str, Any]:
    return answer.model_dump(exclude_none=True)
