from django.apps import AppConfig


class IvrConfig(AppConfig):
    name = "ivr"
    verbose_name = "IVR"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from callcenter.core.naming import name_with

        from . import checks  # noqa: F401 (registers them)
        from .models import Prompt
        from .prompts import flows, system, users

        name_with("prompt", lambda ids: dict(Prompt.objects.filter(pk__in=ids).values_list("pk", "name")))
        users.register("system", system.usages)
        users.register("flows", flows.usages)
