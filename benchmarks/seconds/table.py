"""Rounds to rows: median and worst of each figure for each program, beside the goal."""

from collections.abc import Iterable, Mapping, Sequence
from statistics import median

import msgspec

from benchmarks.seconds.situations import Figure, Situation

NEVER = "never"


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of one round."""

    program: str
    situation: str
    number: int
    figures: tuple[float | None, ...]
    """In the order of the situation's; None: the event that ends it never came."""
    window_seconds: float
    """The receive window of the request that failed."""
    load: float
    """The machine's load average at its end."""
    troubles: tuple[str, ...] = ()


def table(
    situations: Iterable[Situation],
    programs: Sequence[str],
    results: Mapping[tuple[str, str], Sequence[Result]],
    judged: str,
) -> str:
    """Return the rows as Markdown. ``results`` is by program and situation's key.

    ``judged`` names the program that the goals are for.
    """
    lines = [
        "| situation | " + " | ".join(programs) + " | goal | |",
        "| --- |" + " --- |" * (len(programs) + 2),
    ]
    for situation in situations:
        for place, figure in enumerate(situation.figures):
            of_programs = [results.get((name, situation.key), ()) for name in programs]
            cells = [spread(place, of_one) for of_one in of_programs]
            verdict = _verdict(figure, place, results.get((judged, situation.key), ()))
            lines.append(f"| {' | '.join([figure.title, *cells, goal_text(figure), verdict])} |")
    return "\n".join(lines)


def spread(place: int, results: Sequence[Result]) -> str:
    """Return median and worst of a figure; a round without one is worse than any."""
    if not results:
        return "–"
    values = [found for one in results if (found := one.figures[place]) is not None]
    missing = len(results) - len(values)
    middle = f"{median(values):.2f}" if values else NEVER
    worst = f"{NEVER} in {missing} of {len(results)}" if missing else f"{max(values):.2f}"
    return f"{middle} / {worst}" if values else worst


def is_met(figure: Figure, place: int, results: Sequence[Result]) -> bool | None:
    """Return whether every round met the goal; None: there is none, or no round."""
    if figure.goal is None or not results:
        return None
    found = [(one.figures[place], one.window_seconds) for one in results]
    return all(
        value is not None and value <= figure.goal + (window if figure.beyond_window else 0)
        for value, window in found
    )


def goal_text(figure: Figure) -> str:
    """Return a figure's goal in a few letters."""
    if figure.goal is None:
        return ""
    return f"≤ {figure.goal:g}" + (" + window" if figure.beyond_window else "")


def _verdict(figure: Figure, place: int, results: Sequence[Result]) -> str:
    met = is_met(figure, place, results)
    return "" if met is None else ("met" if met else "**missed**")
