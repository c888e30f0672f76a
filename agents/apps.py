from django.apps import AppConfig


class AgentsConfig(AppConfig):
    name = "agents"
    verbose_name = "Agents"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from callcenter.core.naming import name_with

        from .models import Agent

        name_with("agent", lambda ids: dict(Agent.objects.filter(pk__in=ids).values_list("pk", "name")))
