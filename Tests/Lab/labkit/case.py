"""A test with a lab of its own."""

import itertools
import os
import pathlib
import time
import unittest

from labkit import campaign
from labkit.campaign import Figure, Row, Stop, Transcript
from labkit.host import CONTENT, SHIPPED, Host, seconds, settings
from labkit.machine import missing

numbers = itertools.count(1)


def new_host(enable: list[str] = [], rate_limit: bool = True, kept: pathlib.Path | None = None) -> Host:
    """A lab of its own with Nightshift installed, or with what is in the snapshot `kept`; it ends with this process at
    the latest."""
    host = Host(pathlib.Path(f"/var/tmp/nightshift-test-{os.getpid()}-{next(numbers)}"))
    host.up(build=str(campaign.current.build), enable=enable, rate_limit=rate_limit, tied=True, kept=kept)
    return host


def begin(
    host: Host, runbooks: list[str], allow: dict[str, list[str]], rules: list[str], shipped: bool, **more: str
) -> None:
    host.systemctl("start", "lab-receiver.service")
    folder = (SHIPPED if shipped else CONTENT) + "/runbooks"
    files = [f"{folder}/{name}.yaml" for name in runbooks]
    host.configure(settings(rules=rules, runbooks=files, **more))
    host.install_runbooks(runbooks, allow, folder)
    host.start()


def record(fault: str, broke: float, incident: dict, proven: bool = True) -> Row:
    """Adds a line to the run's table; times are seconds after the fault."""
    after = lambda field: None if incident.get(field) is None else seconds(incident[field]) - broke
    row = Row(
        fault=fault, noticed=after("opened_at"), acted=after("acted_at"),
        proven=after("resolved_at") if proven else None, outcome=incident["state"])
    campaign.current.rows.append(row)
    return row


class LabCase(unittest.TestCase):
    """Boots a lab before each test and ends it after; where there can be none, skips with a line, or fails in CI."""

    rate_limit = True
    enable: list[str] = []
    rules = [CONTENT + "/rules/lab.yaml"]

    def setUp(self) -> None:
        self.need_a_lab()
        self.host = new_host(self.enable, self.rate_limit)
        self.addCleanup(self.host.down)

    def need_a_lab(self) -> None:
        reason = missing()
        if not reason and not (campaign.current.build / "nightshift").exists():
            reason = f"there is no {campaign.current.build}/nightshift: swift build"
        if reason and os.environ.get("CI") == "true":
            self.fail(reason)
        if reason:
            self.skipTest(reason)

    def begin(self, runbooks: list[str], units: list[str] = [], shipped: bool = False, **more: str) -> None:
        """Starts the receiver, then Nightshift with the lab's rules and these runbooks, allowed to act on the units;
        `shipped`: with the rules and runbooks that Nightshift comes with."""
        rules = [SHIPPED + "/rules"] if shipped else self.rules
        begin(self.host, runbooks, {"unit": units}, rules, shipped, **more)

    def record(self, fault: str, broke: float, incident: dict, proven: bool = True) -> Row:
        return record(fault, broke, incident, proven)

    def figure(self, name: str, value: str, limit: str, how: str) -> None:
        campaign.current.figures.append(Figure(name, value, limit, how))

    def stopped(self, what: str, gate: str, says: str, after: str) -> None:
        campaign.current.stops.append(Stop(what, gate, says, after))

    def transcript(self, *command: str) -> None:
        """Keeps what a command of nightshift prints."""
        done = self.host.nightshift(*command)
        campaign.current.transcripts.append(Transcript(f"nightshift {' '.join(command)}", done.stdout))

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
