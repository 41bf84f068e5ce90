"""Nightshift with agents in a lab, and the people who approve."""

import json
import re
import time

from labkit.host import SHIPPED, Host, settings
from labkit.machine import LabError, wait_until
from story.lab import KEY_FILE, MODEL_PORT, MODEL_UNIT, Story, model_requests, start_model

PIPELINE = ["incident-fix", "stage", "deploy"]
ENDED = ("resolved", "escalated", "refused", "cancelled", "failed")
"""Of an item of work."""
AGENTS = "nightshift-agents.service"
APPROVER = "ada"
STORY = "/etc/nightshift"


def more_settings(story: Story, budget: dict[str, str] = {}, **provider: str) -> str:
    model = {
        "url": f"http://127.0.0.1:{MODEL_PORT}", "model": "scripted-1", "key_file": "$CREDENTIALS_DIRECTORY/model.key", "timeout": "20s",
        "idle_timeout": "5s", "prices": {"input": "3", "output": "15"},
    } | provider
    agents = {"provider": {"anthropic": model}, "budget": {"incident": "5 USD", "tokens": "2M per incident"} | budget}
    projects = {story.project.name: story.project.settings}
    return f"agents: {json.dumps(agents)}\nprojects: {json.dumps(projects)}\n"


class Desk:
    """One project's story under Nightshift: what its people see and do."""

    def __init__(self, host: Host, story: Story):
        self.host, self.story = host, story

    def begin(self, script: dict, more_runbooks: dict[str, list[str]] = {}, **settings_of_agents) -> None:
        """Installs all of it, with the model's script, and starts Nightshift.

        More runbooks, by name with the units they may act on, are those that a test has put beside the story's."""
        project = self.story.project
        self.host.systemctl("start", "lab-receiver.service")
        self.host.exec("useradd", "--system", "--groups", "nightshift-approvers", APPROVER, check=False)
        start_model(self.host, script)
        self.story.install()
        runbook = f"restart-{project.name}"
        self.host.configure(settings(
            rules=[f"{STORY}/rules/{project.name}.yaml"],
            runbooks=[*(f"{STORY}/runbooks/{name}.yaml" for name in [runbook, *more_runbooks]),
                      f"{SHIPPED}/runbooks/pipeline", f"{SHIPPED}/runbooks/roles"],
            scrape=json.dumps(project.facts["scrape"]), more=more_settings(self.story, **settings_of_agents)))
        self.share_repository()
        self.host.install_runbooks([runbook], {"unit": project.settings["units"]}, f"{STORY}/runbooks")
        for name, units in more_runbooks.items():
            self.host.install_runbooks([name], {"unit": units}, f"{STORY}/runbooks")
        self.host.install_runbooks(PIPELINE, {}, f"{SHIPPED}/runbooks/pipeline")
        self.host.start()
        self.host.systemctl("start", AGENTS)

    def goes_on(self) -> None:
        """After a boot: everything that ran before, in the order of `begin`."""
        self.host.systemctl("start", "lab-receiver.service", MODEL_UNIT, *self.story.services())
        self.host.start()
        self.host.systemctl("start", AGENTS)

    def share_repository(self) -> None:
        """The core writes to the bare repository, as developers do; the agents' user only reads it.

        git marks the folders of a shared repository setgid, which the unit's sandbox forbids otherwise."""
        repository, group = self.story.repository, "story-git"
        self.host.exec("groupadd", "--system", "--force", group)
        self.host.exec("usermod", "--append", "--groups", group, "nightshift")
        git = ["git", "-c", f"safe.directory={repository}", f"--git-dir={repository}"]
        self.host.exec(*git, "config", "core.sharedRepository", "0664")
        self.host.exec("chgrp", "-R", group, repository)
        self.host.exec("chmod", "-R", "g+rwX,o+rX", repository)
        self.host.exec("find", repository, "-type", "d", "-exec", "chmod", "g+s", "{}", "+")
        self.host.write("/etc/systemd/system/nightshift.service.d/story.conf",
                        f"[Service]\nReadWritePaths={repository}\nRestrictSUIDSGID=no\n")
        self.host.systemctl("daemon-reload")

    # What people see

    def work(self) -> list[dict]:
        return json.loads(self.host.nightshift("work", "list", "--json").stdout)

    def item(self, identifier: str) -> dict:
        return json.loads(self.host.nightshift("work", "show", identifier, "--json").stdout)

    def pulls(self) -> list[dict]:
        return json.loads(self.host.nightshift("pr", "list", "--json").stdout)

    def pull(self, identifier: str) -> dict:
        return json.loads(self.host.nightshift("pr", "show", identifier, "--json").stdout)

    # What they do

    def person(self, *words: str) -> tuple[int, str]:
        done = self.host.exec("/usr/bin/nightshift", *words, user=APPROVER, check=False)
        return done.returncode, done.stdout + done.stderr

    def asked_for(self, *words: str) -> str | None:
        """The hash of the plan that a person is shown; None where nothing is asked."""
        _, said = self.person(*words)
        plan = re.search(r"--plan ([0-9a-f]{6,})", said)
        return plan[1] if plan else None

    def approve(self, *words: str) -> None:
        plan = self.asked_for(*words)
        if plan:
            self.person(*words, "--plan", plan)

    def drive(self, incident: str, approves: bool = True, within: float = 400) -> dict:
        """Approves whatever is asked, until the work on the incident has ended; the answer is the item.

        With `approves` false pull requests are left alone, and the first that is open ends the drive."""

        def look() -> dict | None:
            try:
                items = [item for item in self.work() if item["incident"] == incident]
                if items and items[0]["state"] in ENDED:
                    return items[0]
                plan = self.asked_for("approve", incident)
                waiting = [pull for pull in self.pulls() if pull["state"] == "open"]
                if waiting and not approves:
                    return items[0]
                if waiting:
                    self.approve("pr", "approve", str(waiting[0]["id"]))
                elif plan:  # of what was shown before there was a pull request: never its merge
                    self.person("approve", incident, "--plan", plan)
            except (LabError, json.JSONDecodeError):
                pass  # the daemon is being killed or started just now
            return None

        try:
            return wait_until(f"the end of the work on {incident}", within, look, every=1)
        except LabError as error:
            lines = self.host.incident(incident)["timeline"]
            shown = "\n".join(f"  {line['at']} {line['kind']:9} {line['text']}" for line in lines[-40:])
            raise LabError(f"{error}\n{shown}") from None

    def breaks(self, defect) -> dict:
        """Breaks the service; the answer is the incident once the restart has not helped."""
        broke = time.time()
        self.story.break_by(defect)
        return self.broken(defect, broke, ("escalated", "acting", "awaiting_approval"))

    def broken(self, defect, since: float, states: tuple[str, ...]) -> dict:
        unit = self.story.project.settings["units"][0]
        return self.host.wait_for_incident(defect.facts["alert"], since=since, states=states, within=90, unit=unit)

    def gates(self, incident: dict) -> set[str]:
        """The names of gates that speak in a timeline, as `GATE: sentence`."""
        words = [re.findall(r"(?:^|[\s(\u201c\"])([a-z][a-z-]+): ", line["text"]) for line in incident["timeline"]]
        return {word for line in words for word in line}

    def stopped_by(self, incident: dict, gates: set[str]) -> tuple[str, str]:
        """Which of the gates speaks first in a timeline, and what it says."""
        for line in incident["timeline"]:
            for gate in gates:
                said = re.search(rf"(?:^|[\s(\u201c\"]){gate}: (.*)", line["text"], re.DOTALL)
                if said:
                    return gate, said[1]
        raise LabError(f"none of {sorted(gates)} speaks")

    def script_errors(self) -> list[str]:
        """What the model was asked that its script does not know."""
        return [line["script_error"] for line in model_requests(self.host) if "script_error" in line]

    def asked(self, role: str) -> int:
        """How many conversations a role had."""
        return len({line["conversation"] for line in model_requests(self.host) if line["role"] == role})
