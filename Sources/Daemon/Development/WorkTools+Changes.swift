import Actuation
import Delivery
import Glibc
import Ledger
import Model

/// Something that changed on this host.
struct Change: Sendable, Hashable {
    let at: Timestamp
    let text: String
}

// What changed before an incident: starts and reloads, unit files, packages, deploys.
extension WorkTools {
    func changes(_ arguments: JSONValue, _ task: WorkTask) async throws(Fault) -> String {
        let before = try span(arguments, "before", default: Self.spanMax)
        let (opened, now) = (task.incident.openedAt, clock.now().wall)
        let from = opened - before
        var (changes, notes): ([Change], [String]) = ([], [])
        // Each source has its own part of the answer, so that none of them hides another.
        func tell(_ all: [Change], max most: Int, of what: String) {
            let sorted = all.sorted { $0.at < $1.at }
            let middle = sorted.firstIndex { $0.at >= opened } ?? sorted.count
            changes += sorted[Nearest.window(sorted.count, middle: middle, max: most)]
            if sorted.count > most {
                notes.append("… (of \(sorted.count) \(what) only the \(most) nearest to the incident are here)")
            }
        }
        if let name = arguments["unit"]?.string ?? task.incident.labels["unit"] {
            let excerpt = try await excerpt(JournalExcerpt.saidBySystemd(of: name), from: from, task)
            tell(Self.saidBySystemd(excerpt.entries), max: 40, of: "messages of systemd")
            notes += [excerpt.omission].compactMap(\.self)
            do {
                let unit = try await state(name)
                tell(Self.unitFiles([unit.fragment] + (unit.dropIns ?? []), since: from), max: 20, of: "unit files")
            } catch {
                notes.append("… (the files of \(name) could not be looked up: \(error.message))")
            }
        }
        tell(PackageLog.lines(since: from), max: 30, of: "changes of packages")
        let runs = try await ledger.read { try $0.runs(since: from) }
        let deploys = runs.filter { $0.runbook == "deploy" || $0.runbook == "stage" }.map { run in
            Change(at: run.stamp.wall, text: "\(run.runbook) by Nightshift: \(run.parameters.prefix(200))")
        }
        tell(deploys, max: 20, of: "deploys")
        if let revision = task.revision { changes.append(Change(at: now, text: "deployed now: revision \(revision)")) }
        guard !changes.isEmpty else {
            let nothing = "nothing changed since \(from), as far as systemd, unit files and dpkg tell"
            return ([nothing] + notes).joined(separator: "\n")
        }
        return (notes + changes.sorted { $0.at < $1.at }.map { "\($0.at) \($0.text)" }).joined(separator: "\n")
    }

    /// What PID 1 said of the unit, which is no log text of the service: the kernel vouches for `_PID`, and the words are
    /// systemd's own with names that unit files give. Nothing that a service or its clients write is in it, so it may be
    /// sent where logs may not.
    private static func saidBySystemd(_ entries: [LogEntry]) -> [Change] {
        entries.filter { $0["_PID"] == "1" }.map { Change(at: $0.at, text: "systemd: \($0.message.prefix(200))") }
    }

    /// The files that define a unit and were modified since; what is in them is not told.
    static func unitFiles(_ paths: [String], since: Timestamp) -> [Change] {
        paths.compactMap { path in
            var found = stat()
            guard !path.isEmpty, stat(path, &found) == 0 else { return nil }  // none, or gone meanwhile
            let at = Timestamp(
                microseconds: Int64(found.st_mtim.tv_sec) * 1_000_000 + Int64(found.st_mtim.tv_nsec) / 1000)
            return at < since ? nil : Change(at: at, text: "unit file modified: \(path)")
        }
    }
}
