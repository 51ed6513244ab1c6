"""How the process begins and ends: nothing that is left over keeps it alive."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable

import pytest

from verification.sources import ROOT

ENOUGH_SECONDS = 30.0
"""Each of these programs would run for an hour."""


def run(program: str, begin: Callable[[], None] | None = None) -> "subprocess.Popen[str]":
    return subprocess.Popen(  # noqa: S603 - our own Python
        [sys.executable, "-c", program],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        preexec_fn=begin,  # noqa: PLW1509 - it starts no thread
    )


@pytest.mark.parametrize(
    "left_over",
    [
        "threading.Thread(target=time.sleep, args=[3600]).start()",
        "atexit.register(time.sleep, 3600)",
        "concurrent.futures.ThreadPoolExecutor().submit(time.sleep, 3600)",
    ],
)
def test_what_a_user_left_behind_delays_no_end(left_over: str) -> None:
    program = f"""
import atexit, concurrent.futures, threading, time
from session.process import run_to_end

def main():
    {left_over}
    print("done")
    return 7

run_to_end(main)
"""
    process = run(program)
    said, errors = process.communicate(timeout=ENOUGH_SECONDS)
    assert (process.returncode, said, errors) == (7, "done\n", "")


def test_an_exit_handler_runs_if_it_is_quick() -> None:
    program = """
import atexit
from session.process import run_to_end
atexit.register(print, "saved", flush=True)
run_to_end(lambda: 0)
"""
    process = run(program)
    assert process.communicate(timeout=ENOUGH_SECONDS) == ("saved\n", "")


def test_an_error_that_leaves_the_program_is_shown_and_ends_it_with_1() -> None:
    process = run("from session.process import run_to_end\nrun_to_end(lambda: 1 / 0)")
    _, errors = process.communicate(timeout=ENOUGH_SECONDS)
    assert process.returncode == 1
    assert errors.endswith("ZeroDivisionError: division by zero\n")


def ignore() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def block() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})


@pytest.mark.parametrize("begin", [ignore, block])
def test_kill_int_works_though_the_parent_ignores_or_blocks_it(begin: Callable[[], None]) -> None:
    program = """
import time
from session.process import run_to_end

def main():
    try:
        print("waits", flush=True)
        time.sleep(3600)
    except KeyboardInterrupt:
        return 130
    return 0

run_to_end(main)
"""
    process = run(program, begin)
    assert process.stdout is not None
    assert process.stdout.readline() == "waits\n"
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=ENOUGH_SECONDS)
    assert process.returncode == 130


def close() -> None:
    for number in range(3):
        os.close(number)


def test_no_file_gets_the_number_of_a_stream_that_was_closed() -> None:
    program = """
import os, sys
from session.process import run_to_end

def main():
    number = os.open("supervisor.py", os.O_RDONLY)
    return 7 if number > 2 and os.write(1, b"into nothing") else 1

run_to_end(main)
"""
    process = run(program, close)
    process.communicate(timeout=ENOUGH_SECONDS)
    assert process.returncode == 7


def test_a_command_that_does_not_end_in_time_is_ended() -> None:
    program = """
import sys, time
from session.process import end_within, may_end_process, run_to_end

def main():
    with may_end_process():
        end_within(0.1, 9, "failed: too late")
        time.sleep(3600)

run_to_end(main)
"""
    process = run(program)
    _, errors = process.communicate(timeout=ENOUGH_SECONDS)
    assert (process.returncode, errors) == (9, "failed: too late\n")


def test_where_no_thread_can_be_started_the_end_goes_its_way_within_its_time() -> None:
    program = """
import sys, threading, time
from session.process import end_within, may_end_process, run_to_end

def start(thread):
    raise RuntimeError("can't start new thread")

def main():
    threading.Thread.start = start
    with may_end_process():
        end_within(0.5, 9, "failed: too late")
        print("protections are placed", flush=True)
        time.sleep(3600)

run_to_end(main)
"""
    process = run(program)
    said, _ = process.communicate(timeout=ENOUGH_SECONDS)
    assert (process.returncode, said) == (-signal.SIGALRM, "protections are placed\n")
