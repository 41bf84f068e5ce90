"""Virtual environments of packages, kept beside the build."""

import pathlib
import subprocess
import sys


def python(folder: pathlib.Path, packages: list[str]) -> str:
    """The interpreter of a virtual environment that has exactly these packages; makes it where it is missing."""
    program, mark, wanted = folder / "bin/python", folder / "packages", "\n".join(packages)
    if not (mark.exists() and mark.read_text() == wanted):
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        install = ["install", "--quiet", "--disable-pip-version-check", *packages]
        subprocess.run([program, "-m", "pip", *install], check=True)
        mark.write_text(wanted)
    return str(program)
