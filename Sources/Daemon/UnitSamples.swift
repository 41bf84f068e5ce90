import Actuation
import FoundationEssentials
import Model

/// What systemd and /proc say of units, as series: `unit_active`, `unit_failed`, `unit_restarts_total`, `unit_memory_rss_bytes`.
struct UnitSamples: Sendable {
    /// Reads one unit; a Fault means that systemd was out of reach.
    let read: @Sendable (String) async throws(Fault) -> UnitState

    /// The samples of these units, each labelled `unit`; a unit that systemd does not know has none.
    func samples(of units: Set<String>) async throws(Fault) -> [(Labels, Double)] {
        var samples: [(Labels, Double)] = []
        for unit in units.sorted() {
            let state = try await read(unit)
            guard state.loadState == "loaded" else { continue }
            let isUp = state.activeState == "active" || state.activeState == "reloading"
            samples.append((named("unit_active", unit), isUp ? 1 : 0))
            samples.append((named("unit_failed", unit), state.activeState == "failed" ? 1 : 0))
            samples.append((named("unit_restarts_total", unit), Double(state.restarts)))
        }
        for (unit, bytes) in ProcessTable.residentBytes(of: units).sorted(by: { $0.key < $1.key }) {
            samples.append((named("unit_memory_rss_bytes", unit), Double(bytes)))
        }
        return samples
    }

    private func named(_ name: String, _ unit: String) -> Labels {
        ["__name__": name, "unit": unit]
    }
}

/// Processes by the unit that systemd put them into.
public enum ProcessTable {
    /// The resident memory of all processes of each unit, from `/proc/PID/cgroup` and `statm`.
    ///
    /// Processes that end while it looks count for nothing; shared pages count once a process.
    static func residentBytes(of units: Set<String>) -> [String: Int] {
        guard !units.isEmpty else { return [:] }
        var sums: [String: Int] = [:]
        for name in all {
            guard let unit = unit(of: name), units.contains(unit),
                let pages = TextFile.lines("/proc/\(name)/statm").first?.split(separator: " ").dropFirst().first
                    .flatMap({ Int($0) })
            else { continue }
            sums[unit, default: 0] += pages * pageSize
        }
        return sums
    }

    /// The IDs of a unit's processes.
    public static func processes(of unit: String) -> [Int32] {
        all.filter { self.unit(of: $0) == unit }.compactMap { Int32($0) }
    }

    private static var all: [String] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: "/proc").filter { $0.allSatisfy(\.isNumber) }
        } catch {
            return []  // no /proc, as in some sandboxes: then there is nothing to see
        }
    }

    private static let pageSize = 4096

    /// The innermost service or scope in the process's control group, in either hierarchy.
    private static func unit(of process: String) -> String? {
        for line in TextFile.lines("/proc/\(process)/cgroup") {
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3, parts[1].isEmpty || parts[1] == "name=systemd" else { continue }
            for component in parts[2].split(separator: "/").reversed()
            where component.hasSuffix(".service") || component.hasSuffix(".scope") {
                return String(component)
            }
        }
        return nil
    }
}
