"""The memory of a world that outlives a process, and not the machine: see ``unrecorded_mark``."""


class Memory:
    """What production keeps in a file of shared memory."""

    def __init__(self) -> None:
        self._is_there = False
        self._own = self._inherited = False
        self._durable = 0

    def says_recorded(self, sequence: int) -> bool:
        """Whether no exit left without a record before the cut at ``sequence``."""
        is_whole = self._is_there and self._durable <= sequence
        return is_whole and not self._own and not self._inherited

    def begin(self, sequence: int, *, is_recorded: bool) -> None:
        """Take it over for a process that begins after the cut at ``sequence``."""
        self._is_there = True
        self._own, self._inherited = False, not is_recorded
        self._durable = sequence

    def lose(self) -> None:
        """Be gone: the machine is started again."""
        self._is_there = False

    # What the gateway tells.

    def leaves_unrecorded(self) -> None:
        self._own = True

    def all_recorded(self) -> None:
        self._own = False

    def looked_for(self) -> None:
        self._inherited = False

    def is_durable(self, sequence: int) -> None:
        self._durable = sequence
