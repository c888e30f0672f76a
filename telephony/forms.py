"""Forms of the admin."""

from __future__ import annotations

from typing import Any

from django import forms

from callcenter.core.adminbase import PasswordInput

from .models import Trunk

HAVE_DEFAULTS = ("port", "max_outgoing", "max_outgoing_per_hour")


class TrunkForm(forms.ModelForm):
    password = forms.CharField(
        required=False,
        widget=PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="For digest authentication. Only a hash is kept, so it can be set but never read. Empty: stays as it is.",
    )

    auth_password = forms.CharField(
        required=False,
        widget=PasswordInput(attrs={"autocomplete": "new-password"}),
        label="Password there",
        help_text="What the provider wants proved when we call. Kept encrypted, so it can be set but never read. Empty: stays as it is.",
    )

    class Meta:
        model = Trunk
        fields = (
            "name", "active", "addresses", "username", "max_calls", "host", "port", "auth_username", "registers", "domain", "caller_id",
            "allowed_prefixes", "premium_allowed", "max_outgoing", "max_outgoing_per_hour",
        )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in self.fields.keys() & set(HAVE_DEFAULTS):  # none of them for those who only look
            self.fields[name].required = False  # of no concern for a trunk that only sends us calls

    def clean(self) -> dict[str, Any] | None:
        found = super().clean() or self.cleaned_data
        for name in HAVE_DEFAULTS:
            if name not in self.errors and found.get(name) is None:
                found[name] = getattr(Trunk(), name)
        username, password = found.get("username"), found.get("password")
        if password and not username:
            self.add_error("username", "A password needs a user name. Give both, or neither for a trunk known by its addresses.")
        if found.get("auth_password") and not found.get("auth_username"):
            self.add_error("auth_username", "A password needs a user name. Give both, or neither for a provider that knows our address.")
        if found.get("auth_username") and not (found.get("auth_password") or self.instance.auth_secret):
            self.add_error("auth_password", "Give the password that belongs to this user name.")
        renamed = bool(username) and (not self.instance.ha1_md5 or "username" in self.changed_data)
        if renamed and not password:
            self.add_error("password", f"Give the password of “{username}”: it is stored hashed together with the user name.")
        return found
