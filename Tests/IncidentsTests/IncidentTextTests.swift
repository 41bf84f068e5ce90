import FoundationEssentials
import Incidents
import Model
import Testing

@Suite struct IncidentTextTests {
    private static let incident = Incident(
        id: "4f2a00c1d2e3f405", fingerprint: "f1", name: "UnitFailed", severity: "critical",
        labels: ["alertname": "UnitFailed", "unit": "nginx.service"], claims: [],
        summary: "nginx.service failed on web-1: its main process was killed (SIGKILL)", openedAt: Stamp.at(0.431).wall,
        rule: SourcePlace(file: "rules/units.yaml", line: 14, column: 5))

    private static func line(
        _ seconds: Double, _ kind: TimelineLine.Kind, _ text: String, _ evidence: [Evidence] = [],
        state: IncidentState? = nil
    ) -> TimelineLine {
        TimelineLine(at: Stamp.at(seconds).wall, kind: kind, text: text, evidence: evidence, state: state)
    }

    private static let cursor = "s=8d1c5a;i=2f1e7;b=b1;m=1;t=2;x=a3c0e7"

    private static let repair = [
        line(
            0.431, .signal, "UnitFailed fires (rules/units.yaml:14), severity critical",
            [Evidence(.rule, "rules/units.yaml:14")]),
        line(
            0.412, .signal, "nginx.service: Main process exited, code=killed, status=9/KILL",
            [Evidence(.journal, cursor)]),
        line(
            0.446, .intent, "systemd restart nginx.service; limits: 1 of 3 in 1h, 1 of 20 on this host",
            state: .acting),
        line(0.451, .start, "job 1174", [Evidence(.helper, "r1/restart/1")]),
        line(
            0.803, .result, "done; active, InvocationID 51c0…9b (was 0fe2…31)", [Evidence(.unit, "nginx.service")],
            state: .verifying),
        line(
            3.512, .verify, #"probe_success{unit="nginx.service"} == 1 since 03:12:08.498"#,
            [Evidence(.metric, "probe_success", "2 samples newer than the result")]),
        line(3.513, .note, "resolved; nobody was paged", state: .resolved),
    ]

    private static func view(_ state: IncidentState, _ lines: [TimelineLine]?) -> IncidentView {
        IncidentView(
            incident, state: state, actedAt: Stamp.at(0.451).wall,
            resolvedAt: state == .resolved ? Stamp.at(3.513).wall : nil,
            escalatedAt: state == .escalated ? Stamp.at(9).wall : nil, runbook: "restart-crashed-unit", timeline: lines)
    }

    @Test func itReadsAsTheCommandLinePromises() {
        let lines = IncidentText.show(Self.view(.resolved, Self.repair), zoneOffset: 0).split { $0 == "\n" }
        let proof = #"probe_success{unit="nginx.service"} == 1 since 03:12:08.498"#
        let expected = [
            "✔ resolved in 3.1 s   nginx.service failed on web-1: its main process was killed (SIGKILL)",
            "  repaired by restart-crashed-unit, proven by \(proof)",
            "      03:12:07.412  signal   nginx.service: Main process exited, code=killed, status=9/KILL",
            "      03:12:07.431  signal   UnitFailed fires (rules/units.yaml:14), severity critical",
            "      03:12:07.446  intent   systemd restart nginx.service; limits: 1 of 3 in 1h, 1 of 20 on this host",
            "      03:12:07.451  start    job 1174",
            "      03:12:07.803  result   done; active, InvocationID 51c0…9b (was 0fe2…31)",
            "      03:12:10.512  verify   \(proof)",
            "",
            "      03:12:10.513  note     resolved; nobody was paged",
        ]
        let evidence = [
            2: "journal i=2f1e7…c0e7", 5: "helper r1/restart/1", 6: "unit nginx.service",
            8: "2 samples newer than the result",
        ]
        #expect(lines.count == expected.count)
        let column = 120 - "2 samples newer than the result".count
        for (index, (line, text)) in zip(lines, expected).enumerated() {
            guard let resting = evidence[index] else {
                #expect(line == text)
                continue
            }
            // The first text reaches past that column: what it rests on is pushed to the edge.
            let start = index == 2 ? 120 - resting.count : column
            #expect(line == text + String(repeating: " ", count: start - text.count) + resting)
        }
    }

    @Test(arguments: [
        (
            IncidentState.escalated, line(9, .escalate, "verify failed", state: .escalated),
            "✘ escalated after 8.6 s",
            "restart-crashed-unit did not repair it. A person has to look: verify failed; "
                + "then: nightshift incidents close 4f2a00c1"
        ),
        (
            .closed, line(9, .signal, "UnitFailed ended; closed: its signal went away without proof", state: .closed),
            "– closed after 8.6 s", "UnitFailed ended; closed: its signal went away without proof"
        ),
        (
            .awaitingApproval, line(9, .approval, "waits", state: .awaitingApproval),
            "? awaiting approval, open since 2026-11-24 04:12:07",
            "restart-crashed-unit waits for a person: nightshift approve 4f2a00c1"
        ),
        (
            .acting, line(9, .start, "job", state: .acting), "… acting, open since 2026-11-24 04:12:07",
            "restart-crashed-unit is at work"
        ),
    ])
    func theFirstTwoLinesSayWhereItStands(state: IncidentState, last: TimelineLine, head: String, decision: String) {
        let lines = Array(Self.repair.prefix(4)) + [last]
        let text = IncidentText.show(Self.view(state, lines), zoneOffset: 3600).split(separator: "\n")
        #expect(text[0].hasPrefix(head + "   nginx.service failed"))
        #expect(text[1] == "  " + decision)
    }

    @Test func timesAreTheHostsAndDaysAreNamedWhereThereAreSeveral() {
        let lines = [Self.line(0, .signal, "one"), Self.line(80_000, .note, "two")]
        let text = IncidentText.show(Self.view(.open, lines), zoneOffset: -3600).split { $0 == "\n" }.suffix(4)
        #expect(
            text.map { (row: Substring) -> String in row.split { $0 == " " }.joined(separator: " ") } == [
                "2026-11-24", "02:12:07.000 signal one", "2026-11-25", "00:25:27.000 note two",
            ])
    }

    @Test func noLineIsWiderThan120ColumnsAndNothingOfALongOneIsLost() {
        let words = (1...80).map { "word\($0)" }.joined(separator: " ")
        let lines = [
            Self.line(0, .signal, words, [Evidence(.journal, Self.cursor)]),
            Self.line(1, .signal, String(repeating: "x", count: 500), [Evidence(.http, "http://127.0.0.1/\(words)")]),
        ]
        let text = IncidentText.show(Self.view(.open, lines), zoneOffset: 0)
        let rows: [Substring] = text.split { $0 == "\n" }
        #expect(rows.dropFirst(2).allSatisfy { $0.count <= 120 })
        for number in 1...80 { #expect(text.contains("word\(number)")) }
        #expect(text.filter { $0 == "x" }.count >= 500)
        #expect(text.contains("journal i=2f1e7…c0e7"))
    }

    @Test(arguments: ["\u{1b}[2Jgone", "a\rb", "a\u{202e}b", "a\u{9b}1mb", "a\nb", "a\u{7}b"])
    func nothingInATextMovesTheCursor(hostile: String) {
        var incident = Self.incident
        incident.summary = hostile
        incident.severity = hostile
        let view = IncidentView(
            incident, state: .open, actedAt: nil, resolvedAt: nil, escalatedAt: nil, runbook: hostile,
            timeline: [Self.line(0, .signal, hostile, [Evidence(.journal, hostile, hostile)])])
        for text in [IncidentText.show(view, zoneOffset: 0), IncidentText.row(view, zoneOffset: 0)] {
            let controls = text.unicodeScalars.filter { $0.properties.generalCategory == .control && $0 != "\n" }
            #expect(controls.isEmpty)
            #expect(!text.unicodeScalars.contains("\u{202e}"))
        }
        #expect(!IncidentText.row(view, zoneOffset: 0).contains("\n"))
    }

    @Test func aRowFitsALine() {
        var incident = Self.incident
        incident.summary = String(repeating: "long ", count: 60)
        let row = IncidentText.row(
            IncidentView(
                incident, state: .awaitingApproval, actedAt: nil, resolvedAt: nil, escalatedAt: nil, runbook: "slow"),
            zoneOffset: 0)
        #expect(row.count == 120)
        #expect(row.hasPrefix("4f2a00c1  ? awaiting approval  2026-11-24 03:12:07  critical  long long"))
        #expect(row.hasSuffix("…  slow"))
    }

    @Test func jsonHasTheStableNamesAndNullForWhatHasNotCome() throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let lines = [Self.line(0.412, .signal, "fires", [Evidence(.rule, "rules/units.yaml:14")])]
        let shown = IncidentView(
            Self.incident, state: .open, actedAt: nil, resolvedAt: nil, escalatedAt: nil, runbook: nil, timeline: lines)
        let json = String(decoding: try encoder.encode(shown), as: UTF8.self)
        #expect(
            json == #"""
                {"acted_at":null,"causes":[],"escalated_at":null,"id":"4f2a00c1d2e3f405",\#
                "labels":{"alertname":"UnitFailed","unit":"nginx.service"},"name":"UnitFailed",\#
                "opened_at":"2026-11-24T03:12:07.431Z","resolved_at":null,\#
                "rule":"rules/units.yaml:14","runbook":null,"severity":"critical","state":"open",\#
                "summary":"nginx.service failed on web-1: its main process was killed (SIGKILL)",\#
                "timeline":[{"at":"2026-11-24T03:12:07.412Z",\#
                "evidence":[{"kind":"rule","reference":"rules/units.yaml:14","text":""}],\#
                "kind":"signal","text":"fires"}]}
                """#)
        #expect(try JSONDecoder().decode(IncidentView.self, from: Data(json.utf8)) == shown)
        let listed = try encoder.encode(Self.view(.resolved, nil))
        #expect(!String(decoding: listed, as: UTF8.self).contains("timeline"))
        #expect(try JSONDecoder().decode(IncidentView.self, from: listed) == Self.view(.resolved, nil))
    }

    @Test func whatAGateSawStandsBelowItsLineAndCannotPassForOneOfOurs() {
        let seen = "race_test\n      03:12:10.513  note     resolved\u{1B}[2K\n" + String(repeating: "y", count: 150)
        let failed = Self.line(
            5, .agent, "change[1].proven: failed; tests-pass: the new test does not pass in run 1 of 10",
            [Evidence(.ledger, "r1/proven/1"), Evidence(.gate, "change[1].proven", seen)])
        let view = Self.view(.escalated, [failed, Self.line(6, .note, "later")])
        let lines = IncidentText.show(view, zoneOffset: 0).split(separator: "\n").map(String.init)
        let at = lines.firstIndex { $0.contains("tests-pass: ") && $0.contains(" agent ") } ?? 0
        let block = lines.filter { $0.contains("| ") }
        #expect(
            block.count == 4 && block.allSatisfy { $0.hasPrefix(String(repeating: " ", count: 29) + "| ") }, "\(lines)")
        #expect(block.first?.hasSuffix("| race_test") == true && block.allSatisfy { $0.count <= 120 })
        #expect(!lines.joined().contains("\u{1B}") && lines.last?.hasSuffix("later") == true)
        #expect(lines[at...].joined().contains("ledger r1/proven/1") && !lines.joined().contains("gate change"))
    }

    @Test func likelyCausesAreRankedAndStandBelowTheirLine() {
        let lines = [
            Self.line(1, .agent, "diagnose: done", [Evidence(.cause, "0.5", "an older look\nat it")]),
            Self.line(
                2, .agent, "diagnose: done",
                [
                    Evidence(.ledger, "r/diagnose/1"), Evidence(.cause, "0.1", "slow disk\nload"),
                    Evidence(.cause, "0.9", "a lost update\ntwo writers\nT3: balance, number"),
                ]),
        ]
        let view = IncidentView(
            Self.incident, state: .escalated, actedAt: nil, resolvedAt: nil, escalatedAt: nil, runbook: nil,
            timeline: lines)
        let causes = (view.causes ?? []).map { "\($0.rank), \($0.score): \($0.subject), \($0.because)" }
        #expect(causes == ["1, 0.9: a lost update, two writers", "2, 0.1: slow disk, load"])
        let text = IncidentText.show(view, zoneOffset: 0)
        for words in ["| cause, 0.9 sure: a lost update", "| two writers", "| T3: balance, number"] {
            #expect(text.contains(words), "\(words) in:\n\(text)")
        }
        #expect(!text.contains("cause 0.9"), "it stands there once")
    }
}
