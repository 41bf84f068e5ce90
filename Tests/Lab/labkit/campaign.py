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
class Stop:
    """Something wrong, and the gate that stopped it, in its own words."""

    what: str
    gate: str
    says: str
    after: str
    """What is in production and on the branch then."""


@dataclasses.dataclass
class Transcript:
    """What a person would see who types the command."""

    command: str
    text: str


@dataclasses.dataclass
class Campaign:
    build: pathlib.Path
    full: bool
    """The whole durations and counts of `make evidence`; CI takes samples."""
    rows: list[Row] = dataclasses.field(default_factory=list)
    figures: list[Figure] = dataclasses.field(default_factory=list)
    stops: list[Stop] = dataclasses.field(default_factory=list)
    transcripts: list[Transcript] = dataclasses.field(default_factory=list)

    def measured(self) -> dict[str, list[dict]]:
        lists = {"rows": self.rows, "figures": self.figures, "stops": self.stops, "transcripts": self.transcripts}
        return {name: [dataclasses.asdict(one) for one in found] for name, found in lists.items()}

    def sample(self, in_ci, whole):
        return whole if self.full else in_ci


def find_build() -> pathlib.Path:
    given = os.environ.get("NIGHTSHIFT_BUILD")
    if given:
        return pathlib.Path(given).resolve()
    return CHECKOUT / ".build/debug"


current = Campaign(build=find_build(), full=os.environ.get("NIGHTSHIFT_FULL") == "1")


def in_full(test):
    """Decorates a test of `make evidence`: CI has another of its kind."""
    return test if current.full else None
