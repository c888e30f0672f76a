"""Views of the prompt's page: recordings come in, sounds go out. What is refused is told as JSON, so that the page keeps what was typed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from callcenter.core import audio as sounds
from callcenter.core import soundfiles
from callcenter.core.adminbase import actor_of
from callcenter.core.errors import Refusal

from .. import languages, speech
from ..models import Prompt, Recording, Source
from ..prompts import phone, services
from ..prompts.files import Sounding, playable

if TYPE_CHECKING:
    from .prompts import PromptAdmin


class NothingChosen(Refusal):
    """Choose a file first."""

    code = "no_file"
    status = 422


def recordings(admin: PromptAdmin, request: HttpRequest, prompt_id: int) -> HttpResponse:
    """POST: `do` one of `DEEDS` to the prompt in `language`."""
    prompt = _prompt(admin, request, prompt_id, change=True)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    try:
        done = DEEDS[request.POST.get("do", "")](request, prompt)
    except KeyError as error:
        raise Http404("No such deed.") from error
    except Refusal as refusal:
        return _refused(request, prompt, refusal)
    return _done(request, prompt, done)


def _upload(request: HttpRequest, prompt: Prompt, source: str = Source.UPLOAD) -> str:
    file = request.FILES.get("file")
    if file is None:
        raise NothingChosen(field="file")
    given = {"source": source, "text": request.POST.get("text", ""), "actor": actor_of(request)}
    try:
        services.record(prompt.pk, request.POST.get("language", ""), file.file, file.name or "", **given)  # type: ignore[arg-type]
    except sounds.Unusable as refusal:
        refusal.field = "file"
        raise
    return "Callers hear the recording from now on. Calls in progress hear the old one to its end."


def _record(request: HttpRequest, prompt: Prompt) -> str:
    return _upload(request, prompt, Source.BROWSER)


def _speak(request: HttpRequest, prompt: Prompt) -> str:
    try:
        services.speak(prompt.pk, request.POST.get("language", ""), request.POST.get("text", ""), actor=actor_of(request))
    except speech.SpeechError as refusal:
        refusal.field = "text"
        raise
    return "Callers hear the text spoken from now on."


def _phone(request: HttpRequest, prompt: Prompt) -> str:
    tag = request.POST.get("language", "")
    code = phone.start_recording(prompt, tag, actor=actor_of(request))
    minutes = round(phone.VALID_FOR.total_seconds() / 60)
    return f"Recording code {code}: call the number for recordings within {minutes} minutes and enter it. It is not shown again."


def _remove(request: HttpRequest, prompt: Prompt) -> str:
    services.remove(prompt.pk, request.POST.get("language", ""), actor=actor_of(request))
    return "Removed. It can be restored for 30 days."


def _restore(request: HttpRequest, prompt: Prompt) -> str:
    chosen = request.POST.get("recording", "")
    if not chosen.isdigit() or not prompt.recordings.filter(pk=chosen).exists():
        raise Http404("No such recording.")
    services.restore(int(chosen), actor=actor_of(request))
    return "Callers hear the earlier recording again."


DEEDS: dict[str, Callable[[HttpRequest, Prompt], str]] = {
    "upload": _upload, "browser": _record, "speak": _speak, "phone": _phone, "remove": _remove, "restore": _restore,
}  # fmt: skip


def _wants_json(request: HttpRequest) -> bool:
    return request.headers.get("Accept") == "application/json"


def _refused(request: HttpRequest, prompt: Prompt, refusal: Refusal) -> HttpResponse:
    if _wants_json(request):
        return JsonResponse(refusal.as_dict(), status=refusal.status)
    messages.error(request, f"{refusal.field.capitalize()}: {refusal.detail}" if refusal.field else refusal.detail)
    return HttpResponseRedirect(_page(prompt))


def _done(request: HttpRequest, prompt: Prompt, said: str) -> HttpResponse:
    messages.success(request, said)
    return JsonResponse({"url": _page(prompt)}) if _wants_json(request) else HttpResponseRedirect(_page(prompt))


def _page(prompt: Prompt) -> str:
    return reverse("admin:ivr_prompt_change", args=[prompt.pk])


def recorder(admin: PromptAdmin, request: HttpRequest, prompt_id: int) -> HttpResponse:
    """The page that records with the microphone of the browser."""
    prompt = _prompt(admin, request, prompt_id, change=True)
    try:
        tag = languages.normal(request.GET.get("language") or prompt.language)
    except ValueError as error:
        messages.error(request, f"Language: {error}")
        return HttpResponseRedirect(_page(prompt))
    present = prompt.recordings.filter(language=tag, retired_at=None).first()
    context: dict[str, Any] = {
        **admin.admin_site.each_context(request),
        "title": f"Record “{prompt}”",
        "opts": admin.model._meta,
        "media": admin.media,
        "prompt": prompt,
        "tag": tag,
        "language": languages.label(tag),
        "text": present.text if present and present.source != Source.COMPUTED else prompt.text if tag == prompt.language else "",
        "longest": round(sounds.PROMPT_SECONDS),
    }
    return TemplateResponse(request, "admin/ivr/prompt/record.html", context)


def preview(admin: PromptAdmin, request: HttpRequest) -> HttpResponse:
    """POST: a text as it would be spoken. Nothing is stored."""
    if not admin.has_view_permission(request):
        raise PermissionDenied
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    try:
        tag = services.language_of(request.POST.get("language", ""))
        sound = speech.synthesise(speech.check_length(request.POST.get("text", "")), tag)
    except Refusal as refusal:
        return JsonResponse({**refusal.as_dict(), "field": refusal.field or "text"}, status=refusal.status)
    return HttpResponse(sound.wav(soundfiles.WIDEBAND_RATE), content_type="audio/wav")


def audio(admin: PromptAdmin, request: HttpRequest, recording_id: int) -> FileResponse:
    """A recording as callers hear it, in the better of the two rates."""
    row = _recording(admin, request, recording_id)
    try:
        path = playable(Sounding(row.language, row.source, row.text, row.digest, row.original.name or ""), soundfiles.WIDEBAND_RATE)
    except (Refusal, OSError, KeyError) as error:
        raise Http404("Its sound cannot be had.") from error
    return FileResponse(path.open("rb"), content_type="audio/wav")


def original(admin: PromptAdmin, request: HttpRequest, recording_id: int) -> FileResponse:
    """The file as it came, to be kept elsewhere or worked on."""
    row = _recording(admin, request, recording_id)
    try:
        return FileResponse(row.original.open("rb"), as_attachment=True, filename=PurePath(row.original_name).name or "recording")
    except (ValueError, OSError) as error:
        raise Http404("There is no such file.") from error


def _prompt(admin: PromptAdmin, request: HttpRequest, prompt_id: int, *, change: bool) -> Prompt:
    prompt = Prompt.objects.filter(pk=prompt_id).first()
    if prompt is None:
        raise Http404("There is no such prompt.")
    if change and not admin.has_change_permission(request, prompt):
        raise PermissionDenied
    return prompt


def _recording(admin: PromptAdmin, request: HttpRequest, recording_id: int) -> Recording:
    if not admin.has_view_permission(request):
        raise PermissionDenied
    found = Recording.objects.filter(pk=recording_id).first()
    if found is None:
        raise Http404("There is no such recording.")
    return found
