"""Why something cannot be done with a prompt."""

from __future__ import annotations

from callcenter.core.errors import NotFound, Refusal


class NoSuchPrompt(NotFound):
    """There is no such prompt, or not any more."""

    code = "no_such_prompt"


class NoSuchRecording(NotFound):
    """There is no such recording, or not any more."""

    code = "no_such_recording"


class NotALanguage(Refusal):
    """This is no language. Write it like en, de or de-AT."""

    code = "not_a_language"
    status = 422


class PromptInUse(Refusal):
    """The prompt is in use. Let those who use it play another one first."""

    code = "prompt_in_use"


class SystemPrompt(Refusal):
    """The prompt comes with the product and is needed by it. Record it anew instead."""

    code = "system_prompt"


class NoSuchCode(NotFound):
    """The code is wrong, was used, or has expired. Ask for a new one on the page of the prompt."""

    code = "no_such_code"
