import Actuation
import Foundation
import Glibc
import Model
import Series
import Synchronization
import Testing

@testable import Daemon

@Suite("What the host and its units say of themselves")
struct SamplesTests {
    private func named(_ name: String, _ samples: [(Labels, Double)]) -> [Labels: Double] {
        let found = samples.filter { $0.0["__name__"] == name }.map { ($0.0.filter { $0 != "__name__" }, $0.1) }
        return Dictionary(found, uniquingKeysWith: { first, _ in first })
    }

    @Test("the host's series are those of the reference, each once, within their ranges")
    func host() throws {
        let samples = HostSamples.read()
        #expect(Set(samples.map(\.0)).count == samples.count)
        let room = named("host_filesystem_avail_ratio", samples)
        #expect(room[["mountpoint": "/"]] != nil)
        #expect(room.values.allSatisfy { (0...1).contains($0) })
        #expect(try #require(named("host_memory_available_bytes", samples)[[:]]) > 1e6)
        if let clock = named("host_clock_synchronized", samples)[[:]] { #expect([0, 1].contains(clock)) }
    }

    @Test(
        "names of mount points are read as /proc/mounts writes them",
        arguments: [
            ("/", "/"), ("/my\\040disk", "/my disk"), ("/a\\134b\\011", "/a\\b\t"), ("/\\303\\244", "/ä"),
            ("/broken\\9", "/broken\\9"), ("/end\\", "/end\\"),
        ])
    func mountPoints(written: String, name: String) {
        #expect(HostSamples.unescaped(written[...]) == name)
    }

    /// Answers as systemd would, and writes down who was asked for.
    private final class Units: Sendable {
        let states: [String: UnitState]
        let asked = Mutex<[String]>([])

        init(_ states: [String: UnitState]) { self.states = states }

        func read(_ unit: String) -> UnitState {
            asked.withLock { $0.append(unit) }
            return states[unit] ?? UnitState(id: unit, loadState: "not-found")
        }
    }

    @Test("a unit's state becomes numbers; one that systemd does not know has none")
    func units() async throws {
        let units = Units([
            "up.service": UnitState(id: "up.service", activeState: "active", restarts: 3),
            "reloading.service": UnitState(id: "reloading.service", activeState: "reloading"),
            "starting.service": UnitState(id: "starting.service", activeState: "activating"),
            "failed.service": UnitState(id: "failed.service", activeState: "failed"),
            "masked.service": UnitState(id: "masked.service", loadState: "masked", activeState: "failed"),
        ])
        let samples = try await UnitSamples { unit throws(Fault) in units.read(unit) }.samples(
            of: Set(units.states.keys).union(["gone.service"]))
        let (active, failed) = (named("unit_active", samples), named("unit_failed", samples))
        #expect(
            active == [
                ["unit": "up.service"]: 1, ["unit": "reloading.service"]: 1, ["unit": "starting.service"]: 0,
                ["unit": "failed.service"]: 0,
            ])
        #expect(failed.filter { $0.value == 1 }.keys.map { $0["unit"] } == ["failed.service"])
        #expect(named("unit_restarts_total", samples)[["unit": "up.service"]] == 3)
        #expect(named("unit_memory_rss_bytes", samples).isEmpty, "no process belongs to any of them")
        #expect(units.asked.withLock { $0.count } == 6)
    }

    @Test("systemd out of reach is told, and gives no half of the samples")
    func outOfReach() async throws {
        let samples = UnitSamples { unit throws(Fault) in
            if unit == "b.service" { throw Fault("bus.gone", "systemd does not answer") }
            return UnitState(id: unit)
        }
        await #expect(throws: Fault.self) { try await samples.samples(of: ["a.service", "b.service"]) }
        #expect(try await samples.samples(of: ["a.service"]).count == 3)
        #expect(try await samples.samples(of: []).isEmpty)
    }

    @Test("small files are read whole, up to a mebibyte, and without failing")
    func textFiles() throws {
        let folder = try Folder(["a": "one\ntwo\n", "big": String(repeating: "x", count: 3 << 20)])
        #expect(TextFile.lines(folder.file("a")) == ["one", "two"])
        #expect(TextFile.contents(folder.file("none")) == nil)
        #expect(TextFile.lines(folder.file("none")).isEmpty)
        #expect(TextFile.contents(folder.path) == nil, "a directory")
        #expect(try #require(TextFile.contents(folder.file("big"))).utf8.count == 1 << 20)
    }

    // MARK: - Ourselves

    @Test("our own metrics are an exposition that we read ourselves, with every metric described")
    func ownMetrics() throws {
        var metrics = OwnMetrics()
        metrics.journalEntries = 7
        metrics.journalLag = 0.25
        metrics.scrapesFailed = 2
        var gauges = OwnMetrics.Gauges()
        gauges.series = 12
        gauges.halted = true
        gauges.incidents = ["open": 1, "resolved": 4]
        gauges.started = Timestamp(seconds: 1_795_489_200)
        let text = metrics.exposition(gauges)
        var values: [Labels: Double] = [:]
        let body = Array(text.utf8)
        try body.withUnsafeBytes { body in
            let store = try SeriesStore(recorded: body, format: .text, at: Timestamp(seconds: 0))
            let everything = try Expression(parsing: "{__name__!=\"\"}").evaluate(in: store, at: Timestamp(seconds: 0))
            guard case .vector(let elements) = everything else { return }
            for element in elements { values[element.labels] = element.value }
        }
        func value(_ name: String, _ labels: Labels = [:]) -> Double? { values[labels.merging(["__name__": name])] }
        #expect(value("nightshift_journal_entries_total") == 7)
        #expect(value("nightshift_journal_lag_seconds") == 0.25)
        #expect(value("nightshift_scrapes_failed_total") == 2)
        #expect(value("nightshift_series") == 12 && value("nightshift_halted") == 1)
        #expect(value("nightshift_incidents", ["state": "resolved"]) == 4)
        #expect(value("process_start_time_seconds") == 1_795_489_200)
        #expect(try #require(value("process_resident_memory_bytes")) > 1e6)
        #expect(try #require(value("process_cpu_seconds_total")) > 0)
        let names = Set(values.keys.compactMap { $0["__name__"] })
        let described = Set(
            text.split(separator: "\n").filter { $0.hasPrefix("# HELP ") }.map { String($0.split(separator: " ")[2]) })
        #expect(names == described)
        for name in names where name.hasSuffix("_total") { #expect(text.contains("# TYPE \(name) counter\n")) }
    }
}
