import Model
import Testing

@testable import Daemon

@Suite("Checks and tests of files by themselves")
struct ContentCheckTests {
    static let runbookTest = """
        tests:
          - name: restarted
            incident: {labels: {alertname: UnitFailed, severity: critical, unit: web.service}}
            series: ['unit_active{unit="web.service"} 1x40']
            outcomes: {save: {exit: 0}, restart: {result: done}}
            expect:
              effects: [run save, systemd restart web.service]
              ends: resolved

        """
    static let rulesTest = """
        rule_files: [a.yaml]
        evaluation_interval: 1m
        tests:
          - interval: 1m
            input_series:
              - {series: 'temperature{room="x"}', values: '50x3'}
            alert_rule_test:
              - eval_time: 1m
                alertname: TooHot
                exp_alerts:
                  - exp_labels: {room: x}

        """

    @Test("a directory is checked file by file, without the tests in it")
    func directory() throws {
        let folder = try Written.folder()
        try folder.write("rules/a.test.yaml", "nonsense: [")
        try folder.write("rules/notes.txt", "nonsense: [")
        try folder.write("rules/deeper/b.yaml", "nonsense: [")
        let all = ContentCheck.check([folder.file("rules"), folder.file("runbooks"), folder.file("nightshift.yaml")])
        #expect(all.files == 3 && all.problems.isEmpty, "\(all.problems)")
        let slash = ContentCheck.check([folder.file("rules/")])
        #expect(slash.files == 1 && slash.problems.isEmpty)
    }

    @Test("each kind of file is known by what is in it, and each problem has its place")
    func problems() throws {
        let folder = try Folder([
            "a.yaml": "# rules\ngroups:\n  - name: x\n    rules:\n      - alert: A\n        exprr: up\n",
            "b.yaml": "runbook: x\nstepps: []\n", "c.yaml": "actuatoin: exec\n", "d.yaml": "groups: [\n",
        ])
        let report = ContentCheck.check([folder.path])
        #expect(report.files == 4)
        for place in ["a.yaml:6:9: error: ", "b.yaml:2:1: error: ", "c.yaml:1:1: error: ", "d.yaml:"] {
            #expect(report.problems.contains { $0.description.contains(place) }, "\(place) in \(report.problems)")
        }
    }

    @Test("a path that is not there, and a directory without files, are not silence")
    func missing() throws {
        let folder = try Folder(["empty/notes.txt": ""])
        let missing = ContentCheck.check([folder.file("none")])
        #expect(missing.problems.map(\.message) == ["there is no such file or directory"])
        let empty = ContentCheck.check([folder.file("empty")])
        #expect(empty.files == 0 && empty.problems.isEmpty, "the command says so")
        #expect(throws: Diagnostics.self) { try ContentCheck.test([folder.file("none")]) }
        #expect(try ContentCheck.test([folder.file("empty")]) == TestReport())
    }

    @Test("two files that define one runbook are told, wherever they lie")
    func duplicates() throws {
        let folder = try Folder(["a/x.yaml": Written.runbook(), "b/y.yaml": Written.runbook()])
        let report = ContentCheck.check([folder.file("a"), folder.file("b")])
        #expect(
            report.problems.map(\.description) == [
                "\(folder.file("b/y.yaml")):1:1: error: another file already defines the runbook \"restart-web\""
            ])
        var settings = Settings()
        settings.rules = []
        settings.runbooks = [folder.file("a"), folder.file("b")]
        #expect(throws: Diagnostics.self) { try Content.load(settings) }
    }

    @Test("tests beside rules and runbooks are found, run and counted")
    func tests() throws {
        let folder = try Written.folder()
        try folder.write("rules/a.test.yaml", Self.rulesTest)
        try folder.write("runbooks/restart-web.test.yaml", Self.runbookTest)
        let report = try ContentCheck.test([folder.file("rules"), folder.file("runbooks")])
        #expect(report == TestReport(passed: 2), "\(report.lines)")
        let one = try ContentCheck.test([folder.file("rules/a.test.yaml")])
        #expect(one.passed == 1)
    }

    @Test("what does not hold is a line and a failure; what cannot be run is one, too")
    func failures() throws {
        let folder = try Written.folder()
        try folder.write("rules/a.test.yaml", Self.rulesTest.replacing("TooHot", with: "TooCold"))
        try folder.write("rules/b.test.yaml", Self.rulesTest.replacing("[a.yaml]", with: "[none.yaml]"))
        try folder.write("rules/c.test.yaml", "tests: [")
        try folder.write(
            "runbooks/restart-web.test.yaml", Self.runbookTest.replacing("ends: resolved", with: "ends: escalated"))
        let report = try ContentCheck.test([folder.file("rules"), folder.file("runbooks")])
        #expect(report.passed == 0 && report.failed == 4, "\(report.lines)")
        #expect(report.lines.contains { $0.contains("none.yaml cannot be read") })
        for file in ["a.test.yaml", "b.test.yaml", "c.test.yaml", "restart-web.test.yaml"] {
            #expect(report.lines.contains { $0.contains(file) }, "\(file) in \(report.lines)")
        }
    }
}
