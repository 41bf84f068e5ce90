"""The story with each single answer of the model replaced by a wrong one: each is stopped by a gate that names itself,
nothing wrong reaches the production branch, and a deploy that hurts is rolled back."""

from labkit import campaign
from labkit.machine import wait_until
from story.project import Project, Wrong
from test_fix import FixCase

SAMPLE = ["symptom-only", "worse-in-production"]


class WrongAnswers(FixCase):
    def answers(self, wrong: Wrong) -> None:
        defect = wrong.defect
        desk = self.desk(defect.project, wrong.script())
        story = desk.story
        first = story.head()
        if wrong.facts.get("hostile"):
            story.insult()
        broke = self.now()
        incident = desk.breaks(defect)
        hurts = "watch" in wrong.gates
        item = desk.drive(incident["id"], approves=hurts)
        incident = self.host.incident(incident["id"])
        lines = "\n".join(f"  {line['kind']:9} {line['text']}" for line in incident["timeline"])
        self.assertEqual(item["state"], "escalated", lines)
        self.assertTrue(desk.gates(incident) & set(wrong.gates), f"none of {wrong.gates} speaks:\n{lines}")
        self.assertEqual(desk.script_errors(), [])
        self.assertEqual(story.revision(), first, "production runs what it ran")
        if hurts:
            self.assertIn("undo", [line["kind"] for line in incident["timeline"]])
            self.assertEqual([pull["state"] for pull in desk.pulls()], ["merged"], "a person approved it")
        else:
            self.assertEqual(desk.pulls(), [])
            self.assertEqual(story.head(), first, "nothing reached the branch")
        after = "rolled back to what ran before" if hurts else "production and branch as they were"
        self.stopped(wrong.facts["what"], *desk.stopped_by(incident, set(wrong.gates)), after)
        unit = defect.project.settings["units"][0]
        wait_until("a page", 20, lambda: [
            page for page in self.host.requests() if page["at"] >= broke and unit in page["body"]])


for variant in Project("payments").defect("lost-update").wrong():
    if variant.name in campaign.current.sample(SAMPLE, [variant.name]):
        name = f"test_{variant.name.replace('-', '_')}"
        setattr(WrongAnswers, name, lambda self, variant=variant: self.answers(variant))
