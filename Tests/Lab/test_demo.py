"""`nightshift demo` in the lab: with its runbook it resolves, without it exits 1."""

from labkit.case import LabCase

SETUP = "/usr/lib/nightshift-lab/demo-setup.sh"


class Demo(LabCase):
    enable = ["nginx.service"]

    def test_the_demo_resolves(self) -> None:
        self.host.exec(SETUP)
        began = self.now()
        done = self.host.exec("/usr/bin/nightshift", "demo", check=False, timeout=150)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("resolved", done.stdout)
        for kind in ["signal", "intent", "start", "result", "verify"]:
            self.assertIn(f"  {kind}", done.stdout)
        self.assertIn("127.0.0.1:9797", done.stdout)
        self.assertEqual(self.host.show("nginx.service", "ActiveState"), "active")
        took = self.now() - began
        self.figure("the demo, once the lab is up", f"{took:.1f} s", "120 s", "nightshift demo")
        self.assertLess(took, 120)

    def test_without_its_runbook_the_demo_exits_1(self) -> None:
        self.host.exec(SETUP, "--without-runbook")
        done = self.host.exec("/usr/bin/nightshift", "demo", check=False, timeout=150)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("escalated", done.stdout)
