"""Forms of the admin: an agent with log-in and phone password in one go."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password

from callcenter.core.adminbase import PasswordInput, TextInput

from .models import Agent

SIP_PASSWORD_LEAST = 8


class AgentForm(forms.ModelForm):
    sip_password = forms.CharField(
        label="SIP password",
        required=False,
        widget=PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="For the agent's phone. Only a hash is kept, so it can be set but never read. Empty: stays as it is.",
    )

    class Meta:
        model = Agent
        fields = (
            "name", "extension", "team", "active", "sip_username", "max_concurrent_calls", "max_misses", "ready_when_registered",
        )  # fmt: skip

    def clean_sip_password(self) -> str:
        password: str = self.cleaned_data["sip_password"]
        if password and len(password) < SIP_PASSWORD_LEAST:
            raise forms.ValidationError(
                f"{len(password)} characters are too few: SIP passwords are guessed from the network all day long. "
                f"Take {SIP_PASSWORD_LEAST} at least, or use “New SIP password”, which makes a strong one."
            )
        return password

    def clean_max_concurrent_calls(self) -> int:
        most: int = self.cleaned_data["max_concurrent_calls"]
        if self.instance.pk and most < self.instance.open_calls:
            raise forms.ValidationError(
                f"{self.instance} has {self.instance.open_calls} calls at this moment. Try again when they are over."
            )
        return most

    def clean(self) -> dict[str, Any] | None:
        found = super().clean() or self.cleaned_data
        renamed = self.instance.pk and "sip_username" in self.changed_data
        if renamed and not found.get("sip_password"):
            self.add_error(
                "sip_password",
                "The password is stored hashed together with the SIP user name, and that has changed. Enter a password, "
                "and set up the phone with both.",
            )
        return found


class NewAgentForm(AgentForm):
    username = forms.CharField(
        max_length=40,
        widget=TextInput(attrs={"autocomplete": "off"}),
        label="Log-in name",
        help_text="Of the agent panel. A user of this name who is no agent yet becomes this agent; otherwise a user is made.",
    )
    password = forms.CharField(
        label="Log-in password",
        required=False,
        widget=PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="For a new user. The agent can change it after logging in.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["sip_password"].help_text = "For the agent's phone. Empty: a strong one is made and shown once after saving."
        self.fields["sip_username"].required = False
        self.fields["sip_username"].help_text = "User name that the phone registers with. Empty: the log-in name."

    def clean_username(self) -> str:
        username: str = self.cleaned_data["username"].strip()
        taken = Agent.objects.filter(user__username=username).first()
        if taken:
            raise forms.ValidationError(f"“{username}” is the log-in of {taken} already. Choose another log-in name.")
        User._meta.get_field("username").run_validators(username)
        return username

    def clean(self) -> dict[str, Any] | None:
        found = super().clean() or self.cleaned_data
        username = found.get("username", "")
        found["sip_username"] = self.instance.sip_username = found.get("sip_username") or username
        if username and not User.objects.filter(username=username).exists():
            self._check_password(found.get("password", ""), username)
        return found

    def _check_password(self, password: str, username: str) -> None:
        if not password:
            return self.add_error("password", f"“{username}” is a new user: give a password to log in with.")
        try:
            validate_password(password, User(username=username))
        except forms.ValidationError as error:
            self.add_error("password", error)
