"""The lab itself: what the other tests rest on."""

import os
import pathlib
import signal
import subprocess
import sys
import time
import unittest
import urllib.request

from labkit import campaign
from labkit.host import Host
from labkit.machine import CHECKOUT, LabError, Machine, Process, missing, wait_until

BOOT_SECONDS_MAX = 8


class Lab(unittest.TestCase):
    def setUp(self) -> None:
        reason = missing()
        if reason and os.environ.get("CI") == "true":
            self.fail(reason)
        if reason:
            self.skipTest(reason)
        self.state = pathlib.Path(f"/var/tmp/nightshift-test-lab-{os.getpid()}")
        self.host = Host(self.state)
        self.addCleanup(self.host.down)

    def test_boots_quickly_and_leaves_nothing(self) -> None:
        mounts = pathlib.Path("/proc/self/mounts").read_text()
        took = self.host.up(tied=True)
        campaign.current.figures.append(
            campaign.Figure("boot of the lab", f"{took:.1f} s", f"{BOOT_SECONDS_MAX} s", "Tests/Lab/lab up"))
        self.assertLess(took, BOOT_SECONDS_MAX)
        self.assertEqual(self.host.system_state(), "running")
        self.assertEqual(self.host.up(), 0, "a lab that is up stays as it is")
        leader = Process.of(self.host.leader)
        self.host.down()
        self.host.down()
        self.assertFalse(leader.is_alive())
        self.assertFalse(self.state.exists())
        self.assertEqual(pathlib.Path("/proc/self/mounts").read_text(), mounts)

    def test_two_live_side_by_side(self) -> None:
        other = Machine(self.state.with_name(self.state.name + "-b"))
        self.addCleanup(other.down)
        self.host.up(tied=True)
        other.up(tied=True)
        self.host.write("/etc/only-here", "x")
        self.assertNotEqual(other.exec("cat", "/etc/only-here", check=False).returncode, 0)
        self.assertFalse(pathlib.Path("/etc/only-here").exists())
        self.host.down()
        self.assertEqual(other.system_state(), "running")

    def test_exec_is_a_unit_of_its_own(self) -> None:
        self.host.up(tied=True)
        done = self.host.exec("sh", "-c", "echo trusted; cat; exit 7", check=False, text_input="input")
        self.assertEqual((done.returncode, done.stdout), (7, "trusted\ninput"))
        # It stays a moment, or journald may come too late to see whose it was.
        self.host.exec("systemd-cat", "sh", "-c", "echo from a unit; sleep 1")
        entry = wait_until("the entry", 5, lambda: self.host.journal("MESSAGE=from a unit"))[0]
        self.assertRegex(entry["_SYSTEMD_UNIT"], r"^run-u\d+\.service$")
        capabilities = self.host.exec("sh", "-c", "grep CapBnd /proc/self/status").stdout.split()[1]
        self.assertEqual(int(capabilities, 16) >> 25 & 1, 0, "the lab cannot set the clock that it shares")

    def test_ends_with_the_run_that_started_it(self) -> None:
        script = (
            "import pathlib, sys, time; sys.path.insert(0, '.'); from labkit.machine import Machine;"
            f"Machine(pathlib.Path('{self.state}')).up(tied=True); print('up', flush=True); time.sleep(600)")
        runner = subprocess.Popen(
            [sys.executable, "-c", script], cwd=CHECKOUT / "Tests/Lab", stdout=subprocess.PIPE, text=True)
        try:
            self.assertEqual(runner.stdout.readline(), "up\n")
            leader = Process.of(self.host.leader)
        finally:
            runner.kill()
            runner.wait()
            runner.stdout.close()
        wait_until("end of the lab", 20, lambda: not leader.is_alive())

    def test_the_fixtures_break_as_they_say(self) -> None:
        self.host.up(tied=True)
        self.host.systemctl("start", "lab-web.service", "lab-crasher.service", "lab-receiver.service")
        ask = ("/usr/bin/python3", "-c",
               "import urllib.request as u; print(u.urlopen('http://127.0.0.1:8080/healthz', timeout=1).status)")
        self.assertEqual(self.host.exec(*ask).stdout, "200\n")
        self.host.kill("lab-web.service", "USR1")
        self.assertIn("timed out", self.host.exec(*ask, check=False).stderr)
        self.assertEqual(self.host.show("lab-web.service", "ActiveState"), "active")
        self.host.systemctl("restart", "lab-web.service")
        self.assertEqual(self.host.exec(*ask).stdout, "200\n")

        self.host.write("/var/lib/lab-crasher/cache", "half")
        self.host.kill("lab-crasher.service")
        wait_until("the crash loop", 20, lambda: int(self.host.show("lab-crasher.service", "NRestarts")) >= 3)

        self.host.receiver_answers(500)
        post = ("/usr/bin/python3", "-c", "import urllib.request as u;"
                "u.urlopen(u.Request('http://127.0.0.1:9999/hook', b'body', {'Idempotency-Key': 'k'}))")
        self.assertIn("HTTP Error 500", self.host.exec(*post, check=False).stderr)
        self.host.receiver_answers(200)
        self.host.exec(*post)
        seen = [(r["status"], r["body"], r["headers"]["idempotency-key"]) for r in self.host.requests()]
        self.assertEqual(seen, [(500, "body", "k"), (200, "body", "k")])

    def test_noise_comes_at_its_rate(self) -> None:
        self.host.up(tied=True, rate_limit=False)
        self.host.systemctl("start", "lab-noise@1000.service", "lab-noise@1001.service")
        time.sleep(1)
        began = time.time()
        time.sleep(3)
        count = len([e for e in self.host.journal("SYSLOG_IDENTIFIER=noise", f"--since=@{began:.3f}",
                                                  f"--until=@{began + 2:.3f}")])
        self.assertGreater(count, 3600)
        self.assertLess(count, 4400)

    def test_a_port_is_shown_outside(self) -> None:
        self.host.up(tied=True)
        self.host.systemctl("start", "lab-exporter.service")
        line = [sys.executable, CHECKOUT / "Tests/Lab/lab", "--state", self.state, "forward", "9200", "--to", "19200"]
        forward = subprocess.Popen(line, stdout=subprocess.PIPE, text=True)
        try:
            self.assertEqual(forward.stdout.readline(), "http://127.0.0.1:19200\n")

            def fetch() -> bytes | None:
                try:
                    return urllib.request.urlopen("http://127.0.0.1:19200/metrics", timeout=2).read()
                except OSError:
                    return None  # the exporter has not opened its port yet

            body = wait_until("the exporter", 10, fetch, every=0.2)
            self.assertEqual(body.count(b"synthetic_total{"), 5000)
        finally:
            forward.send_signal(signal.SIGTERM)
            forward.wait()
            forward.stdout.close()

    def test_down_without_up_says_so(self) -> None:
        with self.assertRaisesRegex(LabError, "no lab is running"):
            self.host.exec("true")
