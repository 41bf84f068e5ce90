import FoundationEssentials
import Glibc
import Model

/// All that is known of an item's way besides what git holds, so that a step that is asked for again is not done again.
struct ItemRecord: Sendable, Codable {
    var project: String
    var run: String
    /// When it was checked out; every commit of the item has this date, so that the same change is the same commit.
    var at: Timestamp
    var base: CommitID
    /// Over the base.
    var tests: Change?
    /// Over the base with the tests.
    var fix: Change?
    /// What was shown of the tests as they are.
    var shown: Reproduction?
    /// What was shown of the fix as it is; nothing else is committed.
    var proven: Proven?
    /// The commit that the item's branch has in the project's repository.
    var offered: CommitID?
    /// How each step ended that was asked for in this run.
    var ended: [String: Outcome] = [:]

    struct Proven: Sendable, Codable {
        var result: FixResult
        var proof: NeedProof
    }

    init(project: String, run: String, at: Timestamp, base: CommitID) {
        self.project = project
        self.run = run
        self.at = at
        self.base = base
    }

    /// Tests and fix.
    var whole: Change { (tests ?? Change([])).then(fix ?? Change([])) }

    /// A new part on top of what there is; whatever was shown of another change counts no more.
    mutating func add(_ change: Change, as part: RepositoryWork.Part) {
        proven = nil
        switch part {
        case .test:
            tests = (tests ?? Change([])).then(change)
            shown = nil
        case .fix: fix = (fix ?? Change([])).then(change)
        }
    }
}

extension EffectKey {
    /// Names a step's attempt within its run.
    var step: String { "\(path)/\(attempt)" }
}

extension StateFolder {
    /// What is in a folder, sorted; nothing where there is none.
    static func names(_ path: String) throws(Fault) -> [String] {
        guard exists(path) else { return [] }
        do {
            return try FileManager.default.contentsOfDirectory(atPath: path).sorted()
        } catch {
            throw Fault("repository.state", "\(path) cannot be read: \(error)")
        }
    }
}

/// Where records are kept: a file for each item, replaced as a whole.
struct ItemShelf: Sendable {
    let state: String

    private func path(_ item: ItemName) -> String { "\(state)/records/\(item).json" }

    /// Nil where there is none.
    func load(_ item: ItemName) throws(Fault) -> ItemRecord? {
        let path = path(item)
        guard StateFolder.exists(path) else { return nil }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw Fault("repository.state", "\(path) cannot be read")
        }
        do {
            return try JSONDecoder().decode(ItemRecord.self, from: data)
        } catch {
            throw Fault(
                "repository.state", "\(path) is not a record that this version understands",
                hint: "Remove it, and begin the item's work anew")
        }
    }

    /// The items whose records are older than a time.
    func items(before time: Timestamp) throws(Fault) -> [ItemName] {
        var old: [ItemName] = []
        for name in try StateFolder.names("\(state)/records") where name.hasSuffix(".json") {
            // A record that cannot be read has no age; whoever asks for its item hears of it.
            guard let item = try? ItemName(String(name.dropLast(5))), let record = try? load(item) else { continue }
            if record.at < time { old.append(item) }
        }
        return old
    }

    func remove(_ item: ItemName) async throws(Fault) { try await StateFolder.remove(path(item)) }

    /// Returns once the record would survive a crash.
    func save(_ record: ItemRecord, of item: ItemName) throws(Fault) {
        let text: String
        do {
            text = String(decoding: try JSONEncoder().encode(record), as: UTF8.self)
        } catch {
            throw Fault("repository.state", "the record of \(item) cannot be written as JSON")
        }
        let folder = "\(state)/records"
        try StateFolder.make(folder)
        let path = path(item)
        try StateFolder.write(text, to: path + ".part")
        try StateFolder.rename(path + ".part", to: path)
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Fault("repository.state", "\(folder) cannot be opened") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else {
            throw Fault("repository.state", "\(folder) cannot be stored: \(String(cString: strerror(errno)))")
        }
    }
}
