"""Every attack, by importing the modules that hold them."""

from importlib import import_module

from tests.system.attacks.attack import ATTACKS, Attack

MODULES = (
    "outputs",
    "hangs",
    "folders",
    "mounts",
    "strategies",
    "networks",
)
"""Modules of this folder, in the order of their issues."""


def catalog() -> list[Attack]:
    """Return all attacks, the undisturbed session first."""
    for name in MODULES:
        import_module(f"tests.system.attacks.{name}")
    return ATTACKS
