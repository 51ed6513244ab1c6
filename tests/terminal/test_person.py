"""The question to the person at the terminal."""

import os
import pty
import subprocess
import sys

from terminal.person import typed_by
from verification.sources import ROOT

_INTERRUPTED_ELSEWHERE = """
import os, signal, threading
from terminal.person import read_line, typed_by

def interrupt():
    # As a signal that came just before the read: the main thread's system call does not end by it.
    signal.pthread_kill(threading.get_ident(), signal.SIGINT)

threading.Timer(0.5, interrupt).start()
try:
    typed_by(read_line)
except KeyboardInterrupt:
    os._exit(130)
os._exit(1)
"""


def test_a_ctrl_c_that_ends_no_system_call_ends_the_question() -> None:
    ours, theirs = pty.openpty()
    try:
        done = subprocess.run(  # noqa: S603 - this file's own program
            [sys.executable, "-c", _INTERRUPTED_ELSEWHERE],
            stdin=theirs,
            cwd=ROOT,
            timeout=60,
            check=False,
        )
    finally:
        os.close(ours)
        os.close(theirs)
    assert done.returncode == 130


def test_the_answer_has_no_spaces_around_it_and_an_input_that_ended_is_none() -> None:
    def ended() -> str:
        raise EOFError

    assert typed_by(lambda: "  yes ") == "yes"
    assert typed_by(ended) == ""
