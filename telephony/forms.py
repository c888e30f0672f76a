"""Forms of the admin."""

from __future__ import annotations

from typing import Any

from django import forms

from callcenter.core.adminbase import PasswordInput

from .models import Trunk


class TrunkForm(forms.ModelForm):
    password = forms.CharField(
        required=False,
        widget=PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="For digest authentication. Only a hash is kept, so it can be set but never read. Empty: stays as it is.",
    )

    class Meta:
        model = Trunk
        fields = ("name", "active", "addresses", "username", "max_calls")

    def clean(self) -> dict[str, Any] | None:
        found = super().clean() or self.cleaned_data
        username, password = found.get("username"), found.get("password")
        if password and not username:
            self.add_error("username", "A password needs a user name. Give both, or neither for a trunk known by its addresses.")
        renamed = bool(username) and (not self.instance.ha1_md5 or "username" in self.changed_data)
        if renamed and not password:
            self.add_error("password", f"Give the password of “{username}”: it is stored hashed together with the user name.")
        return found
