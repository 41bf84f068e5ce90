"""`python3 -m inbox SPOOL OUT`: files what comes into the spool.

`letter PERSON SUBJECT` files a letter, `find WORDS` writes those about the words to OUT/found.
"""

import pathlib
import sys
import time

from inbox.letters import Letters


def take(letters, line, out):
    kind, _, rest = line.partition(" ")
    if kind == "letter":
        person, _, subject = rest.partition(" ")
        letters.add(person, subject)
    elif kind == "find":
        with (out / "found").open("a") as file:
            for person, subject in letters.about(rest):
                file.write(f"{rest}: {person}, {subject}\n")
    else:
        raise ValueError(f"neither a letter nor a question: {line}")


def main(spool, out):
    letters = Letters(out / "letters.sqlite")
    while True:
        for file in sorted(spool.iterdir()):
            for line in file.read_text().splitlines():
                try:
                    take(letters, line, out)
                except Exception as error:
                    sys.exit(f"<3>{file.name}: {type(error).__name__}: {error}")
            file.unlink()
        time.sleep(0.3)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
