"""A model that misbehaves, hostile logs, repositories and test commands that are not as they should be: each ends
bounded, with a named reason on the timeline, and a person is told without the model's help."""

import time

from labkit import campaign
from labkit.host import CORE
from labkit.machine import wait_until
from story.desk import AGENTS, Desk
from story.lab import INSTRUCTIONS, model_requests
from story.project import Project
from test_fix import FixCase

FAULTS = {
    "hang": "timeout", "hang-in-stream": "timeout", "slow": "timeout", "broken-off": "unreachable",
    "garbage": "malformed", "bad-event": "malformed", "error-200": "unreachable", "error-in-stream": "unreachable",
    "bad-arguments": "schema", "max-tokens": "length", "refusal": "refusal", "rate-limit": "unreachable",
    "overloaded": "unreachable", "broken": "unreachable", "flood": "malformed",
}
"""What the model does for ever, and by what name the agent fails."""
PRICES = {"input": "12", "output": "15"}
BUDGETS = {
    "tokens of an incident": ({"budget": {"tokens": "30k per incident"}}, None, "tokens for an incident are used"),
    "money of an incident": ({"budget": {"incident": "0.13 USD"}}, None, "for an incident are spent"),
    "money of a day": ({"budget": {"day": "0.20 USD"}}, None, "for a day are spent"),
    "money of a month": ({"budget": {"month": "0.20 USD"}}, None, "for a month are spent"),
    "money of a role": ({"budget": {"incident": "1 USD"}, "prices": PRICES}, "endless-questions",
                        "are spent; the next request of root-cause could go past that"),
}
"""What the settings give, a wrong answer that would go on without end, and what the budget says at its end."""
EVIL_TESTS = {
    "forks": """\
        import os, time
        children = []
        for _ in range(400):
            child = os.fork()
            if child == 0:
                time.sleep(60)
                os._exit(0)
            children.append(child)
        for child in children:
            os.waitpid(child, 0)
""",
    "writes outside": """\
        import pathlib
        for place in ["/srv/payments/owned", "/var/tmp/owned", "/etc/owned", "/var/lib/nightshift/owned"]:
            try:
                pathlib.Path(place).write_text("x")
            except OSError:
                pass
""",
    "opens a socket": """\
        import urllib.request
        try:
            urllib.request.urlopen("http://127.0.0.1:9999/owned", timeout=3)
        except OSError:
            pass
""",
    "prints a gigabyte": """\
        import sys
        for _ in range(1 << 14):
            sys.stdout.write("x" * (1 << 16))
""",
}
LIMITS = {"forks": "more than 64 processes", "prints a gigabyte": "more than 64MiB of output"}
"""What ends the test command; of the others the sandbox's walls make nothing."""
EVIL = """\
import unittest


class EvilTests(unittest.TestCase):
    def test_evil(self):
"""


class BadInputCase(FixCase):
    def setUp(self) -> None:
        super().setUp()
        self.project = Project("payments")
        self.defect = self.project.defect("lost-update")

    def begin(self, script: dict | None = None, **settings_of_agents) -> Desk:
        return self.desk(self.project, script or self.defect.script(), **settings_of_agents)

    def assert_handed_on(self, desk: Desk, item: dict, *reasons: str) -> None:
        """A person was told, by name of the reason, and nothing was merged."""
        incident = self.host.incident(item["incident"])
        lines = "\n".join(f"  {line['kind']:9} {line['text']}" for line in incident["timeline"])
        self.assertEqual(item["state"], "escalated", lines)
        self.assertTrue(desk.gates(incident) & set(reasons), f"none of {reasons} speaks:\n{lines}")
        what = f"{type(self).__name__}: {self._testMethodName.removeprefix('test_').replace('_', ' ')}"
        self.stopped(what, *desk.stopped_by(incident, set(reasons)), "nothing merged")
        wait_until("a page", 20, self.host.requests)
        self.assertEqual([pull for pull in desk.pulls() if pull["state"] == "merged"], [])


class Models(BadInputCase):
    def misbehaves(self, fault: str) -> None:
        script = self.defect.script()
        script["roles"]["log-analysis"] = [{"turns": [{"finish": {"facts": []}, "fault": fault, "forever": True}]}]
        desk = self.begin(script, timeout="5s", idle_timeout="2s")
        incident = desk.breaks(self.defect)
        item = desk.drive(incident["id"], within=180)
        self.assert_handed_on(desk, item, FAULTS[fault])
        self.assertLess(len(model_requests(self.host)), 30, "it is not asked without end")

    @campaign.in_full
    def test_text_for_ever(self) -> None:
        script = self.defect.script()
        script["roles"]["log-analysis"] = [{"turns": [{"text": "{\"facts\": [", "forever": True}]}]
        desk = self.begin(script)
        item = desk.drive(desk.breaks(self.defect)["id"], within=180)
        self.assert_handed_on(desk, item, "schema", "turns")

    @campaign.in_full
    def test_a_pause_that_passes(self) -> None:
        script = self.defect.script()
        script["roles"]["log-analysis"][0]["turns"][0] |= {"fault": "rate-limit", "times": 2, "retry_after": 1}
        desk = self.begin(script)
        self.assertEqual(desk.drive(desk.breaks(self.defect)["id"])["state"], "resolved")


for kind in campaign.current.sample(["error-200"], list(FAULTS)):
    setattr(Models, f"test_{kind.replace('-', '_')}", lambda self, kind=kind: self.misbehaves(kind))


class Budgets(BadInputCase):
    """The model is well, and costs more than it may."""

    def ends(self, given: dict[str, dict[str, str]], wrong: str | None, words: str) -> None:
        script = next((one.script() for one in self.defect.wrong() if one.name == wrong), None)
        desk = self.begin(script, **given)
        item = desk.drive(desk.breaks(self.defect)["id"], within=180)
        self.assert_handed_on(desk, item, "budget")
        self.assertIn(words, desk.stopped_by(self.host.incident(item["incident"]), {"budget"})[1])
        self.assertGreater(item["tokens"], 0, "it did work for a while")
        for text in given["budget"].values():
            most, unit = text.split()[:2]
            if unit == "USD":
                self.assertLessEqual(item["cost"], float(most))
            else:
                self.assertLessEqual(item["tokens"], int(most.removesuffix("k")) * 1000)
        asked = len(model_requests(self.host))
        self.host.systemctl("restart", CORE, AGENTS)
        time.sleep(5)
        self.assertEqual(len(model_requests(self.host)), asked, "nothing is asked after it, nor after a restart")


for spent in campaign.current.sample(["tokens of an incident"], list(BUDGETS)):
    setattr(Budgets, f"test_{spent.replace(' ', '_')}", lambda self, spent=spent: self.ends(*BUDGETS[spent]))


class Texts(BadInputCase):
    @campaign.in_full
    def test_instructions_in_the_log(self) -> None:
        desk = self.begin()
        desk.story.insult()
        item = desk.drive(desk.breaks(self.defect)["id"])
        self.assertEqual(item["state"], "resolved")
        tools = {tool for line in model_requests(self.host) if line["role"] == "log-analysis" for tool in line["tools"]}
        self.assertEqual(tools, {"finish"}, "who reads the log can do nothing")
        self.assertEqual(self.host.entries_of("nightshift-agents.service", INSTRUCTIONS), 0)


class Repositories(BadInputCase):
    def broken_off(self, command: str, gate: str) -> None:
        """The repository goes while a person looks at the plan; the diagnosis was made from it."""
        desk = self.begin()
        incident = desk.breaks(self.defect)["id"]
        wait_until("the plan", 60, lambda: desk.asked_for("approve", incident))
        self.host.exec("sh", "-c", command.format(bare=desk.story.repository))
        item = desk.drive(incident, within=180)
        self.assert_handed_on(desk, item, gate)

    @campaign.in_full
    def test_dirty(self) -> None:
        """Somebody works in the folder that the settings name: nothing is begun that could not be delivered."""
        desk = self.begin()
        bare = desk.story.repository
        self.host.exec("sh", "-c", f"""
            export HOME=/ GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0='*'
            mv {bare} {bare}.bare && git clone --quiet {bare}.bare {bare} && cd {bare} &&
            echo '# mine' >> README.md && echo mine > mine && chown -R nightshift:nightshift .""")
        every_file = f"cd {bare} && find . -type f -not -name index | sort | xargs sha256sum"
        listing = lambda: self.host.exec("sh", "-c", every_file).stdout
        before = listing()
        self.assertIn(f"{bare} is not a bare repository", self.host.nightshift("doctor", check=False).stdout)
        item = desk.drive(desk.breaks(self.defect)["id"], within=180)
        self.assert_handed_on(desk, item, "forge")
        self.assertEqual(desk.asked("architect"), 0, "the model is asked for no change")
        self.assertEqual(listing(), before, "the person's work is as it was")

    def test_gone(self) -> None:
        self.broken_off("mv {bare} {bare}.gone", "repository")

    @campaign.in_full
    def test_broken(self) -> None:
        # What takes the branch in is the forge, and to it this is no repository any more.
        self.broken_off("echo nonsense > {bare}/HEAD; rm -rf {bare}/objects/pack {bare}/objects/??", "forge")

    @campaign.in_full
    def test_a_branch_of_that_name(self) -> None:
        """Somebody made the branch that the item would have, with something else on it."""
        desk = self.begin()
        incident = desk.breaks(self.defect)
        for number in range(1, 4):
            branch = f"refs/heads/nightshift/{incident['id'][:8]}-{number}"
            desk.story.git("update-ref", branch, desk.story.head() + "~1")
        self.assert_handed_on(desk, desk.drive(incident["id"]), "repository")

    @campaign.in_full
    def test_the_base_moves_while_a_person_looks(self) -> None:
        """An approval is of what was shown: after another commit on the branch it is of nothing."""
        desk = self.begin()
        incident = desk.breaks(self.defect)
        desk.drive(incident["id"], approves=False)
        pull = str(desk.pulls()[0]["id"])
        _, said = desk.person("pr", "approve", pull)
        shown = said.partition("--plan ")[2].split()[0]
        moved = desk.story.commit("Readme", [{
            "path": "README.md", "search": "# payments\n", "replace": "# Payments\n"}])
        self.host.exec("chown", "-R", "nightshift:nightshift", desk.story.repository)
        code, said = desk.person("pr", "approve", pull, "--plan", shown)
        merged = desk.story.head() != moved
        self.assertTrue(code != 0 or not merged, "what was approved is not what would be merged: " + said)


class TestCommands(BadInputCase):
    """The project's own tests are hostile."""

    def evil(self, name: str) -> None:
        desk = self.begin()
        desk.story.commit("Evil", [{"path": "tests/test_evil.py", "search": "", "replace": EVIL + EVIL_TESTS[name]}])
        self.host.exec("chown", "-R", "nightshift:nightshift", desk.story.repository)
        desk.story.deploy("production", desk.story.head())
        item = desk.drive(desk.breaks(self.defect)["id"], approves=False, within=600)
        if limit := LIMITS.get(name):
            self.assert_handed_on(desk, item, "repository")
            self.assertIn(limit, desk.stopped_by(self.host.incident(item["incident"]), {"repository"})[1])
        else:
            self.assertEqual([pull["state"] for pull in desk.pulls()], ["open"], "it is harmless, and the work goes on")
        self.assertEqual(self.host.requests("/owned"), [], "nothing left the sandbox")
        for place in ["srv/payments", "var/tmp", "etc", "var/lib/nightshift"]:
            self.assertFalse((self.host.root / place / "owned").exists(), f"something was written to /{place}")


for evil in campaign.current.sample([], list(EVIL_TESTS)):
    setattr(TestCommands, f"test_{evil.replace(' ', '_')}", lambda self, evil=evil: self.evil(evil))
