"""What no runbook covers: an incident travels from its alert over diagnosis, test, fix, review, staging, approval and
production back to a closed incident. The model is a scripted one; everything else is real."""

import time

from labkit import campaign
from labkit.case import LabCase
from story.desk import AGENTS, Desk
from story.lab import Story
from story.project import Defect, Project, Variation
from story.variation import RENAMED


class FixCase(LabCase):
    def desk(
        self, project: Project, script: dict, more_runbooks: dict[str, list[str]] = {}, **settings_of_agents
    ) -> Desk:
        desk = Desk(self.host, Story(self.host, project))
        desk.begin(script, more_runbooks, **settings_of_agents)
        return desk

    def assert_mended(self, desk: Desk, defect: Defect, item: dict, first: str) -> None:
        """The whole way was gone, once, and what was merged is what the script wrote."""
        story, incident = desk.story, self.host.incident(item["incident"])
        self.assert_state(incident, "resolved")
        self.assertEqual(desk.script_errors(), [])
        self.assertEqual(item["state"], "resolved", item)
        self.assert_kinds(
            incident, "signal", "intent", "start", "result", "verify", "escalate", "agent", "approval", "verify")
        pulls = desk.pulls()
        self.assertEqual([pull["state"] for pull in pulls], ["merged"])
        self.assertEqual(story.revision(), story.head(), "what was merged is in production")
        made = story.git("rev-list", "--no-merges", f"{first}..{story.head()}").split()
        self.assertEqual(len(made), len(set(made)))
        files = story.git("diff", "--name-only", first, story.head()).split()
        scripted = {edit["path"] for role in ["test", *defect.facts["rounds"]] for edit in defect.edits(role)}
        self.assertEqual(sorted(files), sorted(scripted))

    def mend(self, project: Project, name: str) -> tuple[Desk, Defect, dict]:
        defect = project.defect(name)
        desk = self.desk(project, defect.script())
        first = desk.story.head()
        broke = self.now()
        incident = desk.breaks(defect)
        item = desk.drive(incident["id"])
        self.assert_mended(desk, defect, item, first)
        self.record(f"{project.name}: {defect.name.replace('-', ' ')}", broke, self.host.incident(incident["id"]))
        return desk, defect, item


class TheStory(FixCase):
    def test_a_race_from_its_alert_to_the_closed_incident(self) -> None:
        desk, _, item = self.mend(Project("payments"), "lost-update")
        self.assertEqual(desk.asked("review"), 2, "one change was asked for, and then it was right")
        self.assertEqual(desk.asked("fix"), 1)
        time.sleep(5)
        self.assertEqual(desk.story.errors(), 0, "the load goes on, and nothing fails")
        incident = self.host.incident(item["incident"])
        texts = "\n".join(line["text"] for line in incident["timeline"])
        for words in ["10 of 10", desk.story.head()[:7], "staging"]:
            self.assertIn(words, texts)
        pull = desk.pull(str(desk.pulls()[0]["id"]))
        self.assertTrue(pull["checks"], "what was proven is with the pull request")
        write = ["find", desk.story.repository, "-writable"]
        self.assertNotEqual(self.host.exec(*write, user="nightshift").stdout, "")
        self.assertEqual(self.host.exec(*write, user="nightshift-agents").stdout, "", "the agents only read")
        self.assert_walled()
        self.transcript("incidents", "show", incident["id"])
        self.transcript("work", "show", item["id"])
        self.transcript("pr", "show", str(pull["id"]))

    def assert_walled(self) -> None:
        """Where the agents' process lives there is no bus and no ledger; its user outside could ask the bus."""
        user = "nightshift-agents"
        bus, ledger = ["busctl", "--system", "list"], ["head", "--bytes=1", "/var/lib/nightshift/ledger.sqlite"]
        self.assertEqual(self.host.exec(*bus, user=user, check=False).returncode, 0)
        self.assertEqual(self.host.exec(*ledger, check=False).returncode, 0)
        number = lambda option: self.host.exec("id", option, user).stdout.strip()
        inside = ["nsenter", "--mount", "--target", self.host.show(AGENTS, "MainPID"), "--setuid", number("-u"),
                  "--setgid", number("-g"), "--"]
        self.assertEqual(self.host.exec(*inside, "id", "--user").stdout.strip(), number("-u"))
        for command in [bus, ledger]:
            done = self.host.exec(*inside, *command, check=False)
            self.assertNotEqual(done.returncode, 0, f"{command}: {done.stdout[:200]}")

    @campaign.in_full  # test_fix_commits has one under other names, too
    def test_the_same_under_other_names(self) -> None:
        self.mend(Project("payments", Variation(RENAMED["payments"])), "lost-update")

    @campaign.in_full
    def test_rejected_by_a_person(self) -> None:
        project = Project("payments")
        defect = project.defect("lost-update")
        desk = self.desk(project, defect.script())
        first = desk.story.head()
        incident = desk.breaks(defect)
        desk.drive(incident["id"], approves=False)
        pull = str(desk.pulls()[0]["id"])
        self.assertEqual(desk.story.head(), first, "nothing merges by itself")
        self.assertEqual(desk.person("pr", "reject", pull, "--why", "we rewrite it next week")[0], 0)
        item = desk.drive(incident["id"])
        self.assertEqual(item["state"], "escalated")
        self.assertEqual((desk.story.head(), desk.story.revision()), (first, first))
        texts = [line["text"] for line in self.host.incident(incident["id"])["timeline"]]
        self.assertTrue(any("we rewrite it next week" in text for text in texts), texts)
        self.stopped("a person rejects the pull request", "a person", "we rewrite it next week", "nothing merged")


class OtherDefects(FixCase):
    """Three languages, two kinds of report, and none of it known to the pipeline."""


def other_defects() -> list[tuple[str, str]]:
    found = [(project.name, defect.name) for project in Project.all() if project.name != "payments"
             for defect in project.defects()]
    return campaign.current.sample([("tally", "overflow"), ("renewals", "lock")], found)


for project, defect in other_defects():
    name = f"test_{project}_{defect.replace('-', '_')}"
    setattr(OtherDefects, name, lambda self, project=project, defect=defect: self.mend(Project(project), defect))
