"""From the journal's entry to the start of the action, while other services log as fast as they can."""

from labkit import campaign
from labkit.case import LabCase
from labkit.host import CONTENT, ENDED, seconds
from labkit.machine import wait_until

NOISE = ["lab-noise@499.service", "lab-noise@500.service", "lab-noise@501.service", "lab-noise@502.service"]
NOISE_RATE = 2000
P99_SECONDS_MAX = 1.0
UNIT_FAILED = "MESSAGE_ID=d9b373ed55a64feb8242e02dbe79a49c"


class Latency(LabCase):
    rate_limit = False
    rules = [CONTENT + "/rules/targets.yaml"]

    def test_action_starts_soon_after_the_entry(self) -> None:
        count = campaign.current.sample(20, 200)
        units = [f"lab-target@{number}.service" for number in range(count)]
        self.host.systemctl("start", *units)
        self.begin(["lab-restart-target"], units=units)
        self.host.systemctl("start", *NOISE)
        began = self.now()
        for unit in units:
            self.host.kill(unit)
            wait_until(f"repair of {unit}", 30, lambda: self.host.show(unit, "ActiveState") == "active")
        ended = self.now()
        wait_until("the proofs", 60, lambda: all(i["state"] in ENDED for i in self.host.incidents()), every=1)
        noise = len(self.host.journal("SYSLOG_IDENTIFIER=noise", f"--since=@{began:.3f}", f"--until=@{ended:.3f}"))

        failed = {e["UNIT"]: int(e["__REALTIME_TIMESTAMP"]) / 1e6 for e in self.host.journal("_PID=1", UNIT_FAILED)}
        incidents = {incident["labels"]["unit"]: incident for incident in self.host.incidents()}
        self.assertEqual(sorted(incidents), sorted(units))
        self.assertEqual({incident["state"] for incident in incidents.values()}, {"resolved"})
        delays = sorted(seconds(incidents[unit]["acted_at"]) - failed[unit] for unit in units)
        p50, p99 = (delays[min(count - 1, int(count * part))] for part in (0.5, 0.99))
        self.figure(
            "from journal entry to start of the action, p99", f"{p99 * 1000:.0f} ms (median {p50 * 1000:.0f} ms)",
            f"{P99_SECONDS_MAX:g} s",
            f"{count} incidents while other services log {noise / (ended - began):.0f} entries a second")
        self.assertGreater(noise / (ended - began), NOISE_RATE * 0.9)
        self.assertLess(p99, P99_SECONDS_MAX)
