"""Each misconfiguration is named once, by its id; a sound configuration by none."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.checks import run_checks
from pytest_django.fixtures import Settings

from ivr.speech import SpeechError

SOUND: dict[str, Any] = {
    "BIND_ADDRESS": "127.0.0.1",
    "SIP_PUBLIC_ADDRESS": "",
    "HTTP_PORT": 8000,
    "SIP_PORT": 5060,
    "RTP_PORT_MIN": 20000,
    "RTP_PORT_MAX": 29999,
    "IDLE_PROCESSES": 8,
    "MAX_CALL_PROCESSES": 300,
    "SECRET_KEY": "k" * 50,
    "REDIS_URL": "redis://127.0.0.1/0",
    "SESSION_EXPIRES_SECONDS": 600,
    "DEBUG": False,
    "DEMO": False,
}


def ids(settings: Settings, **changes: Any) -> set[str]:
    for name, value in {**SOUND, **changes}.items():
        setattr(settings, name, value)
    found = {str(message.id) for message in run_checks(include_deployment_checks=True)}
    return {name for name in found if name.startswith("callcenter.")}


def test_a_sound_configuration_has_no_message(settings: Settings) -> None:
    assert ids(settings) == set()


@pytest.mark.parametrize(
    ("expected", "changes"),
    [
        ("E001", {"BIND_ADDRESS": "localhost"}),
        ("E001", {"BIND_ADDRESS": "::1"}),
        ("E001", {"BIND_ADDRESS": "::"}),
        ("E001", {"BIND_ADDRESS": ""}),
        ("E002", {"HTTP_PORT": 0}),
        ("E002", {"SIP_PORT": 65536}),
        ("E003", {"RTP_PORT_MIN": 30000}),
        ("E003", {"SIP_PORT": 20000}),
        ("E004", {"IDLE_PROCESSES": 301}),
        ("E004", {"IDLE_PROCESSES": 0}),
        ("E005", {"SECRET_KEY": "k" * 49}),
        ("E006", {"REDIS_URL": "localhost:6379"}),
        ("E007", {"SESSION_EXPIRES_SECONDS": 89}),
        ("E008", {"BIND_ADDRESS": "0.0.0.0"}),
        ("E008", {"BIND_ADDRESS": "0.0.0.0", "SIP_PUBLIC_ADDRESS": "0.0.0.0"}),
        ("E009", {"SIP_PUBLIC_ADDRESS": "192.0.2.1:5060"}),
        ("E009", {"SIP_PUBLIC_ADDRESS": "calls.example.org"}),
        ("E009", {"SIP_PUBLIC_ADDRESS": "2001:db8::1"}),
        ("W001", {"BIND_ADDRESS": "192.168.1.5", "DEBUG": True}),
        ("W002", {"BIND_ADDRESS": "192.168.1.5", "DEMO": True}),
        ("W003", {"BIND_ADDRESS": "0.0.0.0", "SIP_PUBLIC_ADDRESS": "8.8.8.8"}),
        ("W005", {"RTP_PORT_MAX": 22391}),
    ],
)
def test_a_misconfiguration_is_named(settings: Settings, expected: str, changes: dict[str, Any]) -> None:
    assert ids(settings, **changes) == {f"callcenter.{expected}"}


@pytest.mark.parametrize("changes", [{"RTP_PORT_MAX": 22399}, {"SESSION_EXPIRES_SECONDS": 90}, {"REDIS_URL": "unix:///run/redis.sock"}])
def test_the_limits_themselves_are_allowed(settings: Settings, changes: dict[str, Any]) -> None:
    assert ids(settings, **changes) == set()


def speech_faults(settings: Settings, engine: str) -> set[str]:
    settings.SPEECH_ENGINE = engine
    return {str(message.id) for message in run_checks(include_deployment_checks=True) if str(message.id).startswith("ivr.")}


@pytest.mark.parametrize(
    ("engine", "faults"),
    [
        ("ivr.speech.espeak.Engine", set()),
        ("nowhere.Engine", {"ivr.E001"}),
        ("ivr.speech.espeak.Nobody", {"ivr.E001"}),
        ("tests.unit.test_checks.Dumb", {"ivr.E001"}),
        ("tests.unit.test_checks.Mute", {"ivr.E002"}),
    ],
)
def test_a_speech_engine_that_does_not_work_is_named(settings: Settings, engine: str, faults: set[str]) -> None:
    assert speech_faults(settings, engine) == faults


class Dumb:
    name = "dumb"


class Mute:
    name, version = "mute", "1"

    def speaks(self, language: str) -> bool:
        return False

    def speak(self, text: str, language: str) -> None:
        raise SpeechError
