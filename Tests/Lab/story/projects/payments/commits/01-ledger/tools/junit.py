"""Runs the unit tests in a folder and writes a JUnit report: `junit.py FOLDER REPORT`."""

import pathlib
import sys
import time
import unittest
import xml.etree.ElementTree as xml

ROOT = pathlib.Path(__file__).resolve().parent.parent


class Recorder(unittest.TextTestResult):
    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        self.suite = xml.Element("testsuite", name="tests")

    def startTest(self, test):
        super().startTest(test)
        self.began = time.monotonic()
        name, _, method = test.id().rpartition(".")
        self.case = xml.SubElement(self.suite, "testcase", classname=name, name=method)

    def stopTest(self, test):
        self.case.set("time", f"{time.monotonic() - self.began:.3f}")
        super().stopTest(test)

    def addFailure(self, test, error):
        super().addFailure(test, error)
        xml.SubElement(self.case, "failure", message=str(error[1])[:500])

    def addError(self, test, error):
        super().addError(test, error)
        if test.id().startswith("unittest.loader._FailedTest"):
            self.case = xml.SubElement(self.suite, "testcase", classname="import", name=test.id().rpartition(".")[2])
        xml.SubElement(self.case, "error", message=str(error[1])[:500])

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        xml.SubElement(self.case, "skipped", message=reason)


def main(folder, report):
    sys.path.insert(0, str(ROOT / "src"))
    sys.dont_write_bytecode = True
    tests = unittest.defaultTestLoader.discover(folder, top_level_dir=folder)
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2, resultclass=Recorder).run(tests)
    result.suite.set("tests", str(result.testsRun))
    path = pathlib.Path(report)
    path.parent.mkdir(parents=True, exist_ok=True)
    xml.ElementTree(result.suite).write(path, encoding="utf-8", xml_declaration=True)
    return 0 if result.wasSuccessful() and result.testsRun > 0 else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
