"""The simulated world: the whole tree, a venue behind a bad network, a disk, and time."""
