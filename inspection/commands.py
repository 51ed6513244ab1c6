"""All commands by name, and how a typed line finds its own."""

import re
from collections.abc import Iterable

from rich.text import Text

from inspection import (
    actors,
    bundle,
    control,
    diagram,
    flow,
    market,
    money,
    operate,
    ownership,
    position,
    travel,
    why,
)
from inspection.arguments import nearest, split
from inspection.command import Answers, Command, Context
from inspection.errors import InspectError
from inspection.view import DIM, View, pairs, stack, title

GROUPS = (
    *(actors, position, why, diagram, money, market, flow, travel, bundle),
    *(operate, ownership, control),
)

COMMANDS: dict[str, Command] = {
    command.name: command for group in GROUPS for command in group.COMMANDS
}
"""In the order in which help tells of them."""

HELP = "help"
_OPTION = re.compile(r"(?<=\[)--?\w+")
"""In a usage: ``[--limit N]``."""


def run(context: Context, line: str) -> Answers:
    """Return what a typed line answers. Raises ``InspectError``; it is not empty."""
    words = split(line)
    name, *rest = words
    if name == HELP:
        return help_on(rest)
    return find(name).run(context, rest)


def find(name: str) -> Command:
    """Return a command. Raises ``InspectError`` that names the nearest."""
    command = COMMANDS.get(name)
    if command is None:
        near = nearest(name, (*COMMANDS, HELP))
        raise InspectError(f"there is no command {name}{near}; help lists them all")
    return command


def completions(context: Context, words: list[str]) -> Iterable[str]:
    """Return what may come after the words that are typed."""
    if not words:
        return (*COMMANDS, HELP)
    if words[0] == HELP:
        return tuple(COMMANDS)
    command = COMMANDS.get(words[0])
    if command is None:
        return ()
    return (*command.complete(context, words[1:]), *_OPTION.findall(command.usage))


def help_on(words: list[str]) -> View:
    """Return help on one command, or on all. Raises ``InspectError``."""
    if words:
        command = find(words[0])
        lines = [f"{command.usage}", f"  {command.help}", *(f"  > {e}" for e in command.examples)]
        return View(Text("\n".join(lines)), {"usage": command.usage, "help": command.help})
    looks = [(one.name, one.help) for one in COMMANDS.values() if not one.operates]
    does = [(one.name, one.help) for one in COMMANDS.values() if one.operates]
    shown = stack(
        title("to look"),
        pairs(looks),
        title("to operate (--operate)"),
        pairs(does),
        Text(
            "\nhelp COMMAND shows examples; --json after a command prints data; exit leaves",
            style=DIM,
        ),
    )
    return View(shown, {one.name: one.help for one in COMMANDS.values()})
