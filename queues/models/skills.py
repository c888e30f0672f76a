"""What calls ask of agents: requirements, the queue's own, and the steps by which they are relaxed."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from agents.models import Skill

from .. import skills
from .configuration import Queue


class Requirement(models.Model):
    """A set of needs, one row for each set that ever was: calls that ask for the same stand in the same line (index
    `call_lane`), which an agent who may not serve them passes over whole."""

    key = models.CharField(max_length=1000, unique=True, help_text="The needs in a fixed form: skill=level*weight.")

    def __str__(self) -> str:
        return self.key


class RequiredSkill(models.Model):
    """One need of a requirement. Never changed; it goes when the skill does, and calls are then no longer asked for it."""

    requirement = models.ForeignKey(Requirement, on_delete=models.CASCADE, related_name="needs", help_text="Part of which set.")
    skill = models.ForeignKey(Skill, on_delete=models.CASCADE, related_name="+", help_text="Which skill.")
    level = models.PositiveSmallIntegerField(help_text="At least at this level, 1 to 5.")
    weight = models.PositiveSmallIntegerField(default=1, help_text="How much it counts where agents are compared.")

    class Meta:
        ordering = ["requirement", "skill__name"]
        constraints = [
            models.UniqueConstraint(fields=["requirement", "skill"], name="required_skill_once"),
            models.CheckConstraint(
                condition=Q(level__range=(skills.LEAST, skills.MOST), weight__range=(1, skills.HEAVIEST)), name="required_skill_bounded"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.skill} {self.level}"


class QueueSkill(models.Model):
    """A need of every call of a queue, unless the call itself names another level of that skill."""

    queue = models.ForeignKey(Queue, on_delete=models.CASCADE, related_name="skills", help_text="Which queue.")
    skill = models.ForeignKey(Skill, on_delete=models.CASCADE, related_name="+", help_text="What the agent must be able to do.")
    minimum_level = models.PositiveSmallIntegerField(
        default=1, validators=[MinValueValidator(skills.LEAST), MaxValueValidator(skills.MOST)], help_text="At least at this level, 1 to 5."
    )
    weight = models.PositiveSmallIntegerField(
        default=1, validators=[MinValueValidator(1), MaxValueValidator(skills.HEAVIEST)],
        help_text="How much this skill counts beside others in the strategy “Best skills”, 1 to 100.",
    )  # fmt: skip

    class Meta:
        ordering = ["queue", "skill__name"]
        verbose_name = "required skill"
        constraints = [
            models.UniqueConstraint(
                fields=["queue", "skill"], name="queue_skill_once",
                violation_error_message="This skill is listed already. Change its level there.",
            ),
            models.CheckConstraint(
                condition=Q(minimum_level__range=(skills.LEAST, skills.MOST), weight__range=(1, skills.HEAVIEST)),
                name="queue_skill_bounded",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.skill} {self.minimum_level}"


class RelaxationStep(models.Model):
    """After so many seconds in the queue less is asked of the agent."""

    queue = models.ForeignKey(Queue, on_delete=models.CASCADE, related_name="relaxation_steps", help_text="Which queue.")
    after_seconds = models.PositiveIntegerField(
        validators=[MinValueValidator(1)], help_text="Seconds that a call has waited. Passed over at once if it would lead to nobody."
    )
    skill = models.ForeignKey(
        Skill, null=True, blank=True, on_delete=models.CASCADE, related_name="+", help_text="Which skill. Empty: every skill."
    )
    minimum_level = models.PositiveSmallIntegerField(
        "level that is enough", default=0, validators=[MaxValueValidator(skills.MOST - 1)],
        help_text="1 to 4. 0: the skill is not asked for any more.",
    )  # fmt: skip

    class Meta:
        ordering = ["queue", "after_seconds"]
        constraints = [
            models.UniqueConstraint(
                fields=["queue", "after_seconds", "skill"], name="relaxation_step_once",
                violation_error_message="There is a step for this skill at this second already.",
            ),
            models.UniqueConstraint(
                fields=["queue", "after_seconds"], condition=Q(skill__isnull=True), name="relaxation_step_of_all_once",
                violation_error_message="There is a step for every skill at this second already.",
            ),
            models.CheckConstraint(
                condition=Q(after_seconds__gte=1, minimum_level__range=(0, skills.MOST - 1)), name="relaxation_step_bounded"
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"after {self.after_seconds} s"

    def as_step(self) -> skills.Step:
        return skills.Step(self.after_seconds, self.skill_id, self.minimum_level)
