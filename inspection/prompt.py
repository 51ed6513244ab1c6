"""The prompt: lines are read with history and completion, run, and their answers printed.

Owns the terminal. Ctrl-C cancels the line, or what a command is doing; Ctrl-D leaves. A session
that goes away is said plainly, and its journal answers from then on.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.history import FileHistory
from prompt_toolkit.patch_stdout import patch_stdout
from rich.console import Console

from inspection.command import Context
from inspection.commands import completions
from inspection.errors import InspectError, NoJournalError, NoSessionError
from inspection.execution import run_line
from inspection.recorded import recorded
from inspection.recorded_source import Past
from messages.border import printable

HISTORY_NAME = "inspect_history"
_LEAVE = {"exit", "quit"}


class Words(Completer):
    """Completes commands, and what a command says may come after its name."""

    def __init__(self, context: Context) -> None:
        """Complete for what is looked into."""
        self._context = context

    def get_completions(
        self,
        document: Document,
        complete_event: CompleteEvent,  # noqa: ARG002 - prompt_toolkit's
    ) -> Iterator[Completion]:
        """Yield what the word before the cursor may become; nothing while nobody answers."""
        before = document.text_before_cursor
        words = before.split()
        begun = "" if not words or before[-1:].isspace() else words.pop()
        try:
            known = completions(self._context, words)
        except InspectError:
            return
        for word in _fitting(known, begun):
            yield Completion(word, start_position=-len(begun))


class History(FileHistory):
    """What was typed, kept in a file as long as it can be written: a full disk ends no prompt."""

    def store_string(self, string: str) -> None:
        """Keep a line for the next time."""
        with suppress(OSError):
            super().store_string(string)


class Prompt:
    """One person at a terminal."""

    def __init__(self, context: Context, out: Console, history: Path, *, operates: bool) -> None:
        """Read lines with the history of earlier times. Raises ``OSError``."""
        self._context, self._out, self._operates = context, out, operates
        self._session: PromptSession[str] = PromptSession(
            history=History(str(_private(history))),
            completer=Words(context),
            complete_while_typing=False,
            enable_open_in_editor=False,
            bottom_toolbar=self._toolbar,
        )

    def run(self) -> None:
        """Read and run lines until the person leaves."""
        while True:
            try:
                with patch_stdout():
                    line = self._session.prompt(self._prompt()).strip()
            except KeyboardInterrupt:
                continue  # the line is canceled
            except EOFError:
                return
            if line in _LEAVE:
                return
            if line:
                self._run(line)

    def _run(self, line: str) -> None:
        self._context.width = self._out.width
        try:
            run_line(self._context, line, self._out)
        except KeyboardInterrupt:
            self._out.print("stopped")
        except NoJournalError as error:
            self._out.print(f"error: {printable(error)}", style="red")
        except NoSessionError as error:
            self._out.print(f"error: {printable(error)}", style="red")
            self._stay_offline()
        except InspectError as error:
            self._out.print(f"error: {printable(error)}", style="red")

    def _stay_offline(self) -> None:
        """Go on with the journal of a session that went away."""
        context = self._context
        source = context.now or context.source
        if not source.is_live:
            return
        folder = source.folder
        source.close()
        if context.following is not None:
            context.following.close()
        try:
            past = Past(recorded(folder))
        except InspectError as error:
            text = f"error: its journal can't be read either: {printable(error)}"
            self._out.print(text, style="red")
            return
        context.source, context.now, context.following = past, None, None
        context.operating = None
        text = f"from here on its journal answers: record {past.sequence:,} is the last durable one"
        self._out.print(text, style="yellow")

    def _prompt(self) -> FormattedText:
        source = self._context.source
        name = source.folder.resolve().name
        if isinstance(source, Past):
            is_past = self._context.now is not None or not source.is_last
            where = f" at {source.sequence}" if is_past else " over"
            return FormattedText([("", name), ("ansiyellow", where), ("", "> ")])
        mode = " operate" if self._operates else ""
        return FormattedText([("", name), ("ansired", mode), ("", "> ")])

    def _toolbar(self) -> str:
        return " Tab completes · help · Ctrl-C cancels · Ctrl-D leaves"


def history_path(folder: Path) -> Path:
    """Return where typed lines are kept, in the folder of state."""
    return folder / HISTORY_NAME


def _private(path: Path) -> Path:
    """Return a file that its owner alone may read, made if it is not there. Raises ``OSError``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    path.chmod(0o600)
    return path


def _fitting(known: Iterable[str], begun: str) -> Iterator[str]:
    """Yield what begins as typed; of ``position/p3`` also by ``p3``."""
    small = begun.lower()
    for word in known:
        if word.lower().startswith(small) or (small and f"/{small}" in word.lower()):
            yield word
