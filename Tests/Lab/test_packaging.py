"""The units as packaged: sandbox, readiness, reload, watchdog, and what they refuse."""

import re
import time

from labkit.case import LabCase
from labkit.host import CONTENT, CORE, HELPER_SOCKETS, settings
from labkit.machine import LabError, wait_until

EXPOSURE_MAX = 2.0


class Packaging(LabCase):
    enable = [*HELPER_SOCKETS, CORE]

    def test_starts_at_boot_as_packaged(self) -> None:
        self.assertEqual(self.host.show(CORE, "ActiveState"), "active")
        self.assertEqual(self.host.show(CORE, "User"), "nightshift")
        pid = self.host.main_pid(CORE)
        status = dict(line.split(":\t", 1) for line in open(f"/proc/{pid}/status").read().splitlines() if ":\t" in line)
        self.assertEqual(int(status["CapBnd"], 16) | int(status["CapEff"], 16), 0)
        self.assertEqual(status["NoNewPrivs"], "1")
        self.assertFalse(self.host.status()["halted"])
        self.assertGreater(self.host.status()["rules"]["loaded"], 0, "the shipped rules")
        self.assertNotEqual(self.host.show(CORE, "StatusText"), "")

    def test_the_sandbox_scores(self) -> None:
        text = self.host.systemd("systemd-analyze", "security", "--no-pager", CORE)
        score = float(re.search(r"exposure level for \S+: ([\d.]+)", text).group(1))
        self.figure("exposure of nightshift.service", f"{score}", f"{EXPOSURE_MAX}", f"systemd-analyze security {CORE}")
        self.assertLessEqual(score, EXPOSURE_MAX, text)

    def test_stops_in_order(self) -> None:
        self.host.systemctl("stop", CORE)
        self.assertEqual(self.host.show(CORE, "Result"), "success")
        self.assertEqual(self.host.show(CORE, "ExecMainStatus"), "0")
        self.assertEqual(self.host.nightshift("status", check=False).returncode, 3)

    def test_a_second_daemon_is_refused(self) -> None:
        done = self.host.exec("/usr/bin/nightshift", "run", user="nightshift", check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("ledger", done.stdout + done.stderr)
        self.assertEqual(self.host.show(CORE, "ActiveState"), "active")

    def test_bad_settings_end_it_for_good(self) -> None:
        self.host.configure("journal: {sauce: system}\n")
        self.host.systemctl("restart", CORE, check=False)
        wait_until("the end", 20, lambda: self.host.show(CORE, "ActiveState") == "failed")
        self.assertEqual(self.host.show(CORE, "ExecMainStatus"), "78")
        self.assertEqual(self.host.show(CORE, "NRestarts"), "0")
        checked = self.host.nightshift("check", "/etc/nightshift/nightshift.yaml", check=False)
        self.assertEqual(checked.returncode, 1)
        self.assertRegex(checked.stdout + checked.stderr, r"nightshift\.yaml:1:\d+: error: .*sauce")

    def test_a_reload_is_all_or_nothing(self) -> None:
        rules = "/etc/nightshift/rules/local.yaml"
        good = "groups: [{name: a, rules: [{alert: Never, expr: 'vector(0) == 1'}]}]\n"
        loaded = self.host.status()["rules"]["loaded"]
        pid = self.host.main_pid(CORE)
        self.host.write(rules, good.replace("==", "=~=~"))
        self.host.systemctl("reload", CORE)
        wait_until("the complaint", 10, lambda: any("local.yaml:1:" in text for text in self.core_messages()))
        self.assertEqual(self.host.status()["rules"]["loaded"], loaded)
        self.host.write(rules, good)
        self.host.systemctl("reload", CORE)
        wait_until("the new rule", 10, lambda: self.host.status()["rules"]["loaded"] == loaded + 1)
        self.assertEqual(self.host.main_pid(CORE), pid)

    def test_a_hung_core_is_started_anew(self) -> None:
        self.host.write("/etc/systemd/system/nightshift.service.d/quick.conf", "[Service]\nWatchdogSec=3s\n")
        self.host.systemctl("daemon-reload")
        self.host.systemctl("restart", CORE)
        before = self.host.show(CORE, "InvocationID")
        self.host.kill(CORE, "STOP")
        wait_until("the watchdog", 60, lambda: self.host.show(CORE, "InvocationID") not in ("", before))
        wait_until("the start", 30, lambda: self.host.show(CORE, "ActiveState") == "active")
        self.assertTrue(any("watchdog" in e.get("MESSAGE", "").lower() for e in self.host.journal("_PID=1")))

    def core_messages(self) -> list[str]:
        return [entry.get("MESSAGE", "") for entry in self.host.journal(f"_SYSTEMD_UNIT={CORE}")]


class FullDisk(LabCase):
    def test_nothing_is_done_but_a_person_is_told(self) -> None:
        self.host.systemd("mount", "-t", "tmpfs", "-o", "size=24m,mode=0700", "small", "/var/lib/nightshift")
        self.host.systemd("chown", "nightshift:nightshift", "/var/lib/nightshift")
        self.host.systemctl("start", "nginx.service")
        self.begin(["lab-restart"], units=["nginx.service"])
        self.host.exec("sh", "-c", "cat /dev/zero > /var/lib/nightshift/filler", check=False)
        self.host.kill("nginx.service")
        about = lambda: [page for page in self.host.requests() if "nginx.service" in page["body"]]
        page = wait_until("the page", 60, about, every=0.5)[0]
        self.assertIn("cannot be written", page["body"])
        self.assertEqual(self.host.show("nginx.service", "ActiveState"), "failed", "nothing acts on a full disk")
        self.host.exec("rm", "/var/lib/nightshift/filler")


class Observing(LabCase):
    def test_observe_only_says_what_it_would_do(self) -> None:
        self.host.systemctl("start", "nginx.service", "lab-receiver.service")
        runbook = f"{CONTENT}/runbooks/lab-restart.yaml"
        self.host.configure(settings(rules=self.rules, runbooks=[runbook], actuation="observe"))
        self.host.start()
        broke = self.now()
        self.host.kill("nginx.service")
        incident = self.host.wait_for_incident("UnitFailed", since=broke, unit="nginx.service")
        self.assert_state(incident, "escalated")
        self.assertIsNone(incident["acted_at"])
        self.assertTrue(any("restart nginx.service" in line["text"] for line in incident["timeline"]))
        self.assertEqual(self.host.show("nginx.service", "ActiveState"), "failed")


class Halt(LabCase):
    def test_halt_forbids_and_resume_allows(self) -> None:
        self.host.systemctl("start", "nginx.service")
        self.begin(["lab-restart"], units=["nginx.service"])
        self.host.nightshift("halt", "--why", "a test")
        self.assertTrue(self.host.status()["halted"])
        broke = self.now()
        self.host.kill("nginx.service")
        incident = self.host.wait_for_incident("UnitFailed", since=broke, unit="nginx.service")
        self.assert_state(incident, "escalated")
        self.assertIsNone(incident["acted_at"])
        self.host.nightshift("resume")
        self.host.systemctl("start", "nginx.service")
        self.host.nightshift("incidents", "close", incident["id"])
        time.sleep(1.5)  # the runbook's cooldown; a refused run counts too
        self.host.kill("nginx.service")
        # The same trouble so soon after its end is the same incident, open again.
        again = lambda: self.host.incident(incident["id"])
        wait_until("the repair", 60, lambda: again()["state"] == "resolved")
        self.assert_kinds(again(), "signal", "start", "result", "verify")


class Protection(LabCase):
    def test_a_unit_that_was_not_allowed_is_refused(self) -> None:
        self.host.systemctl("start", "nginx.service", "lab-target@1.service")
        self.begin(["lab-restart"], units=["nginx.service"])
        broke = self.now()
        self.host.kill("lab-target@1.service")
        incident = self.host.wait_for_incident("UnitFailed", since=broke, unit="lab-target@1.service")
        self.assert_state(incident, "escalated")
        self.assertIsNone(incident["acted_at"])
        self.assertEqual(self.host.show("lab-target@1.service", "ActiveState"), "failed")

    def test_a_protected_unit_cannot_even_be_installed(self) -> None:
        with self.assertRaisesRegex(LabError, "protected"):
            self.host.install_runbooks(["lab-restart"], {"unit": ["dbus.service"]}, CONTENT + "/runbooks")
