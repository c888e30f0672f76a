from django.apps import AppConfig


class QueuesConfig(AppConfig):
    name = "queues"
    verbose_name = "Queues"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from callcenter.core.naming import name_with

        from .models import Queue, VoicemailBox

        name_with("queue", lambda ids: dict(Queue.objects.filter(pk__in=ids).values_list("pk", "name")))
        name_with("box", lambda ids: dict(VoicemailBox.objects.filter(pk__in=ids).values_list("pk", "name")))
