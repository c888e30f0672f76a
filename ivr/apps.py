from django.apps import AppConfig


class IvrConfig(AppConfig):
    name = "ivr"
    verbose_name = "IVR"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from callcenter.core import usage
        from callcenter.core.naming import name_with

        from . import checks, references, rules  # noqa: F401 (checks registers its own)
        from .models import Prompt
        from .prompts import system

        name_with("prompt", lambda ids: dict(Prompt.objects.filter(pk__in=ids).values_list("pk", "name")))
        usage.register("prompt", "system", system.usages)
        references.register()
        usage.register("queue", "rules", rules.usages)
