"""The cells that no schedule reaches, each with the reason: reviewed, so that a new one is seen."""

from tests.simulation.coverage import Cell

UNREACHED: dict[Cell, str] = {}
