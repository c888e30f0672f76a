"""How long things took: the median, and what nine of ten did not exceed. A mean would follow the few that took days."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Aggregate, DurationField, Expression, ExpressionWrapper, F
from django.db.models.expressions import CombinedExpression


class _Percentile(Aggregate):
    function = "PERCENTILE_CONT"
    template = "%(function)s(%(share)s) WITHIN GROUP (ORDER BY %(expressions)s)"


class _Median(_Percentile):
    def __init__(self, expression: Any, **extra: Any) -> None:
        super().__init__(expression, share="0.5", **extra)


class _NineOfTen(_Percentile):
    def __init__(self, expression: Any, **extra: Any) -> None:
        super().__init__(expression, share="0.9", **extra)


@dataclass(frozen=True, slots=True)
class Took:
    """In seconds; None of nothing.

    :ivar median: half took no longer.
    :ivar p90: nine of ten took no longer.
    """

    median: float | None = None
    p90: float | None = None


def between(earlier: str, later: str) -> ExpressionWrapper[CombinedExpression]:
    return ExpressionWrapper(F(later) - F(earlier), output_field=DurationField())


def measures(name: str, of: Expression, **extra: Any) -> dict[str, Any]:
    """Aggregates for `took` to read; rows of which it is not known do not count.

    :param of: a span of time.
    """
    return {f"{name}_median": _Median(of, **extra), f"{name}_p90": _NineOfTen(of, **extra)}


def took(name: str, row: Mapping[str, Any]) -> Took:
    return Took(_seconds(row[f"{name}_median"]), _seconds(row[f"{name}_p90"]))


def _seconds(value: Any) -> float | None:
    return None if value is None else float(value.total_seconds())
