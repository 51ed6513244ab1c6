"""Keys stay out of what others can read of this process: environment, children, dumps.

``ps e`` and ``/proc/PID/environ`` show the memory in which a process got its environment, so that
deleting a variable is not enough there: its text is overwritten too. A process that is not dumpable
leaves no core, gives its memory and environment to no other process of the same user, and can't be
attached to: a debugger of the same user needs ``live.attachable``. Stack dumps by SIGUSR1 come from
within and go on.
"""

import ctypes
import os
import resource
from collections.abc import Iterable

from exchange.keys import SLOTS, variable_names
from exchange.profiles.profile import Profile
from exchange.profiles.registry import PROFILES

_PR_SET_DUMPABLE = 4


def hide_secrets(profile: Profile, *, is_attachable: bool = False) -> None:
    """Take every exchange's keys out of the environment, and leave no core from now on.

    Call it once the keys are read, before the first child is started.
    """
    profiles = [profile, *PROFILES.values()]
    erase_variables(
        name for one in profiles for slot in SLOTS for name in variable_names(one, slot).values()
    )
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if not is_attachable:
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def erase_variables(names: Iterable[str]) -> None:
    """Overwrite the text of variables where the process got it, and delete them."""
    getenv = ctypes.CDLL(None).getenv
    getenv.restype = ctypes.c_void_p
    for name in set(names) & set(os.environ):
        where = getenv(name.encode())
        if where:
            ctypes.memset(where, ord("x"), len(os.fsencode(os.environ[name])))
        del os.environ[name]
