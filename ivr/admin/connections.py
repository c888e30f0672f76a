"""Admin of the web services that flows may ask."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString

from callcenter.core import adminbase, sealed
from callcenter.core.words import chip

from ..models import WebConnection


class WebConnectionForm(forms.ModelForm):
    new_secret = forms.CharField(
        label="secret", required=False, max_length=2000, widget=adminbase.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="What the header carries, such as “Bearer …”. It is stored encrypted and never shown again. Empty: stays as it is.",
    )  # fmt: skip

    class Meta:
        model = WebConnection
        fields = ("name", "slug", "base_url", "header", "internal")


@admin.register(WebConnection)
class WebConnectionAdmin(adminbase.KeptWhileNamed, adminbase.ModelAdmin):
    named_as = "connection"
    form = WebConnectionForm
    list_display = ("name", "slug", "base_url", "header", "secret_chip")
    search_fields = ("name", "slug", "base_url")
    prepopulated_fields = {"slug": ("name",)}
    fieldsets = (
        (None, {"fields": (("name", "slug"), "base_url", "internal")}),
        (
            "What opens the door",
            {"fields": (("header", "new_secret"),), "description": "Sent with every question, and only to this address."},
        ),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Who may lead questions into the own network is a matter of the installation, not of a flow."""
        return () if request.user.is_superuser else ("internal",)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if secret := form.cleaned_data.get("new_secret"):
            obj.secret = sealed.seal(secret)
            form.changed_data.append("secret")
        super().save_model(request, obj, form, change)

    @admin.display(description="secret")
    def secret_chip(self, connection: WebConnection) -> SafeString:
        return chip("Stored", "green") if connection.secret else chip("None", "grey")
