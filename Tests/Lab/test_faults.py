"""Real things break; each is noticed, repaired or handed on, and proven."""

from labkit.case import LabCase
from labkit.machine import wait_until

BLACKBOX = """[{job_name: check, scrape_interval: 1s, scrape_timeout: 900ms, metrics_path: /probe, \
params: {module: [http_2xx], target: ['http://127.0.0.1:8080/healthz']}, \
static_configs: [{targets: ['127.0.0.1:9115'], labels: {unit: lab-web.service}}]}]"""


class Faults(LabCase):
    def test_nginx_is_killed(self) -> None:
        self.host.systemctl("start", "nginx.service")
        self.begin(["restart-crashed-unit"], units=["nginx.service"], shipped=True)
        before = self.host.show("nginx.service", "InvocationID")
        broke = self.now()
        self.host.kill("nginx.service")
        incident = self.host.wait_for_incident("UnitFailed", since=broke, unit="nginx.service")
        self.record("nginx killed", broke, incident)
        self.assert_state(incident, "resolved")
        self.assert_kinds(incident, "signal", "intent", "start", "result", "verify")
        self.assert_evidence(incident)
        self.assertEqual(self.host.show("nginx.service", "ActiveState"), "active")
        self.assertNotEqual(self.host.show("nginx.service", "InvocationID"), before)
        self.assertEqual(self.host.requests(), [], "nobody is paged for what was repaired")

    def test_a_unit_in_a_crash_loop(self) -> None:
        self.host.systemctl("start", "lab-crasher.service")
        self.begin(["lab-clear-cache"], units=["lab-crasher.service"])
        broke = self.now()
        self.host.write("/var/lib/lab-crasher/cache", "half")
        self.host.kill("lab-crasher.service")
        # The first failure opens the incident, and no runbook covers that; the crash loop joins it and brings its own.
        incident = self.host.wait_for_incident(
            "UnitFailed", since=broke, states=("resolved",), unit="lab-crasher.service")
        self.record("a unit in a crash loop", broke, incident)
        self.assert_state(incident, "resolved")
        self.assertEqual(self.host.show("lab-crasher.service", "ActiveState"), "active")

    def test_a_service_hangs_but_stays_up(self) -> None:
        self.host.systemctl("start", "lab-web.service", "prometheus-blackbox-exporter.service")
        self.begin(["lab-restart-checked"], units=["lab-web.service"], scrape=BLACKBOX)
        wait_until("a good check", 20, lambda: self.host.status()["metrics"]["up"] == 1)
        broke = self.now()
        self.host.kill("lab-web.service", "USR1")
        incident = self.host.wait_for_incident("CheckFailed", since=broke, unit="lab-web.service")
        row = self.record("a service hangs but stays up", broke, incident)
        self.assert_state(incident, "resolved")
        self.assert_kinds(incident, "signal", "intent", "start", "result", "verify")
        # scrape 1 s (and its timeout, while the check hangs) + evaluation 1 s + 1 s
        self.assertLess(row.noticed, 1 + 0.9 + 1 + 1)

    def test_a_leaking_process(self) -> None:
        self.host.systemctl("start", "lab-web.service")
        self.begin(["lab-restart-leaky"], units=["lab-web.service"])
        broke = self.now()
        self.host.kill("lab-web.service", "USR2")
        incident = self.host.wait_for_incident("MemoryLeak", since=broke, unit="lab-web.service")
        self.record("a leaking process (100 MB at 16 MiB/s)", broke, incident)
        self.assert_state(incident, "resolved")

    def test_a_repair_that_does_not_help(self) -> None:
        self.begin(["lab-useless"], units=["lab-stubborn.service"])
        broke = self.now()
        self.host.systemctl("start", "lab-stubborn.service", check=False)
        incident = self.host.wait_for_incident("UnitFailed", since=broke, unit="lab-stubborn.service")
        self.record("a repair that does not help", broke, incident, proven=False)
        self.assert_state(incident, "escalated")
        self.assert_kinds(incident, "signal", "start", "result", "verify", "undo", "escalate")
        self.assertEqual(self.host.executions("change"), 1)
        self.assertEqual(self.host.executions("change-back"), 1)
        pages = wait_until("the page", 10, self.host.requests)
        self.assertIn("lab-stubborn.service", pages[0]["body"])
        # What the runbook wants a person to see, in the timeline and in the page.
        shown = {line["text"].split(" in the last")[0].split(" over the last")[0]: line["evidence"]
                 for line in self.host.incident(incident["id"])["timeline"] if line["kind"] == "note"}
        logs = next(value for text, value in shown.items() if text.endswith("journal entries of lab-stubborn.service"))
        self.assertTrue(any("lab-stubborn.service" in str(item) for item in logs), logs)
        series = next(value for text, value in shown.items() if text.endswith("series of lab-stubborn.service"))
        self.assertTrue(any("unit_" in str(item) for item in series), series)
        self.assertIn("journal entries of lab-stubborn.service", pages[0]["body"])

    def test_without_a_runbook_a_person_is_told(self) -> None:
        self.host.systemctl("start", "nginx.service")
        self.begin([])
        broke = self.now()
        self.host.kill("nginx.service")
        incident = self.host.wait_for_incident("UnitFailed", since=broke, unit="nginx.service")
        self.record("nginx killed, no runbook", broke, incident, proven=False)
        self.assert_state(incident, "escalated")
        self.assertIsNone(incident["acted_at"])
        self.assertEqual(self.host.show("nginx.service", "ActiveState"), "failed")
        wait_until("the page", 10, self.host.requests)
