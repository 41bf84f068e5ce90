"""A test with a lab of its own."""

import itertools
import os
import pathlib
import time
import unittest

from labkit import campaign
from labkit.campaign import Figure, Row
from labkit.host import CONTENT, Host, seconds, settings
from labkit.machine import missing

numbers = itertools.count(1)


class LabCase(unittest.TestCase):
    """Boots a lab before each test and ends it after; where there can be none, skips with a line, or fails in CI."""

    rate_limit = True
    enable: list[str] = []
    rules = [CONTENT + "/rules/lab.yaml"]

    def setUp(self) -> None:
        reason = missing()
        if not reason and not (campaign.current.build / "nightshift").exists():
            reason = f"there is no {campaign.current.build}/nightshift: swift build"
        if reason and os.environ.get("CI") == "true":
            self.fail(reason)
        if reason:
            self.skipTest(reason)
        self.host = Host(pathlib.Path(f"/var/tmp/nightshift-test-{os.getpid()}-{next(numbers)}"))
        self.addCleanup(self.host.down)
        self.host.up(build=str(campaign.current.build), enable=self.enable, rate_limit=self.rate_limit, tied=True)

    def begin(self, runbooks: list[str], units: list[str] = [], **more) -> None:
        """Starts the receiver, then Nightshift with the lab's rules and these runbooks, allowed to act on the units."""
        self.host.systemctl("start", "lab-receiver.service")
        files = [f"{CONTENT}/runbooks/{name}.yaml" for name in runbooks]
        self.host.configure(settings(rules=self.rules, runbooks=files, **more))
        for name in runbooks:
            self.host.install_runbook(name, units=units)
        self.host.start()

    def record(self, fault: str, broke: float, incident: dict, proven: bool = True) -> Row:
        """Adds a line to the run's table; times are seconds after the fault."""
        after = lambda field: None if incident.get(field) is None else seconds(incident[field]) - broke
        row = Row(
            fault=fault, noticed=after("opened_at"), acted=after("acted_at"),
            proven=after("resolved_at") if proven else None, outcome=incident["state"])
        campaign.current.rows.append(row)
        return row

    def figure(self, name: str, value: str, limit: str, how: str) -> None:
        campaign.current.figures.append(Figure(name, value, limit, how))

    def assert_state(self, incident: dict, state: str) -> None:
        lines = "\n".join(f"  {line['at']} {line['kind']:9} {line['text']}" for line in incident["timeline"])
        self.assertEqual(incident["state"], state, f"{incident['name']}: {incident['summary']}\n{lines}")

    def assert_kinds(self, incident: dict, *kinds: str) -> None:
        """These kinds of line stand in the timeline, in this order (others may stand between)."""
        seen = iter(line["kind"] for line in incident["timeline"])
        missing_kinds = [kind for kind in kinds if kind not in seen]
        self.assertEqual(missing_kinds, [], [line["kind"] + ": " + line["text"] for line in incident["timeline"]])

    def assert_evidence(self, incident: dict) -> None:
        bare = [line["text"] for line in incident["timeline"] if not line["evidence"]]
        self.assertEqual(bare, [], "lines of the timeline without evidence")

    @staticmethod
    def now() -> float:
        """The lab's clock is this machine's."""
        return time.time()
