"""What Nightshift costs while nothing happens: memory and CPU of core and helper together."""

import os
import pathlib
import time

from labkit import campaign
from labkit.case import LabCase
from labkit.host import CORE, HELPER, SHIPPED
from labkit.machine import wait_until

RULES, SHIPPED_RULES = 20, 14
SERIES = 5000
PRIVATE_DIRTY_MB_MAX, PSS_MB_MAX, CPU_PERCENT_MAX = 20, 60, 1
SCRAPE = "[{job_name: synthetic, scrape_interval: 15s, static_configs: [{targets: ['127.0.0.1:9200']}]}]"


class Idle(LabCase):
    def test_idle(self) -> None:
        minutes = campaign.current.sample(1, 30)
        self.host.systemctl("start", "lab-exporter.service", "nginx.service")
        self.host.write("/etc/nightshift/idle/rules.yaml", rules(RULES - SHIPPED_RULES))
        self.rules = [SHIPPED + "/rules", "/etc/nightshift/idle/rules.yaml"]
        self.begin(["lab-restart"], units=["nginx.service"], interval="15s", scrape=SCRAPE)
        self.host.systemctl("start", HELPER)  # it comes with the first order; here both are to be measured
        wait_until("a scrape", 40, lambda: self.host.status()["metrics"]["series"] >= SERIES)
        self.assertEqual(self.host.status()["rules"]["loaded"], RULES)
        # The last third is what counts as idle; the first two fill the store.
        time.sleep(minutes * 40)
        pids = [self.host.main_pid(CORE), self.host.main_pid(HELPER)]
        before = [cpu_seconds(pid) for pid in pids]
        began = time.monotonic()
        time.sleep(minutes * 20)
        cpu = 100 * sum(cpu_seconds(pid) - was for pid, was in zip(pids, before)) / (time.monotonic() - began)
        dirty = sum(kilobytes(pid, "Private_Dirty") for pid in pids) / 1000
        pss = sum(kilobytes(pid, "Pss") for pid in pids) / 1000
        series = self.host.status()["metrics"]["series"]
        how = f"core and helper, {RULES} rules, {series} series each 15 s, {minutes} min after the start"
        self.figure("private dirty memory, idle", f"{dirty:.1f} MB", f"{PRIVATE_DIRTY_MB_MAX} MB", how + "; smaps_rollup")
        self.figure("PSS, idle", f"{pss:.1f} MB", f"{PSS_MB_MAX} MB", how + "; smaps_rollup")
        how += f"; over {minutes * 20} s"
        self.figure("CPU, idle", f"{cpu:.2f} % of one core", f"{CPU_PERCENT_MAX} %", how)
        self.assertEqual(self.host.incidents(), [])
        self.assertLess(dirty, PRIVATE_DIRTY_MB_MAX)
        self.assertLess(pss, PSS_MB_MAX)
        self.assertLess(cpu, CPU_PERCENT_MAX)


def rules(count: int) -> str:
    lines = ["groups:", "  - name: idle", "    interval: 15s", "    rules:"]
    for number in range(count):
        expression = [
            f'rate(synthetic_total{{item="{number}"}}[5m]) > 1e6', "sum by (shard) (rate(synthetic_total[5m])) > 1e9",
            "max_over_time(up[5m]) == 0", "avg(synthetic_total) < -1",
        ][number % 4]
        lines += [f"      - alert: Idle{number}", f"        expr: {expression!r}", "        for: 1m"]
    return "\n".join(lines) + "\n"


def kilobytes(pid: int, field: str) -> int:
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith(field + ":"))


def cpu_seconds(pid: int) -> float:
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
