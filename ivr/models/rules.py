"""Rules that several flows share: conditions in order, each with a result."""

from __future__ import annotations

from django.db import models

from ..validation import check_condition


class Rule(models.Model):
    """Flows name it and keep its result in a variable. It is read when a caller comes to the step, as opening hours are: what is
    changed counts from then on, also for callers who are in the flow already but not yet there."""

    name = models.CharField(max_length=80, unique=True, help_text="What people call the rule, such as “Kind of customer”.")
    slug = models.SlugField(unique=True, help_text="Stable name that flows use.")
    otherwise = models.CharField(
        "result if none holds", max_length=80, blank=True, help_text="Such as normal. Empty: the variable is an empty text then."
    )

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class RuleCase(models.Model):
    """One condition of a rule. The first that holds gives the result; one about what a call does not have does not hold."""

    rule = models.ForeignKey(Rule, on_delete=models.CASCADE, related_name="cases", help_text="Of which rule.")
    position = models.PositiveIntegerField(default=0, help_text="Conditions are asked in this order, lowest first.")
    when = models.CharField(
        "condition", max_length=1000, validators=[check_condition],
        help_text="An expression, such as caller.priority > 5 && time.hour < 12. It sees what every expression of a flow sees.",
    )  # fmt: skip
    result = models.CharField(max_length=80, help_text="What the variable becomes, such as gold.")

    class Meta:
        ordering = ["rule", "position", "id"]
        verbose_name = "condition"

    def __str__(self) -> str:
        return f"{self.when} → {self.result}"
