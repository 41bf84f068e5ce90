"""The journal is rotated and vacuumed under the follower."""

import time

from labkit import campaign
from labkit.case import LabCase


class JournalUpkeep(LabCase):
    rate_limit = False

    def test_rotated_and_vacuumed_while_following(self) -> None:
        self.host.systemctl("start", "nginx.service", "lab-noise@500.service")
        self.begin(["lab-restart"], units=["nginx.service"])
        rounds = campaign.current.sample(5, 30)
        for _ in range(rounds):
            self.host.systemd("journalctl", "--rotate")
            time.sleep(0.5)
            self.host.systemd("journalctl", "--vacuum-files=1")
            time.sleep(0.5)
        broke = self.now()
        self.host.systemd("journalctl", "--rotate")
        self.host.kill("nginx.service")
        self.host.systemd("journalctl", "--vacuum-files=1")
        incident = self.host.wait_for_incident("UnitFailed", since=broke, unit="nginx.service")
        self.record(f"nginx killed, journal rotated and vacuumed {rounds} times", broke, incident)
        self.assert_state(incident, "resolved")
        status = self.host.status()
        self.assertLess(status["journal"]["lag_seconds"], 5)
