"""What this run of the end-to-end tests is: which binaries, how long, how often, and what it measured."""

import dataclasses
import os
import pathlib

from labkit.machine import CHECKOUT


@dataclasses.dataclass
class Row:
    """One fault and how it went; times in seconds after the fault."""

    fault: str
    noticed: float | None
    acted: float | None
    proven: float | None
    outcome: str


@dataclasses.dataclass
class Figure:
    """One measured number with what it may be at most, and how it was got."""

    name: str
    value: str
    limit: str
    how: str


@dataclasses.dataclass
class Campaign:
    build: pathlib.Path
    full: bool
    """The whole durations and counts of `make evidence`; CI takes samples."""
    rows: list[Row] = dataclasses.field(default_factory=list)
    figures: list[Figure] = dataclasses.field(default_factory=list)

    def sample(self, in_ci, whole):
        return whole if self.full else in_ci


def find_build() -> pathlib.Path:
    given = os.environ.get("NIGHTSHIFT_BUILD")
    if given:
        return pathlib.Path(given).resolve()
    return CHECKOUT / ".build/debug"


current = Campaign(build=find_build(), full=os.environ.get("NIGHTSHIFT_FULL") == "1")
