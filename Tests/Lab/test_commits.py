"""Killed right after every commit, of the ledger and of the helper's log: each run ends as if nothing had been."""

from labkit import campaign
from labkit.case import LabCase
from labkit.host import CORE, HELPER
from labkit.machine import wait_until

COMMITS_MAX = 200
# Reads the variable until the first death, and then no more.
DROP_IN = """\
[Service]
EnvironmentFile=-/run/lab-kill/{unit}.env
ExecStopPost=+/bin/rm -f /run/lab-kill/{unit}.env
RestartSec=100ms
"""


class Commits(LabCase):
    rate_limit = False

    def sweep(self, unit: str) -> None:
        self.begin(["lab-slow-quick"], units=[f"lab-target@{n}.service" for n in range(COMMITS_MAX)])
        self.host.write(f"/etc/systemd/system/{unit}.d/kill.conf", DROP_IN.format(unit=unit))
        self.host.systemctl("daemon-reload")
        step = campaign.current.sample(5, 1)
        killed = self.to_a_person = 0
        for number in range(1, COMMITS_MAX, step):
            if not self.killed_after(unit, number):
                break
            killed += 1
        else:
            self.fail(f"{unit} still commits after {COMMITS_MAX}")
        self.assertGreater(killed, 0, f"{unit} was never killed: it does not know NIGHTSHIFT_KILL_AFTER_COMMIT")
        self.figure(
            f"{unit} killed after every{'' if step == 1 else f' {step}th'} commit of one repair",
            f"{killed} kills, no run lost, {self.to_a_person} handed to a person", "no effect twice",
            "systemd, run and http steps; the journal and a web server count executions")

    def killed_after(self, unit: str, number: int) -> bool:
        """One repair with a kill after that commit; false when the run went through untouched."""
        target = f"lab-target@{number}.service"
        self.host.systemctl("stop", CORE, HELPER)
        # Both begin with nothing, so that commits are counted from 1 again.
        self.host.systemd("find", "/var/lib/nightshift", "/var/lib/nightshift-exec", "-mindepth", "1", "-delete")
        self.host.systemctl("start", target)
        self.host.write(f"/run/lab-kill/{unit}.env", f"NIGHTSHIFT_KILL_AFTER_COMMIT={number}\n")
        self.host.systemctl("reset-failed", CORE, HELPER, check=False)
        self.host.systemctl("start", CORE, check=False)  # the kill may come before it is ready
        wait_until("the core", 20, lambda: self.host.show(CORE, "ActiveState") == "active")
        broke = self.now()
        self.host.kill(target)
        incident = self.host.wait_for_incident("UnitFailed", since=broke, unit=target, within=90)
        told = [r for r in self.host.requests(f"/count/{target}") if r["method"] == "POST"]
        where = f"{unit} killed after commit {number}"
        if incident["state"] == "escalated":
            # Killed around its request, the http step is not sent again on a guess. Its probe says that it was not
            # done, or nobody can say what became of it: either way a person is asked.
            texts = [line["text"] for line in incident["timeline"]]
            self.assertIn("tell: asks what became of it", texts, where)
            is_known = any(text.startswith("tell failed: ") for text in texts)
            is_unknown = any("outcome of tell is unknown" in text for text in texts)
            self.assertTrue(is_known or is_unknown, f"{where}: {texts}")
            self.assertLessEqual(len(told), 0 if is_known else 1, f"{where}: the http step")
            self.to_a_person += 1
        else:
            self.assert_state(incident, "resolved")
            self.assertEqual(len(told), 1, f"{where}: the http step")
            self.assertEqual(self.host.show(target, "ActiveState"), "active", where)
        self.assertEqual(self.host.executions(target), 1, f"{where}: the run step")
        return not self.host.root.joinpath(f"run/lab-kill/{unit}.env").exists()

    def test_the_core_after_each_commit(self) -> None:
        self.sweep(CORE)

    def test_the_helper_after_each_commit(self) -> None:
        self.sweep(HELPER)
