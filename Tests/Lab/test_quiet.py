"""Where nothing is broken, nothing is done."""

import time

from labkit import campaign
from labkit.case import LabCase
from labkit.machine import wait_until

EXPORTER = """[{job_name: synthetic, scrape_interval: 2s, scrape_timeout: 2s, \
static_configs: [{targets: ['127.0.0.1:9200']}]}]"""
PACKAGE = "/usr/lib/nightshift-lab/package"


class Quiet(LabCase):
    rate_limit = False

    def test_quiet_and_harmless_disturbances(self) -> None:
        minutes = campaign.current.sample(0.25, 30)
        self.build_package("1.0")
        self.build_package("1.1")
        self.host.exec("dpkg", "--install", "/var/tmp/lab-package-1.0.deb")
        self.host.systemctl("start", "nginx.service", "lab-web.service", "lab-exporter.service")
        self.begin(
            ["lab-restart", "lab-restart-checked", "lab-restart-leaky", "lab-clear-cache"],
            units=["nginx.service", "lab-web.service", "lab-package.service"], scrape=EXPORTER)
        wait_until("a scrape", 20, lambda: self.host.status()["metrics"]["up"] == 1)
        invocations = self.invocations()
        time.sleep(minutes * 60)
        self.assert_nothing_was_done("in quiet")
        self.assertEqual(self.invocations(), invocations)

        for disturb in [self.clean_restart, self.reload, self.upgrade, self.log_burst, self.slow_scrape]:
            before = self.invocations()
            disturb()
            after = self.invocations()
            restarts = disturb in (self.clean_restart, self.upgrade)
            self.assertEqual(after != before, restarts, f"{disturb.__name__} did not do what it says")
            time.sleep(campaign.current.sample(3, 20))
            self.assert_nothing_was_done(disturb.__name__)
            self.assertEqual(self.invocations(), after, "a unit was started by somebody else")
        self.figure(
            "actions in quiet and under harmless disturbances", "0", "0",
            f"{minutes:g} quiet minutes; a restart by hand, a reload, a package upgrade, a log burst, a slow scrape")

    def invocations(self) -> list[str]:
        units = ["nginx.service", "lab-web.service", "lab-package.service"]
        return [self.host.show(unit, "InvocationID") for unit in units]

    def assert_nothing_was_done(self, when: str) -> None:
        acted = [incident for incident in self.host.incidents() if incident["acted_at"]]
        self.assertEqual(acted, [], when)
        self.assertEqual(self.host.incidents(), [], when)

    def clean_restart(self) -> None:
        self.host.systemctl("restart", "nginx.service")

    def reload(self) -> None:
        self.host.systemctl("reload", "nginx.service")

    def upgrade(self) -> None:
        self.host.exec("dpkg", "--install", "/var/tmp/lab-package-1.1.deb")

    def log_burst(self) -> None:
        self.host.systemctl("start", "lab-noise@5000.service")
        time.sleep(2)
        self.host.systemctl("stop", "lab-noise@5000.service")

    def slow_scrape(self) -> None:
        self.host.write("/run/lab-exporter.delay", "1.5")
        time.sleep(6)
        self.host.exec("rm", "/run/lab-exporter.delay")

    def build_package(self, version: str) -> None:
        self.host.exec("sh", f"{PACKAGE}/build.sh", version, f"/var/tmp/lab-package-{version}.deb")
