from django.apps import AppConfig, apps


class CoreConfig(AppConfig):
    name = "callcenter.core"
    label = "core"
    verbose_name = "System"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.contrib.auth.models import User

        from .naming import name_with

        # The edge runs with half of the apps; it writes no configuration that could be audited.
        if apps.is_installed("auditlog"):
            from . import audit

            audit.register()
        name_with("user", lambda ids: {user.pk: user.get_full_name() or user.username for user in User.objects.filter(pk__in=ids)})
