"""Where all threads of this process stand, as text."""

import sys
import threading
import traceback


def all_stacks() -> str:
    """Return every thread's name and stack, the innermost call last."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    return "\n".join(
        f"{names.get(ident, ident)}:\n{''.join(traceback.format_stack(frame))}"
        for ident, frame in sys._current_frames().items()  # noqa: SLF001 - the only way in
    )
