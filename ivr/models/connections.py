"""Web services that flows may ask, with what opens their doors."""

from __future__ import annotations

from django.core.validators import RegexValidator
from django.db import models

header_format = RegexValidator(r"^[A-Za-z0-9-]{1,60}$", "A header's name has letters, digits and - only, such as Authorization.")
base_format = RegexValidator(r"^https?://[^/\s@?#]+(/[^\s?#]*)?$", "An address such as https://crm.example.org/api, without user, ? or #.")


class WebConnection(models.Model):
    """Flows name it and add a path; they never see the secret, nor can they lead it to another host."""

    name = models.CharField(max_length=80, unique=True, help_text="What people call the service.")
    slug = models.SlugField(unique=True, help_text="Stable name that flows use.")
    base_url = models.CharField(max_length=200, validators=[base_format], help_text="Where it is: https://crm.example.org/api.")
    header = models.CharField(
        max_length=60, default="Authorization", validators=[header_format], help_text="The header that carries the secret."
    )
    secret = models.TextField(blank=True, editable=False, help_text="Encrypted with a key made of SECRET_KEY.")
    internal = models.BooleanField(
        default=False, help_text="It is inside the own network. Off: only addresses on the Internet are asked. Superusers only."
    )

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
