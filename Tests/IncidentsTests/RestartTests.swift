import Incidents
import Model
import Testing
import Text

/// A book that starts anew from the ledger knows what the old one knew.
@Suite struct RestartTests {
    private func opened(_ alert: Alert, at seconds: Double = 0) throws -> Incident {
        var book = try IncidentBook.empty()
        guard case .opened(let incident, _, _) = try #require(book.take(alert, at: .at(seconds)).first) else {
            throw Fault("test", "not opened")
        }
        return incident
    }

    @Test func whatStillFiresIsAdoptedAndWhatDoesNotIsClosed() throws {
        let nginx = Alert.firing()
        let probe = Alert.firing("ProbeFailed")
        let redis = Alert.firing(unit: "redis.service")
        let disk = Alert.firing("DiskFull", unit: nil)
        let known = [
            KnownIncident(incident: try opened(nginx), state: .verifying),
            KnownIncident(incident: try opened(redis), state: .open),
            KnownIncident(incident: try opened(.firing("Old", unit: nil)), state: .escalated),
        ]
        var book = IncidentBook(restoring: known, masking: try Masking())
        let changes = book.settle(firing: [nginx, probe, disk], at: .at(4000))
        #expect(changes.map(\.word) == ["quiet closed", "opened"])
        #expect(changes.first?.incident == known[1].incident.id)
        #expect(book.signalStands(known[0].incident.id))
        #expect(book.state(of: known[0].incident.id) == .verifying)
        #expect(book.word(nginx.resolved, at: 4001) == ["ended"], "the probe joined the incident of its unit")
        #expect(book.take(redis, at: .at(4002)).map(\.word) == ["reopened"])
    }

    @Test func anEscalatedIncidentIsAdoptedByItsSignal() throws {
        let nginx = Alert.firing()
        let known = KnownIncident(incident: try opened(nginx), state: .escalated)
        var book = IncidentBook(restoring: [known], masking: try Masking())
        #expect(book.settle(firing: [.firing("New", unit: nil), nginx], at: .at(90_000)).map(\.word) == ["opened"])
        #expect(book.signalStands(known.incident.id))
    }

    @Test func whatIsOnlyRememberedReopensNothingThatWasProvenUntilItHasStoodForAWhile() throws {
        let nginx = Alert.firing()
        let known = KnownIncident(incident: try opened(nginx), state: .resolved, endedAt: Stamp.at(30).wall)
        var book = IncidentBook(restoring: [known], masking: try Masking())
        #expect(book.settle(firing: [nginx], at: .at(60)).isEmpty)
        #expect(book.state(of: known.incident.id) == .resolved && book.signalStands(known.incident.id))
        #expect(book.review(at: .at(600)).isEmpty)
        #expect(book.review(at: .at(700)).map(\.word) == ["reopened"])
        var other = IncidentBook(restoring: [known], masking: try Masking())
        #expect(other.settle(firing: [nginx], at: .at(60)).isEmpty)
        #expect(other.word(nginx.resolved, at: 61) == ["quiet"])
        #expect(other.review(at: .at(700)).isEmpty)
    }

    @Test func whatWasClosedWithoutProofIsReopenedAndWhatEndedLongAgoIsAnother() throws {
        let nginx = Alert.firing()
        for (state, seconds, word) in [(IncidentState.closed, 600.0, "reopened"), (.resolved, 700, "opened")] {
            let known = KnownIncident(incident: try opened(nginx), state: state, endedAt: Stamp.at(30).wall)
            var book = IncidentBook(restoring: [known], masking: try Masking())
            #expect(book.settle(firing: [nginx], at: .at(seconds)).map(\.word) == [word])
        }
    }

    @Test func theBookKnowsTheAlertsOfWhatIsOpenOrWasProvenALittleAgo() throws {
        let nginx = Alert.firing()
        for (state, ended, knows) in [
            (IncidentState.acting, nil, true), (.escalated, nil, true), (.resolved, 30.0, true), (.closed, 30, false),
            (.resolved, -700, false),
        ] as [(IncidentState, Double?, Bool)] {
            let known = KnownIncident(
                incident: try opened(nginx), state: state, endedAt: ended.map { Stamp.at($0).wall })
            let book = IncidentBook(restoring: [known], masking: try Masking())
            #expect(book.knows(nginx, at: .at(60)) == knows, "\(state)")
        }
        #expect(try !IncidentBook.empty().knows(nginx, at: .at(0)))
    }

    @Test func aFloodGoesOn() throws {
        let flood = Incident(
            id: "ff00", fingerprint: "f", name: "IncidentFlood", severity: "critical", labels: [:], claims: [],
            summary: "", openedAt: .night, rule: SourcePlace(file: "r", line: 1, column: 1))
        var book = IncidentBook(restoring: [KnownIncident(incident: flood, state: .escalated)], masking: try Masking())
        #expect(book.signalStands("ff00"))
        #expect(book.review(at: .at(1)).map(\.incident) == ["ff00"])
        #expect(book.openCount == 0)
    }
}
