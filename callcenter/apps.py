from django.apps import AppConfig


class CallcenterConfig(AppConfig):
    """The composition root as an app: it has no tables, only checks and tasks."""

    name = "callcenter"
    verbose_name = "Contact center"

    def ready(self) -> None:
        from . import checks  # noqa: F401 (registers them)
