import Incidents
import Journal
import Ledger
import Model
import Runbooks
import Series
import Testing

@testable import Daemon

/// What a person is shown of a unit's series and journal when its incident is escalated.
@Suite struct EscalationEvidenceTests {
    static let incident = Incident(
        id: "4f2a", fingerprint: "f", name: "UnitFailed", severity: "critical", labels: ["unit": "web.service"],
        claims: [], summary: "web.service failed", openedAt: ObservatoryStage.begin,
        rule: SourcePlace(file: "rules.yaml", line: 1, column: 1))

    private func evidence(
        _ stage: ObservatoryStage, journal: JournalSource = .directory("/nonexistent")
    ) -> EscalationEvidence {
        var settings = ObservatoryStage.settings
        settings.journal.source = journal
        return EscalationEvidence(settings: settings, observatory: stage.observatory, clock: stage.clock.host)
    }

    @Test func seriesOfTheUnitAreShownTheMostChangedFirst() async throws {
        let stage = try await ObservatoryStage(ledger: try Ledger.inMemory())
        await stage.measure(20)
        await stage.measure(7, ["unit": "db.service"])
        stage.clock.pass(.seconds(15))
        await stage.measure(60)
        await stage.observatory.take([(["__name__": "up", "unit": "web.service"], 1)], at: stage.clock.host.now().wall)
        let lines = await evidence(stage).lines(Self.incident, EscalateClause(metrics: .seconds(3600)))
        let line = try #require(lines.first)
        #expect(lines.count == 1 && line.text == "2 series of web.service over the last 1h")
        #expect(
            line.evidence.map(\.text) == ["20.0 at first, 60.0 at last, between 20.0 and 60.0", "1.0 throughout"])
        #expect(line.evidence.allSatisfy { $0.kind == .metric && $0.reference.contains("web.service") })
    }

    @Test func samplesThatAreOlderOrNoNumbersDoNotCount() async throws {
        let stage = try await ObservatoryStage(ledger: try Ledger.inMemory())
        await stage.measure(20)
        stage.clock.pass(.seconds(600))
        await stage.measure(.nan)
        let lines = await evidence(stage).lines(Self.incident, EscalateClause(metrics: .seconds(60)))
        #expect(lines.first?.text == "0 series of web.service over the last 1m")
    }

    @Test func aJournalThatCannotBeReadIsSaid() async throws {
        let stage = try await ObservatoryStage(ledger: try Ledger.inMemory())
        let broken = JournalSource.files(["/nonexistent.journal"])
        let lines = await evidence(stage, journal: broken).lines(Self.incident, EscalateClause(logs: .seconds(60)))
        #expect(lines.count == 1)
        #expect(lines[0].text.hasPrefix("the journal of web.service could not be read: cannot open /nonexistent"))
    }

    @Test func theNewestEntriesAreShown() async throws {
        let folder = try Folder()
        try WrittenJournal.write(
            (-90 ... -1).map { ($0, ["_PID": "7", "_SYSTEMD_UNIT": "web.service", "MESSAGE": "line \($0)."]) },
            to: folder.file("a.journal"))
        let stage = try await ObservatoryStage(ledger: try Ledger.inMemory())
        let lines = await evidence(stage, journal: .files([folder.file("a.journal")]))
            .lines(Self.incident, EscalateClause(logs: .seconds(60)))
        #expect(lines.map(\.text) == ["60 journal entries of web.service in the last 1m; the last 10 are here"])
        let told = try #require(lines.first).evidence.map(\.text)
        #expect(told.count == 10 && told[0].hasSuffix("line -10.") && told[9].hasSuffix("line -1."), "\(told)")
    }

    @Test func withoutAUnitTheMetricsSaySo() async throws {
        let stage = try await ObservatoryStage(ledger: try Ledger.inMemory())
        var incident = Self.incident
        incident.labels = [:]
        let lines = await evidence(stage).lines(incident, EscalateClause(metrics: .seconds(60)))
        #expect(lines.map(\.text) == ["no metrics: the incident names no unit"])
    }
}
