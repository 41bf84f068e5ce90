import Actuation
import Foundation
import Incidents
import Model
import Testing

@testable import Daemon

@Suite("Recorded journals")
struct ReplayTests {
    @Test("lines are read as journalctl prints them")
    func lines() throws {
        let entries = try RecordedEntries.parse(
            """
            {"__REALTIME_TIMESTAMP":"1795553696682396","__CURSOR":"s=1;i=2","_PID":"1","MESSAGE":"one"}

            {"__REALTIME_TIMESTAMP":"1795553696682397","MESSAGE":[104,105,255],"TWICE":["a","b"],"LONG":null}
            """)
        #expect(entries.count == 2)
        #expect(entries[0].cursor == "s=1;i=2" && entries[0].fields == ["_PID": "1", "MESSAGE": "one"])
        #expect(entries[0].at.microseconds == 1_795_553_696_682_396)
        #expect(entries[1].fields == ["MESSAGE": "hi\u{fffd}", "TWICE": "a"])
        #expect(try RecordedEntries.parse("").isEmpty)
    }

    @Test(
        "a line that is no entry is named",
        arguments: [
            ("{\"__REALTIME_TIMESTAMP\":\"1\"}\nnonsense", "line 2", "it is no JSON object"),
            ("{\"MESSAGE\":\"x\"}", "line 1", "it has no __REALTIME_TIMESTAMP"),
            ("{\"__REALTIME_TIMESTAMP\":\"soon\"}", "line 1", "it has no __REALTIME_TIMESTAMP"),
            ("[]", "line 1", "no JSON object"),
        ])
    func wrong(text: String, place: String, reason: String) {
        #expect {
            _ = try RecordedEntries.parse(text)
        } throws: { error in
            "\(error)".hasPrefix(place) && "\(error)".contains(reason)
        }
    }

    @Test("a recording goes through rules and runbooks, which say what they would do and do nothing")
    func replay() async throws {
        func entry(_ second: Int, _ more: String) -> String {
            #"{"__REALTIME_TIMESTAMP":"\#(1_795_553_690 + second)000000","_PID":"1","UNIT":"web.service",\#(more)}"#
        }
        let journal = [
            entry(0, #""MESSAGE":"Started web.service""#),
            entry(
                5,
                #""MESSAGE_ID":"d9b373ed55a64feb8242e02dbe79a49c","MESSAGE":"web.service: Failed with result 'signal'.""#
            ),
        ].joined(separator: "\n")
        let before = Timestamp.now()
        let incidents = try await Replay.incidents(
            journal: journal, rules: ObservatoryStage.rules, runbooks: [Written.runbook()])
        let incident = try #require(incidents.first)
        #expect(incidents.count == 1 && incident.state == "escalated")
        #expect(incident.labels["unit"] == "web.service" && incident.acted_at == nil)
        let lines = try #require(incident.timeline)
        #expect(
            lines.contains { $0.text.contains("would have done") && $0.text.contains("systemd restart web.service") })
        #expect(
            try #require(lines.first.flatMap { Timestamp(parsing: $0.at) }) >= before - .seconds(1), "as if just now")
        let covered = try await Replay.incidents(journal: journal, rules: ObservatoryStage.rules, runbooks: [])
        #expect(covered.first?.timeline?.last?.text.contains("no runbook covers it") == true)
        let quiet = try await Replay.incidents(journal: "", rules: ObservatoryStage.rules, runbooks: [])
        #expect(quiet.isEmpty)
    }
}
