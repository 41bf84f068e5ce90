import Incidents
import Model
import Testing
import Text

@Suite struct IncidentBookTests {
    @Test func aNewAlertOpensAnIncidentWithWhatWasSeen() throws {
        var book = try IncidentBook.empty()
        let alert = Alert.firing(
            at: 0.412, evidence: [Evidence(.journal, "s=1;i=8d", "Main process exited, code=killed, status=9/KILL")])
        let changes = book.take(alert, at: .at(0.431))
        guard case .opened(let incident, let lines, alert) = try #require(changes.first) else {
            Issue.record("\(changes)")
            return
        }
        #expect(incident.id.count == 16)
        #expect(incident.name == "UnitFailed")
        #expect(incident.severity == "warning")
        #expect(incident.summary == "nginx.service failed")
        #expect(incident.openedAt == Stamp.at(0.431).wall)
        #expect(
            lines == [
                TimelineLine(
                    at: Stamp.at(0.412).wall, kind: .signal,
                    text: "nginx.service: Main process exited, code=killed, status=9/KILL",
                    evidence: [Evidence(.journal, "s=1;i=8d")]),
                TimelineLine(
                    at: Stamp.at(0.431).wall, kind: .signal,
                    text: "UnitFailed fires (rules/units.yaml:14), severity warning",
                    evidence: [Evidence(.rule, "rules/units.yaml:14")]),
            ])
        #expect(book.state(of: incident.id) == .open)
        #expect(book.signalStands(incident.id))
        #expect(book.take(alert, at: .at(15)).isEmpty, "a firing alert that is known changes nothing")
    }

    @Test func theSameInputsGiveTheSameID() throws {
        var ids: Set<String> = []
        for _ in 0..<2 {
            var book = try IncidentBook.empty()
            ids.insert(try #require(book.take(.firing(), at: .at(1)).first).incident)
        }
        #expect(ids.count == 1)
        var book = try IncidentBook.empty()
        ids.insert(try #require(book.take(.firing(), at: .at(2)).first).incident)
        #expect(ids.count == 2)
    }

    /// Each step: seconds, alert, firing or not, what becomes of it.
    struct Course: CustomTestStringConvertible {
        let testDescription: String
        var steps: [(Double, Alert, Bool, [String])]
    }

    static let nginx = Alert.firing()
    static let probe = Alert.firing("ProbeFailed", severity: "critical")
    static let redis = Alert.firing(unit: "redis.service")

    static let courses: [Course] = [
        Course(
            testDescription: "alerts about one unit join one incident",
            steps: [(0, nginx, true, ["opened"]), (60, probe, true, ["joined"]), (70, redis, true, ["opened"])]),
        Course(
            testDescription: "later than the window they do not",
            steps: [(0, nginx, true, ["opened"]), (121, probe, true, ["opened"])]),
        Course(
            testDescription: "a claimed unit joins nothing, and nothing joins it",
            steps: [
                (0, nginx, true, ["opened"]), (1, .firing("Forged", claims: ["unit"]), true, ["opened"]),
                (2, .firing("Forged2", claims: ["unit"]), true, ["opened"]), (3, probe, true, ["joined"]),
            ]),
        Course(
            testDescription: "alerts without a unit stand alone",
            steps: [(0, .firing("A", unit: nil), true, ["opened"]), (1, .firing("B", unit: nil), true, ["opened"])]),
        Course(
            testDescription: "a signal that goes away without proof closes",
            steps: [(0, nginx, true, ["opened"]), (30, nginx, false, ["quiet closed"])]),
        Course(
            testDescription: "only the last signal closes",
            steps: [
                (0, nginx, true, ["opened"]), (1, probe, true, ["joined"]), (30, nginx, false, ["ended"]),
                (40, probe, false, ["quiet closed"]),
            ]),
        Course(
            testDescription: "flapping is one incident",
            steps: [
                (0, nginx, true, ["opened"]), (30, nginx, false, ["quiet closed"]), (60, nginx, true, ["reopened"]),
                (90, nginx, false, ["quiet closed"]), (689, nginx, true, ["reopened"]),
            ]),
        Course(
            testDescription: "later than ten minutes it is another incident",
            steps: [
                (0, nginx, true, ["opened"]), (30, nginx, false, ["quiet closed"]), (631, nginx, true, ["opened"]),
            ]),
        Course(
            testDescription: "an alert that joined by its unit comes back to the same incident",
            steps: [
                (0, nginx, true, ["opened"]), (1, probe, true, ["joined"]), (2, probe, false, ["ended"]),
                (400, probe, true, ["joined"]),
            ]),
        Course(
            testDescription: "instances that differ in a volatile label are one incident, and end one by one",
            steps: [
                (0, .firing(labels: ["pid": "1"]), true, ["opened"]),
                (500, .firing(labels: ["pid": "2"]), true, ["joined"]),
                (501, .firing(labels: ["pid": "1"]), false, ["ended"]),
                (502, .firing(labels: ["pid": "2"]), false, ["quiet closed"]),
            ]),
        Course(
            testDescription: "the end of an alert that nobody knows changes nothing", steps: [(0, nginx, false, [])]),
    ]

    @Test(arguments: courses)
    func takesAlerts(course: Course) throws {
        var book = try IncidentBook.empty()
        for (seconds, alert, firing, words) in course.steps {
            #expect(book.word(firing ? alert : alert.resolved, at: seconds) == words, "at \(seconds) s")
        }
    }

    @Test func severityRisesToTheWorstAndNeverFalls() throws {
        var book = try IncidentBook.empty()
        let id = try #require(book.take(Self.nginx, at: .at(0)).first).incident
        let worse = try #require(book.take(Self.probe, at: .at(1)).first)
        #expect(worse.lines.map(\.severity) == ["critical"])
        #expect(book.incident(id)?.severity == "critical")
        let milder = try #require(book.take(.firing("Slow", severity: "info"), at: .at(2)).first)
        #expect(milder.lines.map(\.severity) == [nil])
        #expect(book.incident(id)?.severity == "critical")
    }

    @Test(arguments: [
        (IncidentState.acting, "quiet"), (.awaitingApproval, "quiet"), (.verifying, "quiet"), (.escalated, "quiet"),
        (.resolved, "quiet"), (.open, "quiet closed"),
    ])
    func onlyAnIncidentWithNothingUnderWayIsClosedByItsSignal(state: IncidentState, word: String) throws {
        var book = try IncidentBook.empty()
        let id = try #require(book.take(Self.nginx, at: .at(0)).first).incident
        book.set(state, of: id, at: .at(1))
        #expect(book.word(Self.nginx.resolved, at: 5) == [word])
        #expect(book.state(of: id) == (state == .open ? .closed : state))
        #expect(!book.signalStands(id))
    }

    @Test func whileARunIsUnderWayItsUnitsAlertsJoinAtAnyTime() throws {
        var book = try IncidentBook.empty()
        let id = try #require(book.take(Self.nginx, at: .at(0)).first).incident
        book.set(.verifying, of: id, at: .at(1))
        #expect(book.take(Self.probe, at: .at(1000)).map(\.incident) == [id])
    }

    @Test func aResolvedIncidentWhoseSignalStaysIsOpenAgain() throws {
        var book = try IncidentBook.empty()
        let id = try #require(book.take(Self.nginx, at: .at(0)).first).incident
        book.set(.resolved, of: id, at: .at(3))
        #expect(book.review(at: .at(603)).isEmpty)
        let changes = book.review(at: .at(604))
        #expect(changes.map(\.word) == ["reopened"])
        #expect(changes.first?.lines.first?.text == "UnitFailed still fires 10m after it was resolved; open again")
        #expect(book.state(of: id) == .open)
        #expect(book.review(at: .at(605)).isEmpty)
    }

    @Test func anEscalatedIncidentThatComesBackAfterAQuietTimeIsOpenAgain() throws {
        var book = try IncidentBook.empty()
        let id = try #require(book.take(Self.nginx, at: .at(0)).first).incident
        book.set(.escalated, of: id, at: .at(1))
        #expect(book.word(Self.nginx.resolved, at: 5) == ["quiet"])
        #expect(book.take(Self.nginx, at: .at(60)).map(\.word) == ["joined"])
        #expect(book.state(of: id) == .escalated)
        #expect(book.word(Self.nginx.resolved, at: 61) == ["quiet"])
        #expect(book.take(Self.nginx, at: .at(300)).map(\.word) == ["reopened"])
        #expect(book.state(of: id) == .open)
        book.set(.escalated, of: id, at: .at(301))
        #expect(book.word(Self.nginx.resolved, at: 302) == ["quiet"])
        #expect(book.word(Self.nginx, at: 903) == ["opened"])
    }

    @Test func flappingIsToldLessAndLess() throws {
        var book = try IncidentBook.empty()
        let id = try #require(book.take(Self.nginx, at: .at(0)).first).incident
        book.set(.escalated, of: id, at: .at(1))
        var lines = 0
        for number in 1...1000 {
            let seconds = Double(number) * 20
            lines += book.take(Self.nginx.resolved, at: .at(seconds)).flatMap(\.lines).count
            let changes = book.take(Self.nginx, at: .at(seconds + 10))
            #expect(changes.map(\.incident) == [id])
            lines += changes.flatMap(\.lines).count
        }
        #expect((20...40).contains(lines))
    }

    @Test(arguments: [
        ("resolved", true, IncidentState.resolved), ("resolved", false, .resolved), ("observed", true, .escalated),
        ("observed", false, .escalated), ("refused", true, .escalated), ("escalated", true, .escalated),
        ("cancelled", true, .escalated), ("cancelled", false, .closed), ("a later word", true, .escalated),
    ])
    func onlyProofResolves(end: String, stands: Bool, state: IncidentState) {
        #expect(IncidentBook.state(afterRunThat: end, signalStands: stands) == state)
    }

    @Test func secretsAreMaskedInEveryTextThatIsStored() throws {
        var book = try IncidentBook.empty()
        let secret = "password=hunter2 was wrong"
        let alert = Alert.firing(
            labels: ["query": secret], summary: secret,
            evidence: [Evidence(.journal, "s=1", secret), Evidence(.metric, secret, secret)])
        guard case .opened(let incident, let lines, _) = try #require(book.take(alert, at: .at(0)).first) else {
            Issue.record("not opened")
            return
        }
        let text = "\(incident) \(lines)"
        #expect(text.contains("password="))
        #expect(!text.contains("hunter2"))
    }
}
