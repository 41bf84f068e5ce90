"""`nightshift demo` where there is no lab to break: on a user's own systemd, and on a recording where there is none."""

from labkit.case import LabCase
from labkit.machine import wait_until


class SandboxDemo(LabCase):
    def user(self, name: str, manager: bool) -> str:
        """A user without rights; with a systemd of their own or not. Their runtime directory."""
        self.host.exec("useradd", "--create-home", name)
        number = self.host.exec("id", "-u", name).stdout.strip()
        if manager:
            self.host.systemctl("start", f"user@{number}.service")
        return f"/run/user/{number}"

    def left(self, runtime: str) -> list[str]:
        """Everything below the runtime directory that the demo could have made."""
        found = self.host.exec("find", runtime, "-path", "*/inaccessible", "-prune", "-o", "-print").stdout
        return sorted(line for line in found.splitlines() if "/systemd/user" in line or "demo" in line)

    def units(self, name: str, runtime: str) -> str:
        return self.host.exec(
            "systemctl", "--user", "list-units", "--all", "--no-legend", "*demo*", user=name,
            env={"XDG_RUNTIME_DIR": runtime}).stdout

    def test_on_the_users_own_systemd(self) -> None:
        runtime = self.user("ada", manager=True)
        done = self.host.exec("/usr/bin/nightshift", "demo", user="ada", check=False, timeout=120)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("systemd --user", done.stdout)
        self.assertIn("✔ resolved", done.stdout)
        for kind in ["signal", "intent", "start", "result", "verify"]:
            self.assertIn(f"  {kind}", done.stdout)
        self.assertNotIn("error", done.stderr)
        self.assertEqual(self.left(runtime), [])
        self.assertEqual(self.units("ada", runtime), "")

    def test_interrupted_it_leaves_nothing(self) -> None:
        runtime = self.user("ada", manager=True)
        self.host.systemd("systemd-run", "--quiet", "--unit=lab-demo", "--uid=ada", "/usr/bin/nightshift", "demo")
        wait_until("the demo", 20, lambda: self.left(runtime))
        wait_until("the demo's daemon", 20, lambda: any("control.sock" in path for path in self.left(runtime)))
        self.host.kill("lab-demo.service", "INT")
        wait_until("its end", 20, lambda: self.host.show("lab-demo.service", "ActiveState") != "active")
        self.assertEqual(self.left(runtime), [])
        self.assertEqual(self.units("ada", runtime), "")

    def test_without_a_systemd_of_ones_own_it_is_a_recording(self) -> None:
        self.user("bob", manager=False)
        done = self.host.exec("/usr/bin/nightshift", "demo", user="bob", check=False)
        self.assertEqual(done.returncode, 1, "nothing was resolved")
        self.assertIn("RECORDING", done.stdout)
        self.assertIn("would have done: systemd restart nginx.service", done.stdout)
        self.assertIn("nothing was done, so nothing is resolved", done.stdout)
        self.assertEqual(done.stderr, "")
