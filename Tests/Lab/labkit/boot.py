"""Runs in a mount namespace of its own: lays out the lab's root, then becomes systemd-nspawn.

The mounts live in that namespace alone: nothing of the lab is seen from outside, and nothing is left when it ends.
"""

import ctypes
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import uuid

from labkit import snapshot

# What must cost what it costs on a real disk: everything that Nightshift and journald sync.
ON_DISK = {
    "nightshift": "/var/lib/nightshift",
    "nightshift-exec": "/var/lib/nightshift-exec",
    "journal": "/var/log/journal",
}
BINARIES = ["nightshift", "nightshift-exec"]
FIXTURES = "/usr/lib/nightshift-lab"
PR_SET_PDEATHSIG = 1


def mount_root(state: pathlib.Path, changes: pathlib.Path | None) -> pathlib.Path:
    """An overlay of / whose changes live in memory; `changes` are those to begin with."""
    writes, root = state / "rw", state / "root"
    writes.mkdir(exist_ok=True)
    root.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=0755", "nightshift-lab", writes], check=True)
    if changes:
        snapshot.copy(changes, writes / "up")
    else:
        (writes / "up").mkdir()
    (writes / "work").mkdir()
    layers = f"lowerdir=/,upperdir={writes}/up,workdir={writes}/work"
    subprocess.run(["mount", "-t", "overlay", "-o", layers, "nightshift-lab", root], check=True)
    return root


def calm(root: pathlib.Path, rate_limit: bool) -> None:
    """Takes away what the machine outside had enabled: a lab starts only what it is told to."""
    system = root / "etc/systemd/system"
    for link in [*system.glob("*.wants/*"), *system.glob("*.requires/*"), *(root / "etc").glob("rc?.d/*")]:
        link.unlink()
    for name in ["console-getty.service", "systemd-timesyncd.service", "systemd-networkd.service"]:
        mask = system / name
        mask.unlink(missing_ok=True)
        mask.symlink_to("/dev/null")
    # An image made for containers refuses to start services; a host does not.
    (root / "usr/sbin/policy-rc.d").unlink(missing_ok=True)
    (root / "etc/fstab").write_text("")
    (root / "etc/hostname").write_text("lab\n")
    (root / "etc/hosts").write_text("127.0.0.1 localhost lab\n::1 localhost\n")
    (root / "etc/machine-id").write_text(uuid.uuid4().hex + "\n")
    journald = root / "etc/systemd/journald.conf.d"
    journald.mkdir(parents=True, exist_ok=True)
    limits = "" if rate_limit else "RateLimitIntervalSec=0\nRateLimitBurst=0\n"
    (journald / "lab.conf").write_text(f"[Journal]\nStorage=persistent\nSystemMaxUse=1G\n{limits}")


def add_fixtures(root: pathlib.Path, fixtures: pathlib.Path) -> None:
    """The small services that tests break: programs to FIXTURES, units beside systemd's own; none is enabled."""
    shutil.copytree(fixtures, root / FIXTURES.lstrip("/"), dirs_exist_ok=True)
    for unit in [*(fixtures / "units").glob("*.service"), *(fixtures / "units").glob("*.timer")]:
        shutil.copy(unit, root / "etc/systemd/system" / unit.name)


def install(root: pathlib.Path, checkout: pathlib.Path, build: str) -> None:
    """As a package would: files, users, directories; nothing is started."""
    make = ["make", "--no-print-directory", "-C", checkout, "install", f"DESTDIR={root}", f"BUILD={build}"]
    subprocess.run(make, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["systemd-sysusers", f"--root={root}"], check=True)
    subprocess.run(["systemd-tmpfiles", f"--root={root}", "--create", "nightshift.conf"], check=True)


def binaries_to_disk(state: pathlib.Path, root: pathlib.Path) -> None:
    """What runs from memory counts as dirty memory of the process: the binaries are mounted from the disk."""
    (state / "disk/bin").mkdir(exist_ok=True)
    for name in BINARIES:
        shutil.move(root / "usr/bin" / name, state / "disk/bin" / name)
        (root / "usr/bin" / name).touch(mode=0o755)


def enable(root: pathlib.Path, units: list[str]) -> None:
    if units:
        subprocess.run(["systemctl", "--quiet", f"--root={root}", "enable", *units], check=True)


def own_cgroup(name: str) -> None:
    """A control group for this lab alone: nspawn without a scope uses its caller's, and two labs must not share one."""
    for line in pathlib.Path("/proc/self/mounts").read_text().splitlines():
        _, where, kind, options, *_ = line.split()
        if kind == "cgroup2" or (kind == "cgroup" and "name=systemd" in options.split(",")):
            group = pathlib.Path(where) / name
            group.mkdir(exist_ok=True)
            (group / "cgroup.procs").write_text(str(os.getpid()))


def lay_out(state: pathlib.Path, root: pathlib.Path, plan: dict) -> None:
    """A host on which nothing has happened yet."""
    checkout = pathlib.Path(plan["checkout"])
    calm(root, plan["rate_limit"])
    add_fixtures(root, checkout / "Tests/Lab/fixtures")
    for name in ON_DISK:
        (state / "disk" / name).mkdir(parents=True, exist_ok=True)
    if plan["build"]:
        install(root, checkout, plan["build"])
        binaries_to_disk(state, root)
    enable(root, plan["enable"])


def main(state: pathlib.Path) -> None:
    plan = json.loads((state / "plan.json").read_text())
    if plan["tied"]:
        # nspawn powers its machine off on SIGTERM: a lab never outlives the test run that started it.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    os.umask(0o022)
    kept = plan["kept"] and pathlib.Path(plan["kept"])
    if kept:
        snapshot.copy_disk(kept / "disk", state / "disk")
    root = mount_root(state, kept / "changes" if kept else None)
    if not kept:
        lay_out(state, root, plan)
    binds = [f"--bind={state / 'disk' / name}:{inside}" for name, inside in ON_DISK.items()]
    if plan["build"]:
        binds += [f"--bind-ro={state / 'disk/bin' / name}:/usr/bin/{name}" for name in BINARIES]

    command = [
        "systemd-nspawn", "--quiet", "--boot", f"--directory={root}", f"--machine={plan['name']}", "--register=no",
        "--private-network", "--resolv-conf=off", "--timezone=off", "--link-journal=no", "--console=read-only",
    ]
    command += binds + [f"--bind-ro={path}" for path in plan["bind_ro"]]
    if not os.path.isdir("/run/systemd/system"):
        # No systemd outside that could make a scope: stay in the control group made here.
        own_cgroup(plan["name"])
        command.append("--keep-unit")
    os.environ["SYSTEMD_NSPAWN_UNIFIED_HIERARCHY"] = "1"
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
