"""Wrong files, hostile targets, damaged journals, a full disk, and people without the right: each is refused with a
sentence, and the rest goes on."""

import json
import re
import time

from labkit.case import LabCase
from labkit.host import CONTENT, CORE, settings
from labkit.machine import LabError, wait_until

OWN = "/etc/nightshift/own"
WRONG_RULES = """\
groups:
  - name: x
    rules:
      - alert: A
        exprr: up
"""
TRIGGERS = """\
groups:
  - name: triggers
    interval: 1s
    rules:
      - log: Alias
        match: {SYSLOG_IDENTIFIER: lab-alias}
        labels: {severity: critical, unit: lab-alias.service}
      - log: Unknown
        match: {SYSLOG_IDENTIFIER: lab-unknown}
        labels: {severity: critical, unit: lab-nowhere.service}
      - log: Foreign
        match: {SYSLOG_IDENTIFIER: lab-foreign}
        labels: {severity: critical, unit: nginx.service}
      - log: Empty
        match: {SYSLOG_IDENTIFIER: lab-empty}
        labels: {severity: critical}
"""
RUNBOOK = """\
runbook: lab-bad-input
description: Restarts what an alert names.
when_not: Never outside the lab.
on:
  - [alertname=~"%s"]
parameters:
  unit: {type: unit, from: '{{ $labels.unit }}'}
mode: %s
risk: low
limits: {cooldown: 1s, attempts: 100 per 1h, concurrent: {host: 100}}
steps:
  - name: restart
    systemd: {restart: '{{ $params.unit }}'}
    timeout: 20s
verify:
  expr: 'unit_active{unit="{{ $params.unit }}"} == 1'
  for: 1s
  within: 20s
otherwise: [escalate]
escalate: {to: on-call}
"""


class BadInput(LabCase):
    rate_limit = False

    def begin_with(self, alerts: str, mode: str, units: list[str], rules: str | None = None, **more: str) -> None:
        """Starts Nightshift with a runbook of the test's own, in a folder that the test may change."""
        self.host.systemctl("start", "lab-receiver.service")
        self.host.write(f"{OWN}/runbooks/lab-bad-input.yaml", RUNBOOK % (alerts, mode))
        self.host.write(f"{OWN}/rules/rules.yaml", rules or self.host.read(CONTENT + "/rules/lab.yaml"))
        self.host.configure(settings(rules=[f"{OWN}/rules"], runbooks=[f"{OWN}/runbooks"], **more))
        self.host.install_runbooks(["lab-bad-input"], {"unit": units}, f"{OWN}/runbooks")
        self.host.start()

    def break_target(self, number: int) -> tuple[str, float]:
        unit = f"lab-target@{number}.service"
        self.host.systemctl("start", unit)
        broke = self.now()
        self.host.kill(unit)
        return unit, broke

    def assert_repaired(self, number: int) -> None:
        unit, broke = self.break_target(number)
        incident = self.host.wait_for_incident("UnitFailed", since=broke, unit=unit)
        self.assert_state(incident, "resolved")
        self.assertEqual(self.host.show(unit, "ActiveState"), "active")

    def log(self) -> str:
        return "\n".join(entry.get("MESSAGE", "") for entry in self.host.journal(f"_SYSTEMD_UNIT={CORE}"))

    def wait_for_log(self, words: str, within: float = 20) -> None:
        wait_until(f"a log line with {words!r}", within, lambda: words in self.log(), every=0.3)

    def metric(self, expression: str) -> dict[str, float]:
        """The values of a query by the label `job`."""
        answer = json.loads(self.host.nightshift("metrics", "query", expression).stdout)
        return {item["metric"].get("job", ""): float(item["value"][1]) for item in answer["data"]["result"]}


class WrongFiles(BadInput):
    def test_a_wrong_rule_file_at_the_start(self) -> None:
        self.host.write(f"{OWN}/rules/rules.yaml", WRONG_RULES)
        self.host.configure(settings(rules=[f"{OWN}/rules"], runbooks=[]))
        self.host.systemctl("start", CORE, check=False)
        self.assertEqual(self.host.show(CORE, "ExecMainStatus"), "78")
        time.sleep(2)
        self.assertEqual(self.host.show(CORE, "NRestarts"), "0", "starting again would not help")
        self.assertIn(f"{OWN}/rules/rules.yaml:5:9: error: ", self.log())

    def test_a_reload_with_a_wrong_runbook(self) -> None:
        self.begin_with("UnitFailed", "auto", [f"lab-target@{n}.service" for n in range(5)])
        runbook = f"{OWN}/runbooks/lab-bad-input.yaml"
        right = self.host.read(runbook)
        self.host.write(runbook, right.replace("steps:", "stepps:"))
        self.host.write(f"{OWN}/rules/rules.yaml", "groups: []\n")
        self.host.systemctl("reload", CORE)
        self.wait_for_log("nothing was reloaded, what ran before goes on")
        self.assertRegex(self.log(), re.escape(runbook) + r":\d+:\d+: error: unknown key \"stepps\"")
        self.assertIn("reload refused", self.host.show(CORE, "StatusText"))
        self.assertEqual(self.host.status()["rules"]["loaded"], 4, "the rules that were running")
        self.assert_repaired(1)
        self.host.write(runbook, right)
        self.host.write(f"{OWN}/rules/rules.yaml", TRIGGERS)
        self.host.systemctl("reload", CORE)
        self.wait_for_log("reloaded: 4 rules, 1 runbooks")

    def test_a_reload_reads_fields_that_only_the_new_rules_ask_for(self) -> None:
        self.begin_with("UnitFailed", "auto", [])
        rule = "groups: [{name: new, rules: [{log: Custom, match: {LAB_FIELD: yes}, labels: {severity: critical}}]}]\n"
        self.host.write(f"{OWN}/rules/new.yaml", rule)
        self.host.systemctl("reload", CORE)
        self.wait_for_log("reloaded: 5 rules")
        broke = self.now()
        self.host.exec("logger", "--journald", text_input="MESSAGE=hello\nLAB_FIELD=yes\n")
        self.host.wait_for_incident("Custom", since=broke)

    def test_a_second_daemon_on_the_ledger(self) -> None:
        self.begin_with("UnitFailed", "auto", ["lab-target@1.service"])
        done = self.host.exec(
            "/usr/bin/nightshift", "run", "--settings", "/etc/nightshift/nightshift.yaml", user="nightshift",
            check=False)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("is in use by process", done.stderr)
        self.assertIn("Only one Nightshift may run on a ledger", done.stderr)
        self.assert_repaired(1)


class FullDisk(BadInput):
    def test_a_full_disk_under_the_ledger(self) -> None:
        self.host.systemd(
            "mount", "-t", "tmpfs", "-o", "size=24m,mode=0700,uid=nightshift,gid=nightshift", "lab",
            "/var/lib/nightshift")
        self.begin_with("UnitFailed", "auto", [f"lab-target@{n}.service" for n in range(100)])
        self.assert_repaired(0)
        self.host.systemd("dd", "if=/dev/zero", "of=/var/lib/nightshift/fill", "bs=4k")
        # What SQLite's log has room for already is still stored; then it is over.
        for number in range(1, 50):
            unit, broke = self.break_target(number)
            if self.is_full(within=3):
                break
        else:
            self.fail("the ledger never noticed that the disk is full")
        self.assertTrue(any("nothing new starts" in warning for warning in self.host.status()["warnings"]))
        unit, broke = self.break_target(60)
        page = wait_until(
            "the page", 30, lambda: [r for r in self.host.requests() if r["at"] >= broke and unit in r["body"]])
        self.assertIn("the ledger cannot be written", page[0]["body"])
        time.sleep(3)
        self.assertEqual(self.host.show(unit, "ActiveState"), "failed", "nothing acts")
        self.assertIn("needs attention", self.host.nightshift("status").stdout)
        self.host.systemd("rm", "/var/lib/nightshift/fill")
        freed = self.now()
        incident = self.host.wait_for_incident("UnitFailed", since=broke, unit=unit)
        self.assert_state(incident, "resolved")
        self.figure(
            "a full disk: repaired after space is free again", f"{self.now() - freed:.1f} s", "60 s",
            "a small tmpfs under the ledger, filled and freed")
        self.assertFalse(self.is_full(within=0))
        self.assert_repaired(61)
        keys = [request["headers"]["idempotency-key"] for request in self.host.requests() if unit in request["body"]]
        self.assertEqual(len(keys), len(set(keys)), "the page from memory and the one after recovery have one key")

    def is_full(self, within: float) -> bool:
        look = lambda: any("disk under the ledger is full" in line for line in self.host.status()["warnings"])
        try:
            return wait_until("a full ledger", within, look, every=0.3)
        except LabError:
            return False


class DamagedJournal(BadInput):
    def test_a_truncated_journal_file_while_following(self) -> None:
        self.begin_with("UnitFailed", "auto", [f"lab-target@{n}.service" for n in range(5)])
        self.assert_repaired(1)
        self.host.systemd("journalctl", "--rotate")
        folder = next((self.host.root / "var/log/journal").iterdir())
        archived = next(folder.glob("system@*.journal")).read_bytes()
        # Another file's ID, and a third of what it was.
        truncated = archived[:24] + bytes(range(16)) + archived[40 : len(archived) // 3]
        name = "system@00000000000000000000000000000000-0000000000000001-0000000000000001.journal"
        (folder / name).write_bytes(truncated)
        (folder / "system@nonsense.journal").write_bytes(b"this is no journal\n" * 100)
        self.host.systemd("journalctl", "--rotate")  # from here on files have come and gone
        wait_until("two gap records", 30, lambda: self.host.status()["journal"]["gaps"] == 2, every=0.5)
        self.assertIn(f"{name} is skipped: ", self.log())
        self.assertIn("system@nonsense.journal is skipped: ", self.log())
        self.assert_repaired(2)
        self.host.systemctl("restart", CORE)
        self.assert_repaired(3)
        self.assertLess(self.host.status()["journal"]["lag_seconds"], 5)


class HostileTargets(BadInput):
    KINDS = ["good", "huge", "truncated", "binary", "endless", "slow"]

    def test_targets_that_no_scrape_should_believe(self) -> None:
        self.host.systemd(
            "systemd-run", "--quiet", "--unit=lab-hostile", "/usr/bin/python3", "/usr/lib/nightshift-lab/hostile.py",
            "9300")
        jobs = [
            f"{{job_name: {kind}, scrape_interval: 1s, scrape_timeout: 900ms, metrics_path: /{kind}, "
            f"static_configs: [{{targets: ['127.0.0.1:9300']}}]}}" for kind in self.KINDS
        ]
        self.begin_with("UnitFailed", "auto", ["lab-target@1.service"], scrape=f"[{', '.join(jobs)}]")
        wait_until("scrapes", 30, lambda: self.host.status()["metrics"]["targets"] == len(self.KINDS))
        before = self.resident_mib()
        time.sleep(15)
        self.assertEqual(self.metric("up"), {kind: float(kind == "good") for kind in self.KINDS})
        self.assertEqual(self.metric("lab_good"), {"good": 1.0})
        for name in ["lab_huge", "lab_truncated", "lab_slow"]:
            self.assertEqual(self.metric(name), {}, "nothing of a failed scrape is kept")
        status = self.host.status()["metrics"]
        self.assertEqual((status["targets"], status["up"]), (len(self.KINDS), 1))
        failed = self.host.exec("curl", "-s", "http://127.0.0.1:9797/metrics").stdout
        self.assertGreater(int(re.search(r"^nightshift_scrapes_failed_total (\d+)", failed, re.M)[1]), 5 * 10)
        grown = self.resident_mib() - before
        self.figure(
            "hostile targets: growth of the core's memory", f"{grown:.0f} MiB", "64 MiB",
            "five of them scraped each second for 15 s, endless and huge bodies among them")
        self.assertLess(grown, 64)
        self.assert_repaired(1)

    def resident_mib(self) -> float:
        status = self.host.systemd("cat", f"/proc/{self.host.show(CORE, 'MainPID')}/status")
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) / 1024


class Targets(BadInput):
    def test_protected_unknown_foreign_and_empty_targets(self) -> None:
        self.host.write(
            "/etc/systemd/system/nightshift-lab-victim.service", "[Service]\nExecStart=/bin/sleep infinity\n")
        (self.host.root / "etc/systemd/system/lab-alias.service").symlink_to("nightshift-lab-victim.service")
        self.host.systemctl("daemon-reload")
        self.host.systemctl("start", "nightshift-lab-victim.service", "nginx.service")
        before = self.invocations()
        self.begin_with(
            "Alias|Unknown|Foreign|Empty", "auto", ["lab-alias.service", "lab-nowhere.service"], rules=TRIGGERS)
        for name, words in [
            ("Alias", "protected"), ("Unknown", "lab-nowhere.service"), ("Foreign", "nginx.service"), ("Empty", "unit"),
        ]:
            with self.subTest(name):
                broke = self.now()
                self.host.exec("logger", "-t", f"lab-{name.lower()}", "a trigger")
                incident = self.host.wait_for_incident(name, since=broke)
                self.assert_state(incident, "escalated")
                self.assertIsNone(incident["acted_at"])
                refusal = [line["text"] for line in incident["timeline"] if "refused" in line["text"]]
                self.assertTrue(any(words in text for text in refusal), [line["text"] for line in incident["timeline"]])
                self.assert_evidence(incident)
                wait_until("the page", 20, lambda: [r for r in self.host.requests() if incident["id"] in r["body"]])
        self.assertEqual(self.invocations(), before, "nothing was touched")

    def invocations(self) -> list[str]:
        return [self.host.show(unit, "InvocationID") for unit in ["nightshift-lab-victim.service", "nginx.service"]]

    def test_a_protected_unit_cannot_be_allowed(self) -> None:
        self.host.write(f"{OWN}/runbooks/lab-bad-input.yaml", RUNBOOK % ("UnitFailed", "auto"))
        done = self.host.nightshift(
            "runbooks", "install", "lab-bad-input", "--from", f"{OWN}/runbooks", "--allow", "unit=ssh.service",
            check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("ssh.service, which is a protected unit", done.stderr)


class People(BadInput):
    def setUp(self) -> None:
        super().setUp()
        self.host.exec("useradd", "--groups", "nightshift-approvers", "ada")
        self.host.exec("useradd", "mallory")
        self.host.exec("useradd", "--groups", "nightshift", "oscar")

    def asks(self, number: int) -> tuple[str, str]:
        """A target that is broken and waits for approval: its unit and its incident."""
        unit, broke = self.break_target(number)
        incident = self.host.wait_for_incident("UnitFailed", since=broke, states=("awaiting_approval",), unit=unit)
        return unit, incident["id"]

    def person(self, name: str, *words: str) -> tuple[int, str]:
        done = self.host.exec("/usr/bin/nightshift", *words, user=name, check=False)
        return done.returncode, done.stdout + done.stderr

    def plan(self, identifier: str) -> str:
        code, said = self.person("ada", "approve", identifier)
        self.assertEqual(code, 1, "without a terminal nobody can say yes by chance")
        return re.search(r"--plan ([0-9a-f]{6,})", said)[1]

    def test_approval(self) -> None:
        self.begin_with("UnitFailed", "approve", [f"lab-target@{n}.service" for n in range(10)])
        unit, identifier = self.asks(1)
        time.sleep(2)
        self.assertEqual(self.host.show(unit, "ActiveState"), "failed", "nothing happens before approval")
        plan = self.plan(identifier)
        code, said = self.person("mallory", "approve", identifier, "--plan", plan)
        self.assertEqual(code, 1, said)
        self.assertIn("mallory may not", said)
        code, said = self.person("oscar", "approve", identifier, "--plan", plan)
        self.assertEqual(code, 1, "an operator is no approver: " + said)
        code, said = self.person("ada", "approve", identifier, "--plan", "0" * 12)
        self.assertEqual(code, 1, said)
        self.assertIn("The plan is", said)
        self.assertEqual(self.host.show(unit, "ActiveState"), "failed")
        code, said = self.person("ada", "approve", identifier, "--plan", plan)
        self.assertEqual((code, said), (0, "approved\n"))
        incident = self.host.wait_for_incident("UnitFailed", since=0, unit=unit)
        self.assert_state(incident, "resolved")
        self.assert_kinds(incident, "signal", "approval", "approval", "start", "result", "verify")
        self.assertTrue(any("ada" in line["text"] for line in incident["timeline"] if line["kind"] == "approval"))
        self.assertEqual(self.host.show(unit, "ActiveState"), "active")

    def test_rejection(self) -> None:
        self.begin_with("UnitFailed", "approve", [f"lab-target@{n}.service" for n in range(10)])
        unit, identifier = self.asks(1)
        code, said = self.person("mallory", "reject", identifier, "--why", "I say so")
        self.assertEqual(code, 1, said)
        self.assertEqual(self.person("ada", "reject", identifier, "--why", "we are migrating it")[0], 0)
        incident = self.host.wait_for_incident("UnitFailed", since=0, unit=unit)
        self.assert_state(incident, "escalated")
        texts = [line["text"] for line in incident["timeline"]]
        self.assertTrue(any("ada" in text and "we are migrating it" in text for text in texts), texts)
        self.assertEqual(self.host.show(unit, "ActiveState"), "failed")

    def test_a_plan_that_changed_while_it_was_looked_at(self) -> None:
        self.begin_with("UnitFailed", "approve", [f"lab-target@{n}.service" for n in range(10)])
        unit, identifier = self.asks(1)
        plan = self.plan(identifier)
        self.host.systemctl("start", unit)
        self.host.kill(unit)
        code, said = self.person("ada", "approve", identifier, "--plan", plan)
        self.assertEqual(code, 1, "the unit is another invocation by now: " + said)

    def test_halt_and_resume(self) -> None:
        self.begin_with("UnitFailed", "auto", [f"lab-target@{n}.service" for n in range(10)])
        for outsider in ["mallory", "ada"]:
            self.assertEqual(self.person(outsider, "halt")[0], 1, "not an operator")
        self.assertEqual(self.person("oscar", "halt", "--why", "the storage is moved")[0], 0)
        self.assertTrue(self.host.status()["halted"])
        self.assertIn("HALTED", self.host.nightshift("status").stdout)
        unit, broke = self.break_target(1)
        incident = self.host.wait_for_incident("UnitFailed", since=broke, unit=unit)
        self.assert_state(incident, "escalated")
        self.assertTrue(any("the storage is moved" in line["text"] for line in incident["timeline"]))
        self.assertEqual(self.host.show(unit, "ActiveState"), "failed")
        self.host.systemctl("restart", CORE)
        self.assertTrue(self.host.status()["halted"], "a restart does not end it")
        code, said = self.person("mallory", "resume")
        self.assertEqual(code, 1, said)
        code, said = self.person("oscar", "resume")
        self.assertEqual(code, 1, "the helper lets only an approver resume")
        self.assertIn("oscar", said)
        self.assertTrue(self.host.status()["halted"])
        self.host.nightshift("resume")
        self.assertFalse(self.host.status()["halted"])
        self.assert_repaired(2)
        self.assertEqual(self.host.show(unit, "ActiveState"), "failed", "what ended meanwhile stays ended")
