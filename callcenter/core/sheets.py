"""The base of everything that goes out to a spreadsheet and comes back."""

from __future__ import annotations

from typing import Any

from import_export import resources


class Sheet(resources.ModelResource):
    def do_instance_save(self, instance: Any, is_create: bool) -> None:
        """Write only the columns of the sheet: calls may have changed the rest of the row since it was read."""
        if is_create:
            return super().do_instance_save(instance, is_create)
        concrete = {field.name for field in instance._meta.concrete_fields if not field.primary_key}
        columns = {field.attribute for field in self.get_import_fields()}
        return instance.save(update_fields=sorted(concrete & columns))
