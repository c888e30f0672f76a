from django.apps import AppConfig


class QueuesConfig(AppConfig):
    name = "queues"
    verbose_name = "Queues"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from callcenter.core import usage
        from callcenter.core.naming import name_with

        from . import ways
        from .models import Queue, Schedule, VoicemailBox
        from .voicemail.way import ToVoicemail, usages

        name_with("queue", lambda ids: dict(Queue.objects.filter(pk__in=ids).values_list("pk", "name")))
        name_with("schedule", lambda ids: dict(Schedule.objects.filter(pk__in=ids).values_list("pk", "name")))
        name_with("box", lambda ids: dict(VoicemailBox.objects.filter(pk__in=ids).values_list("pk", "name")))
        ways.register(ToVoicemail())
        usage.register("mailbox", "queues", usages)
