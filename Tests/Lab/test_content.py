"""Every shipped runbook that a lab can bring to act is brought to act, with the shipped rules, all at once.

Not here, because the lab cannot: restart-oom-killed-unit (no memory controller under cgroup v1, and no kernel entries)
and resync-clock (the clock is the machine's); their tests beside them use recorded entries and series.
"""

import concurrent.futures
import dataclasses
import time
from collections.abc import Callable

from labkit.case import LabCase, begin, new_host, record
from labkit.host import ENDED, SHIPPED, Host
from labkit.machine import wait_until


def check(unit: str, port: int, labels: str = "") -> str:
    """A blackbox check of one port, as a scrape config."""
    return (
        f"{{job_name: {unit}, scrape_interval: 1s, scrape_timeout: 900ms, metrics_path: /probe, "
        f"params: {{module: [http_2xx], target: ['http://127.0.0.1:{port}/healthz']}}, "
        f"static_configs: [{{targets: ['127.0.0.1:9115'], labels: {{unit: {unit}{labels}}}}}]}}")


def nothing(_: Host) -> None:
    """No preparation, or no second blow."""


@dataclasses.dataclass
class Trigger:
    """How one runbook is brought to act."""

    runbook: str
    alert: str
    break_it: Callable[[Host], None]
    unit: str | None = None
    dependency: str | None = None
    prepare: Callable[[Host], None] = nothing
    afterwards: Callable[[Host], None] = nothing
    scrape: list[str] = dataclasses.field(default_factory=list)
    besides: list[str] = dataclasses.field(default_factory=list)
    """Runbooks that are installed too."""
    within: float = 240


def corrupt_cache(host: Host) -> None:
    host.write("/var/lib/lab-crasher/cache", "half")
    host.kill("lab-crasher.service")


def mend_cache(host: Host) -> None:
    """What passes by itself while the loop is calmed: the trouble that this runbook is for."""
    calmed = lambda: host.entries_of("nightshift-exec.service", "systemd stop lab-crasher.service")
    wait_until("the end of the loop", 90, calmed, every=0.5)
    host.write("/var/lib/lab-crasher/cache", "whole\n")


def break_job(host: Host) -> None:
    host.write("/run/lab-job.broken", "")
    host.systemctl("start", "dpkg-db-backup.service", check=False)
    host.exec("rm", "/run/lab-job.broken")


def install_job(host: Host) -> None:
    host.write("/etc/systemd/system/dpkg-db-backup.service",
               "[Service]\nType=oneshot\nExecStart=/bin/sh -c 'test ! -e /run/lab-job.broken'\n")
    host.systemctl("daemon-reload")


def small_cache(host: Host) -> None:
    host.systemd("mount", "-t", "tmpfs", "-o", "size=64m", "small", "/var/cache")


def fill_cache(host: Host) -> None:
    host.exec("sh", "-c", "mkdir -p /var/cache/apt/archives/partial; "
                          "head -c 63M /dev/zero > /var/cache/apt/archives/big_1.0_all.deb")


def break_dependency(host: Host) -> None:
    host.write("/run/lab-back.broken", "")
    host.systemctl("start", "lab-front.service", check=False)
    host.exec("rm", "/run/lab-back.broken")


TRIGGERS = [
    Trigger("restart-crashed-unit", "UnitFailed", lambda host: host.kill("nginx.service"), unit="nginx.service",
            prepare=lambda host: host.systemctl("start", "nginx.service")),
    # The first failure opens the incident, and restarting does not help; the loop joins it and brings its own runbook.
    Trigger("calm-crash-loop", "UnitFailed", corrupt_cache, unit="lab-crasher.service", afterwards=mend_cache,
            besides=["restart-crashed-unit"], prepare=lambda host: host.systemctl("start", "lab-crasher.service")),
    Trigger("restart-hung-service", "ServiceHung", lambda host: host.kill("lab-web.service", "USR1"),
            unit="lab-web.service", scrape=[check("lab-web.service", 8080)],
            prepare=lambda host: host.systemctl("start", "lab-web.service", "prometheus-blackbox-exporter.service")),
    Trigger("restart-leaky-service", "ServiceLeaking", lambda host: host.kill("lab-web.service", "USR2"),
            unit="lab-web.service", prepare=lambda host: host.systemctl("start", "lab-web.service")),
    Trigger("restart-dependency-first", "DependencyDown", lambda host: host.kill("lab-store.service", "USR1"),
            unit="lab-shop.service", dependency="lab-store.service",
            scrape=[check("lab-shop.service", 8081, ", dependency: lab-store.service"), check("lab-store.service", 8082)],
            prepare=lambda host: host.systemctl(
                "start", "lab-store.service", "lab-shop.service", "prometheus-blackbox-exporter.service")),
    Trigger("start-after-dependency", "DependencyFailed", break_dependency, unit="lab-front.service"),
    Trigger("rerun-failed-job", "TimerJobFailed", break_job, unit="dpkg-db-backup.service", prepare=install_job),
    Trigger("clean-disk", "DiskFilling", fill_cache, prepare=small_cache),
]


def pull(trigger: Trigger) -> str | None:
    """Runs one trigger in a lab of its own; the answer is what went wrong."""
    host = new_host()
    try:
        trigger.prepare(host)
        named = {"unit": trigger.unit, "dependency": trigger.dependency}
        allow = {name: [unit] for name, unit in named.items() if unit}
        scrape = f"[{', '.join(trigger.scrape)}]"
        begin(host, [trigger.runbook, *trigger.besides], allow, [SHIPPED + "/rules"], shipped=True, scrape=scrape)
        time.sleep(3)  # some samples of health first
        broke = time.time()
        trigger.break_it(host)
        trigger.afterwards(host)
        labels = {"unit": trigger.unit} if trigger.unit else {}
        ends = ("resolved",) if trigger.besides else ENDED
        incident = host.wait_for_incident(trigger.alert, since=broke, states=ends, within=trigger.within, **labels)
        record(f"{trigger.alert}: {trigger.runbook}", broke, incident)
        if incident["state"] == "resolved" and incident["runbook"] == trigger.runbook:
            return None
        lines = "\n".join(f"  {line['at']} {line['kind']:9} {line['text']}" for line in incident["timeline"])
        return f"{trigger.runbook}: {incident['state']}\n{lines}\n{host.report()}"
    except Exception as error:  # the other triggers go on; this one's failure is told at the end
        return f"{trigger.runbook}: {error}\n{host.report()}"
    finally:
        host.down()


class Content(LabCase):
    def setUp(self) -> None:
        self.need_a_lab()

    def test_every_shipped_runbook_repairs_what_it_is_for(self) -> None:
        with concurrent.futures.ThreadPoolExecutor(len(TRIGGERS)) as pool:
            troubles = [trouble for trouble in pool.map(pull, TRIGGERS) if trouble]
        self.assertEqual(troubles, [], "\n\n".join(troubles))
