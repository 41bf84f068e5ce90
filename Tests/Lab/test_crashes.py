"""Nightshift itself is killed in the middle of a repair: no run is lost, and no effect happens twice."""

from labkit.case import LabCase
from labkit.host import CORE, HELPER
from labkit.machine import wait_until


class Crashes(LabCase):
    def interrupt(self, kill: list[str], fault: str) -> None:
        """Kills these units while the `run` step is at work, then expects the run to end as if nothing had been."""
        self.begin(["lab-slow"], units=["lab-target@1.service"])
        self.host.systemctl("start", "lab-target@1.service")
        broke = self.now()
        self.host.kill("lab-target@1.service")
        wait_until("the step", 20, lambda: self.host.executions("work") == 1)
        for unit in kill:
            self.host.kill(unit)
        incident = self.host.wait_for_incident("UnitFailed", since=broke, unit="lab-target@1.service", within=90)
        self.record(fault, broke, incident)
        self.assert_state(incident, "resolved")
        self.assertEqual(self.host.executions("work"), 1, "a run step that is not retry_safe")
        self.assertEqual(len([r for r in self.host.requests("/count/tell") if r["method"] == "POST"]), 1)
        self.assertEqual(self.host.show("lab-target@1.service", "ActiveState"), "active")

    def test_the_core_is_killed(self) -> None:
        self.interrupt([CORE], "core killed in mid-repair")

    def test_the_helper_is_killed(self) -> None:
        self.interrupt([HELPER], "helper killed in mid-repair")

    def test_both_are_killed(self) -> None:
        self.interrupt([HELPER, CORE], "core and helper killed in mid-repair")
