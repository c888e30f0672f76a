"""The prompts that come with the product, spoken by the speech engine until somebody records them.

All have words in English and German; those around a voicemail message in French and Spanish too.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any, NamedTuple

from callcenter.core.usage import Usage

from ..languages import NO_WORDS

if TYPE_CHECKING:
    from django.apps.registry import Apps


class Words(NamedTuple):
    name: str
    en: str
    de: str
    fr: str = ""
    es: str = ""

    def texts(self) -> dict[str, str]:
        """By language, English first."""
        return {tag: text for tag, text in zip(self._fields[1:], self[1:], strict=True) if text}


BEEP = "beep"

GENERAL: dict[str, Words] = {
    "please-wait": Words("Please wait", "One moment, please.", "Einen Moment bitte."),
    "thank-you": Words("Thank you", "Thank you.", "Vielen Dank."),
    "goodbye": Words(
        "Goodbye",
        "Thank you for calling. Goodbye.",
        "Vielen Dank für Ihren Anruf. Auf Wiederhören.",
        "Merci de votre appel. Au revoir.",
        "Gracias por su llamada. Adiós.",
    ),
    "welcome": Words("Welcome", "Welcome.", "Herzlich willkommen."),
    "transferring": Words("Transferring", "We are connecting you.", "Wir verbinden Sie."),
    "sorry-error": Words(
        "Something went wrong",
        "We are sorry, something went wrong. Please call again.",
        "Es ist leider ein Fehler aufgetreten. Bitte rufen Sie noch einmal an.",
    ),
    "recorded-notice": Words(
        "This call may be recorded",
        "This call may be recorded to improve our service.",
        "Dieses Gespräch kann zur Verbesserung unseres Service aufgezeichnet werden.",
    ),
    "closed": Words(
        "Closed",
        "We are closed at the moment. Please call again later.",
        "Wir sind zurzeit nicht erreichbar. Bitte rufen Sie später wieder an.",
    ),
    "agent-unavailable": Words(
        "Person not available", "The person you are calling is not available.", "Ihr Gesprächspartner ist zurzeit nicht erreichbar."
    ),
}

MENUS: dict[str, Words] = {
    "invalid-choice": Words("Invalid choice", "This is not a valid choice.", "Diese Auswahl gibt es nicht."),
    "no-input": Words("No input", "We did not receive your choice.", "Wir haben keine Eingabe erhalten."),
    "try-again": Words("Try again", "Please try again.", "Bitte versuchen Sie es noch einmal."),
    "too-many-attempts": Words("Too many attempts", "We are sorry, that did not work.", "Das hat leider nicht geklappt."),
    "enter-number": Words(
        "Enter a number",
        "Please enter the number, followed by the hash key.",
        "Bitte geben Sie die Nummer ein und schließen Sie mit der Rautetaste ab.",
    ),
    "enter-pin": Words(
        "Enter the PIN",
        "Please enter your PIN, followed by the hash key.",
        "Bitte geben Sie Ihre PIN ein und schließen Sie mit der Rautetaste ab.",
    ),
    "wrong-pin": Words("Wrong PIN", "This PIN is not correct.", "Diese PIN ist nicht richtig."),
    "you-entered": Words("You entered", "You entered:", "Ihre Eingabe:"),
    "confirm": Words(
        "Confirm",
        "If this is correct, press 1. To change it, press 2.",
        "Wenn das richtig ist, drücken Sie die 1. Zum Ändern drücken Sie die 2.",
    ),
    "press-star": Words("Press star", "Press star.", "Drücken Sie die Sterntaste."),
    "press-hash": Words("Press hash", "Press the hash key.", "Drücken Sie die Rautetaste."),
    **{f"press-{digit}": Words(f"Press {digit}", f"Press {digit}.", f"Drücken Sie die {digit}.") for digit in range(10)},
}

QUEUES: dict[str, Words] = {
    "all-busy": Words(
        "All agents busy",
        "All our agents are busy. Please hold the line.",
        "Alle unsere Mitarbeiter sind im Gespräch. Bitte bleiben Sie am Apparat.",
    ),
    "still-waiting": Words(
        "Still waiting", "Thank you for waiting. We will be with you soon.", "Vielen Dank für Ihre Geduld. Wir sind gleich für Sie da."
    ),
    "queue-full": Words(
        "Queue is full",
        "We are sorry, too many callers are waiting. Please call again later.",
        "Zurzeit warten leider zu viele Anrufer. Bitte rufen Sie später wieder an.",
    ),
    "nobody-available": Words(
        "Nobody available",
        "We are sorry, nobody can take your call now. Please call again later.",
        "Leider kann Ihren Anruf zurzeit niemand entgegennehmen. Bitte rufen Sie später wieder an.",
    ),
    "position-next": Words("Next in line", "You are next in line.", "Sie sind als Nächstes an der Reihe."),
    "position-before": Words("Place in line, before the number", "You are number", "Sie sind auf Platz"),
    "position-after": Words("Place in line, after the number", "in line.", "der Warteschlange."),
    "wait-soon": Words(
        "Wait below a minute",
        "The estimated wait is less than one minute.",
        "Die voraussichtliche Wartezeit beträgt weniger als eine Minute.",
    ),
    "wait-minute": Words(
        "Wait of a minute", "The estimated wait is about one minute.", "Die voraussichtliche Wartezeit beträgt etwa eine Minute."
    ),
    "wait-about": Words("Wait, before the number", "The estimated wait is about", "Die voraussichtliche Wartezeit beträgt etwa"),
    "wait-between": Words("Wait, before the lower number", "The estimated wait is between", "Die voraussichtliche Wartezeit beträgt"),
    "wait-and": Words("Wait, between the numbers", "and", "bis"),
    "wait-minutes": Words("Wait, after the number", "minutes.", "Minuten."),
}

CALLBACKS: dict[str, Words] = {
    "callback-offer": Words(
        "Callback offer",
        "If you would like us to call you back, press 1. You keep your place in line.",
        "Wenn wir Sie zurückrufen sollen, drücken Sie die 1. Sie behalten Ihren Platz.",
    ),
    "callback-number": Words(
        "Callback to this number?",
        "To be called back at the number you are calling from, press 1. For another number, press 2.",
        "Für einen Rückruf unter der Nummer, von der Sie anrufen, drücken Sie die 1. Für eine andere Nummer drücken Sie die 2.",
    ),
    "callback-enter": Words(
        "Callback, enter the number",
        "Please enter the number at which we can reach you, followed by the hash key.",
        "Bitte geben Sie die Nummer ein, unter der wir Sie erreichen, und schließen Sie mit der Rautetaste ab.",
    ),
    "callback-refused": Words(
        "Callback, not to this number",
        "We are sorry, this number cannot be called back.",
        "Diese Nummer können wir leider nicht zurückrufen.",
    ),
    "callback-at": Words("Callback, before the number", "We will call you back at", "Wir rufen Sie zurück unter"),
    "callback-place-kept": Words(
        "Callback, the place is kept",
        "Thank you. You keep your place in line. We will call you back. Goodbye.",
        "Vielen Dank. Sie behalten Ihren Platz, und wir rufen Sie zurück. Auf Wiederhören.",
    ),
    "callback-to-keep-place": Words(
        "Callback in line, before the key",
        "To be called back and keep your place in line,",
        "Für einen Rückruf, bei dem Sie Ihren Platz behalten,",
    ),
    "callback-booked": Words("Callback booked", "Thank you. We will call you back.", "Vielen Dank. Wir rufen Sie zurück."),
    "callback-greeting": Words(
        "Callback greeting", "This is the call back that you asked for.", "Hier ist der Rückruf, um den Sie gebeten haben."
    ),
    "callback-when": Words(
        "Callback, when?",
        "To be called back as soon as it is your turn, press 1. To choose a time, press 2.",
        "Wenn wir Sie zurückrufen sollen, sobald Sie an der Reihe sind, drücken Sie die 1. Um eine Zeit zu wählen, drücken Sie die 2.",
    ),
    "callback-wait-on": Words("Callback, wait on", "To keep waiting, press star.", "Um weiter zu warten, drücken Sie die Sterntaste."),
    "callback-later": Words("Callback, later times", "For later times, press 8.", "Für spätere Zeiten drücken Sie die 8."),
    "callback-other-day": Words("Callback, another day", "For another day, press 9.", "Für einen anderen Tag drücken Sie die 9."),
    "callback-repeat": Words(
        "Callback, repeat or back",
        "To hear this again, press 0. To go back, press star.",
        "Um dies noch einmal zu hören, drücken Sie die 0. Zurück kommen Sie mit der Sterntaste.",
    ),
    "callback-no-times": Words(
        "Callback, no time is free", "We are sorry, no time is free at present.", "Zurzeit ist leider keine Zeit mehr frei."
    ),
    "callback-taken": Words(
        "Callback, time was taken",
        "We are sorry, this time has just been taken. Please choose another one.",
        "Diese Zeit ist leider gerade vergeben worden. Bitte wählen Sie eine andere.",
    ),
    "callback-for-a-call": Words("Choice of a time, before the time", "For a call", "Für einen Rückruf"),
    "callback-promised": Words("Callback promised, before the time", "Thank you. We will call you back", "Vielen Dank. Ihr Rückruf kommt"),
}

_WEEKDAYS = (
    ("Monday", "Montag"), ("Tuesday", "Dienstag"), ("Wednesday", "Mittwoch"), ("Thursday", "Donnerstag"), ("Friday", "Freitag"),
    ("Saturday", "Samstag"), ("Sunday", "Sonntag"),
)  # fmt: skip

TIMES: dict[str, Words] = {
    "time-today": Words("Today", "today", "heute"),
    "time-tomorrow": Words("Tomorrow", "tomorrow", "morgen"),
    **{f"time-weekday-{number}": Words(f"On {en}", f"on {en}", f"am {de}") for number, (en, de) in enumerate(_WEEKDAYS, 1)},
    "time-between": Words("Between two times", "between", "zwischen"),
    "time-and": Words("And, between two times", "and", "und"),
    "time-oclock": Words("O'clock, after the hour (German)", "o'clock", "Uhr"),
    "time-one": Words("One o'clock, the hour (German)", "one", "ein"),
    "time-oh": Words("Oh, before minutes below ten (English)", "oh", "null"),
    "time-am": Words("Before noon (English)", "a.m.", "vormittags"),
    "time-pm": Words("After noon (English)", "p.m.", "nachmittags"),
    "time-noon": Words("Noon (English)", "noon", "Mittag"),
    "time-midnight": Words("Midnight (English)", "midnight", "Mitternacht"),
}

VOICEMAIL: dict[str, Words] = {
    "voicemail-greeting": Words(
        "Voicemail greeting",
        "Nobody can take your call now. Please leave a message.",
        "Zurzeit kann niemand Ihren Anruf entgegennehmen. Bitte hinterlassen Sie eine Nachricht.",
    ),
    "record-after-tone": Words(
        "Record after the tone",
        "Please speak after the tone. When you have finished, press the hash key.",
        "Bitte sprechen Sie nach dem Signalton. Wenn Sie fertig sind, drücken Sie die Rautetaste.",
        "Veuillez parler après le signal sonore. Pour terminer, appuyez sur la touche dièse.",
        "Por favor, hable después de la señal. Para terminar, pulse la tecla almohadilla.",
    ),
    "message-saved": Words(
        "Message saved",
        "Your message has been saved.",
        "Ihre Nachricht wurde gespeichert.",
        "Votre message est enregistré.",
        "Su mensaje ha quedado guardado.",
    ),
    "message-too-short": Words(
        "Message too short",
        "Your message was too short.",
        "Ihre Nachricht war zu kurz.",
        "Votre message était trop court.",
        "Su mensaje ha sido demasiado corto.",
    ),
    "message-review": Words(
        "Message: hear, again or keep",
        "To hear your message, press 1. To record it again, press 2. To keep it, press 3, or hang up.",
        "Um Ihre Nachricht anzuhören, drücken Sie die 1. Um sie neu aufzunehmen, die 2. Zum Behalten die 3, oder legen Sie auf.",
        "Pour écouter votre message, tapez 1. Pour le réenregistrer, tapez 2. Pour le garder, tapez 3 ou raccrochez.",
        "Para escuchar su mensaje, pulse 1. Para grabarlo de nuevo, pulse 2. Para guardarlo, pulse 3 o cuelgue.",
    ),
    "recording-failed": Words(
        "Cannot be recorded",
        "We are sorry, nothing can be recorded now. Please call again later.",
        "Leider kann jetzt nichts aufgenommen werden. Bitte rufen Sie später wieder an.",
        "Désolés, aucun enregistrement n'est possible pour le moment. Veuillez rappeler plus tard.",
        "Lo sentimos, ahora no se puede grabar nada. Por favor, llame más tarde.",
    ),
    "record-review": Words(
        "Hear, keep or again",
        "To hear your recording, press 1. To record it again, press 2. To keep it, press 3.",
        "Zum Anhören drücken Sie die 1. Zum erneuten Aufnehmen drücken Sie die 2. Zum Behalten drücken Sie die 3.",
    ),
    "record-code": Words("Recording by phone, code", "Please enter the recording code.", "Bitte geben Sie den Aufnahmecode ein."),
    "record-kept": Words("Recording kept", "Your recording is in use now.", "Ihre Aufnahme wird ab jetzt verwendet."),
}

_EN = "zero one two three four five six seven eight nine ten "
_EN += "eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty"
_DE = "null eins zwei drei vier fünf sechs sieben acht neun zehn "
_DE += "elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn achtzehn neunzehn zwanzig"
_TENS_EN = "thirty forty fifty sixty seventy eighty ninety"
_TENS_DE = "dreißig vierzig fünfzig sechzig siebzig achtzig neunzig"
_JOINED = "einund zweiund dreiund vierund fünfund sechsund siebenund achtund neunund"


def _numbers() -> dict[str, Words]:
    found = dict(enumerate(zip(_EN.split(), _DE.split(), strict=True)))
    found |= {30 + 10 * step: pair for step, pair in enumerate(zip(_TENS_EN.split(), _TENS_DE.split(), strict=True))}
    numbers = {f"number-{number}": Words(f"Number {number}", en, de) for number, (en, de) in found.items()}
    joined = {
        f"number-and-{unit}": Words(f"Number …{unit}, joined to the tens (German)", f"{_EN.split()[unit]} and", de)
        for unit, de in enumerate(_JOINED.split(), 1)
    }
    high = {"number-hundred": Words("Hundred", "hundred", "hundert"), "number-thousand": Words("Thousand", "thousand", "tausend")}
    return numbers | joined | high


PROMPTS: dict[str, Words] = GENERAL | MENUS | QUEUES | CALLBACKS | TIMES | VOICEMAIL | _numbers()


def install(apps: Apps, schema_editor: Any = None) -> int:
    """Create what is missing and leave alone what is there; returns how many prompts were new.

    Works in a migration as well: it makes rows only. Their sound is made at the first need, or by `manage.py prompts`.
    """
    Prompt = apps.get_model("ivr", "Prompt")
    known = set(Prompt.objects.values_list("slug", flat=True))
    new = {slug: words for slug, words in PROMPTS.items() if slug not in known}
    rows = [Prompt(slug=slug, name=words.name, language="en", text=words.en, system=True) for slug, words in new.items()]
    if BEEP not in known:
        rows.append(Prompt(slug=BEEP, name="Beep", language=NO_WORDS, system=True, description="The tone after which callers speak."))
    for prompt in Prompt.objects.bulk_create(rows):
        texts = new[prompt.slug].texts() if prompt.slug in new else {NO_WORDS: BEEP}
        _say(apps, prompt, texts, source="speech" if prompt.slug in new else "computed")
    return len(rows)


def install_languages(apps: Apps, tags: Collection[str]) -> None:
    """Give the prompts that are there the words of languages that came later; what was said in them before stays."""
    Prompt = apps.get_model("ivr", "Prompt")
    for prompt in Prompt.objects.filter(slug__in=PROMPTS, system=True).prefetch_related("recordings"):
        had = {recording.language for recording in prompt.recordings.all()}
        texts = PROMPTS[prompt.slug].texts()
        _say(apps, prompt, {tag: text for tag, text in texts.items() if tag in tags and tag not in had}, source="speech")


def _say(apps: Apps, prompt: Any, texts: dict[str, str], *, source: str) -> None:
    Recording = apps.get_model("ivr", "Recording")
    Recording.objects.bulk_create(
        Recording(prompt=prompt, language=tag, source=source, text=text, made_by="system:install") for tag, text in texts.items()
    )


def usages(slugs: Collection[str]) -> dict[str, list[Usage]]:
    """The product itself uses its prompts."""
    return {slug: [Usage("The product")] for slug in slugs if slug in PROMPTS or slug == BEEP}
