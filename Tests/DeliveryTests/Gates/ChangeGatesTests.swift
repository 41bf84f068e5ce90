import Model
import Testing
import Text

@testable import Delivery

@Suite struct ChangeGatesTests {
    static func project(
        allow: [String] = ["src/**", "tests/**", "docs/**"], deny: [String] = ["src/legal/**"],
        test: [String] = ["make", "test"]
    ) -> Project {
        Project(
            name: "payments", units: [], repository: .init(url: "/srv/git/p.git", branch: "main"),
            revision: .file(path: "/srv/p/REVISION"), paths: .init(allow: allow, tests: ["tests/**"], deny: deny),
            test: test, report: .junit("junit.xml"))
    }

    static func gates(_ project: Project = project()) throws -> ChangeGates {
        try ChangeGates(project, masking: Masking())
    }

    static let tree = MemoryTree(files: [
        "src/bank.py": "def pay(a):\n    a.sum -= 1\n", "tests/test_bank.py": "def test_pay():\n    assert pay(1)\n",
        "package.json":
            "{\n  \"version\": \"1\",\n  \"dependencies\": {\n    \"a\": \"1\"\n  },\n  \"scripts\": {}\n}\n",
        "pyproject.toml": "[project]\ndependencies = [\n  \"a\",\n]\n[tool.x]\ny = 1\n",
        "Makefile": "test:\n\tpytest\n",
        "src/CMakeLists.txt": "add_executable(a a.c)\n", "tests/run.sh": "pytest\n", "run-tests": "pytest\n",
        "src/legal/a.py": "x = 1\n", "requirements.txt": "a==1\n", "go.mod": "module a\n",
    ])

    struct Case: CustomStringConvertible, Sendable {
        var edit: Edit
        var role: ChangeRole
        var gate: GateFailure.Gate?
        var description: String { "\(role.rawValue) \(edit.path) -> \(gate?.rawValue ?? "good")" }

        init(_ role: ChangeRole, _ path: String, _ search: String, _ replace: String, _ gate: GateFailure.Gate?) {
            edit = Edit(path: path, search: search, replace: replace)
            self.role = role
            self.gate = gate
        }
    }

    static let cases: [Case] = [
        Case(.fix, "src/bank.py", "-= 1", "-= 2", nil),
        Case(.fix, "src/new.py", "", "x = 1\n", nil),
        Case(.fix, "docs/a.md", "", "A.\n", nil),
        Case(.fix, "lib/a.py", "", "x = 1\n", .paths),
        Case(.fix, "src/legal/a.py", "1", "2", .paths),
        Case(.fix, "../a.py", "", "x = 1\n", .paths),
        Case(.fix, "tests/test_new.py", "", "x = 1\n", .paths),
        Case(.fix, "tests/test_bank.py", "assert pay(1)", "pass", .testsKept),
        Case(.fix, "tests/test_bank.py", "def test_pay():\n    assert pay(1)\n", "", .testsKept),
        Case(.fix, ".github/workflows/ci.yml", "", "on: push\n", .buildFiles),
        Case(.fix, "src/.ci/run", "", "x\n", .buildFiles), Case(.fix, ".gitlab-ci.yml", "", "x\n", .buildFiles),
        Case(.fix, "Jenkinsfile", "", "x\n", .buildFiles), Case(.fix, "Makefile", "pytest", "true", .buildFiles),
        Case(.fix, "src/Makefile", "", "x\n", .buildFiles),
        Case(.test, "tests/conftest.py", "", "x = 1\n", .buildFiles),
        Case(.test, "tests/pytest.ini", "", "x\n", .buildFiles),
        Case(.fix, "src/jest.config.ts", "", "x\n", .buildFiles),
        Case(.fix, "src/.eslintrc.json", "", "{}\n", .buildFiles),
        Case(.fix, "src/Dockerfile.prod", "", "x\n", .buildFiles),
        Case(.fix, "src/config.py", "", "x = 1\n", nil), Case(.fix, "src/build_thing.py", "", "x = 1\n", nil),
        Case(.fix, "src/CMakeLists.txt", "a.c", "a.c b.c", .buildFiles),
        Case(.fix, "src/CMakeLists.txt", "a.c)", "a.c)\nFetchContent_Declare(x)", .dependency),
        Case(.fix, "package.json", "\"a\": \"1\"", "\"a\": \"1\",\n    \"b\": \"2\"", .dependency),
        Case(.fix, "package.json", "\"version\": \"1\"", "\"version\": \"2\"", .buildFiles),
        Case(.fix, "pyproject.toml", "  \"a\",\n", "  \"a\",\n  \"b\",\n", .dependency),
        Case(.fix, "pyproject.toml", "y = 1", "y = 2", .buildFiles),
        Case(.fix, "requirements.txt", "a==1", "a==1\nb", .dependency),
        Case(.fix, "go.mod", "a", "a\nrequire b v1", .dependency),
        Case(.fix, "requirements-dev.txt", "", "b\n", .dependency),
        Case(.fix, "src/Cargo.lock", "", "b\n", .dependency),
        Case(.fix, "src/vendor/x.go", "", "b\n", .dependency),
        Case(.fix, "src/third-party/x.c", "", "b\n", .dependency),
        Case(.fix, "src/external/x.c", "", "b\n", .dependency), Case(.fix, "src/Pods/x.m", "", "b\n", .dependency),
        Case(.fix, "src/external.py", "", "x = 1\n", nil), Case(.fix, ".gitmodules", "", "b\n", .dependency),
        Case(.fix, "pom.xml", "", "<dependency>\n<artifactId>x</artifactId>\n", .dependency),
        Case(.fix, "src/bank.py", "-= 1", "-= 1\n    key = 'AKIAABCDEFGHIJKLMNOP'", .secret),
        Case(.fix, "src/bank.py", "-= 1", "-= 2  # \u{1B}[8m", .hidden),
        Case(.fix, "src/bank.py", "-= 1", "-= 2  # \u{202E}", .hidden),
        Case(.fix, "src/bank.py", "-= 1", "-= 2  # \u{200B}", .hidden),
        Case(.fix, "src/bank.py", "-= 1", "-= 2\r    a.sum -= 1", .hidden),
        Case(.fix, "src/bank.py", "-= 1", "-= 2\t# \u{FC}\r\n", nil),
        Case(.test, "tests/test_new.py", "", "def test_x():\n    assert 0  # \u{2066}\n", .hidden),
        Case(.fix, "src/bank.py", "-= 9", "-= 1", .apply), Case(.fix, "src/bank.py", "-= 1", "-= 1", .noChange),
        Case(.fix, "src/bank.py", "-= 1", "-= 1\n    open('build/junit.xml', 'w')", .buildFiles),
        Case(.fix, "src/bank.py", "-= 1", "-= 'PYTEST_CURRENT_TEST' in environ", .testsPass),
        Case(.test, "tests/test_new.py", "", "print('<testcase name=\"a\"/>')\n", .buildFiles),
        Case(.test, "tests/test_new.py", "", "def test_x():\n    assert 0\n", nil),
        Case(.test, "tests/test_bank.py", "assert pay(1)\n", "assert pay(1)\n\ndef test_x():\n    assert 0\n", nil),
        Case(.test, "src/bank.py", "-= 1", "-= 2", .paths),
        Case(.test, "tests/test_bank.py", "assert pay(1)", "assert True", .testsKept),
        Case(.test, "tests/test_bank.py", "def test_pay", "@pytest.mark.skip\ndef test_pay", .testsKept),
    ]

    @Test(arguments: cases) func edits(item: Case) throws {
        let gates = try Self.gates()
        let failure = GateFailure.of { _ = try gates.change([item.edit], as: item.role, in: Self.tree) }
        #expect(failure?.gate == item.gate, "\(failure?.description ?? "good")")
    }

    /// Named by its path, a build file may be changed; automation and dependencies never.
    @Test(
        arguments: [
            ("Makefile", "pytest", "pytest -q", nil), ("package.json", "\"version\": \"1\"", "\"version\": \"2\"", nil),
            ("package.json", "\"a\": \"1\"", "\"a\": \"2\"", .dependency), (".gitlab-ci.yml", "", "x\n", .buildFiles),
            ("requirements.txt", "a==1", "a==2", .dependency),
        ] as [(String, String, String, GateFailure.Gate?)])
    func allowedByName(path: String, search: String, replace: String, gate: GateFailure.Gate?) throws {
        let gates = try Self.gates(Self.project(allow: ["**", path]))
        let edit = Edit(path: path, search: search, replace: replace)
        let failure = GateFailure.of { _ = try gates.change([edit], as: .fix, in: Self.tree) }
        #expect(failure?.gate == gate, "\(failure?.description ?? "good")")
    }

    @Test func theTestCommandsFilesAreBuildFiles() throws {
        let gates = try Self.gates(Self.project(allow: ["**"], test: ["sh", "./run-tests", "tests/run.sh"]))
        let edit = Edit(path: "run-tests", search: "pytest", replace: "true")
        #expect(GateFailure.of { _ = try gates.change([edit], as: .fix, in: Self.tree) }?.gate == .buildFiles)
        let more = Edit(path: "tests/run.sh", search: "pytest\n", replace: "pytest\npytest more\n")
        #expect(GateFailure.of { _ = try gates.change([more], as: .test, in: Self.tree) } == nil)
        #expect(GateFailure.of { _ = try gates.change([more], as: .fix, in: Self.tree) }?.gate == .buildFiles)
    }

    @Test func nothingAllowedIsNothing() throws {
        let gates = try Self.gates(Self.project(allow: []))
        let edit = Edit(path: "src/bank.py", search: "1", replace: "2")
        #expect(GateFailure.of { _ = try gates.change([edit], as: .fix, in: Self.tree) }?.gate == .paths)
    }

    @Test func aFailureIsMaskedOnItsWay() throws {
        let failure = GateFailure(.apply, "not there: password=hunter2", evidence: ["api_key: ab12cd"])
        let masked = failure.masked(by: try Masking())
        #expect(masked.text == "not there: password=[masked]" && masked.evidence == ["api_key: [masked]"])
        let key = ["-----BEGIN PRIVATE KEY-----", "MIIEvQIBADANBgkqhkiG9w0", "-----END PRIVATE KEY-----", "1 failed"]
        let split = GateFailure(.testsPass, "it fails", evidence: key).masked(by: try Masking())
        #expect(
            !split.told.contains("MIIEv") && split.told.hasSuffix("1 failed"), "a secret longer than a line: \(split)")
    }

    @Test func aFailureIsASentenceAndBelowItWhatProvesIt() {
        let failure = GateFailure(
            .needed, "every test passes without\nthe change at a.py:3", evidence: ["a.py:3", "+ x = 1\n+ y = 2"])
        #expect(
            failure.outcome
                == .failed(
                    "needed: every test passes without the change at a.py:3\na.py:3\n+ x = 1\n+ y = 2"))
        let long = GateFailure(
            .apply, "no", evidence: (0..<50).map { "\($0)\n" + String(repeating: "x", count: 9000) })
        let lines = long.told.split(separator: "\n")
        #expect(lines.count == 21 && lines.allSatisfy { $0.count <= 401 }, "bounded")
    }

    @Test func namesAreStable() {
        #expect(
            GateFailure.Gate.allCases.map(\.rawValue) == [
                "citation", "schema", "budget", "turns", "refusal", "paths", "apply", "no-change", "reproduces",
                "tests-kept", "tests-pass", "needed", "build-files", "dependency", "secret", "hidden", "injected",
                "sandbox",
                "repository", "forge", "approval", "staging", "watch",
            ])
        #expect("\(GateFailure(.noChange, "nothing is changed"))" == "no-change: nothing is changed")
    }
}
