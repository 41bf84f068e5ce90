"""The same stories under other names: nothing that runs them may know the first ones."""

RENAMED = {
    "payments": (
        ("payments", "billing"), ("Payments", "Billing"),
        ("src/", "lib/"), ('"src"', '"lib"'), ("PYTHONPATH=src", "PYTHONPATH=lib"), ("current/src", "current/lib"),
        ("tests/", "checks/"), ("junit.py tests", "junit.py checks"), ("build/", "out/"), ("junit.xml", "results.xml"),
        ("make test", "make verify"), ("\ntest:", "\nverify:"), (".PHONY: test", ".PHONY: verify"),
        ('["make", "test"]', '["make", "verify"]'), ("8400", "8500"), ("8401", "8501"),
    ),
}
