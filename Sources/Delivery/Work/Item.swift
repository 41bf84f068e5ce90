import Agents
import Model
import Text

/// One item of work: its record and its files, as both desks need them.
struct Item: Sendable {
    let name: ItemName
    let project: Project
    let key: EffectKey
    let mirror: Mirror
    let shelf: ItemShelf
    let line: PatientLine
    let masking: Masking

    init(
        _ task: WorkTask, _ project: Project, state: String, git: Git? = nil, line: PatientLine, masking: Masking
    ) throws(Fault) {
        name = try ItemName(task.item)
        self.project = project
        key = task.key
        let git = if let git { git } else { try Git() }
        mirror = try Mirror(of: project, state: state, git: git)
        shelf = ItemShelf(state: state)
        self.line = line
        self.masking = masking
    }

    /// The record of the task's own run; what another run left counts no more.
    func record() throws(Fault) -> ItemRecord? {
        guard let record = try shelf.load(name), record.run == key.run, record.project == project.name else {
            return nil
        }
        return record
    }

    /// The worktree as it was left, or made anew where it is lost.
    func worktree(_ record: ItemRecord) async throws(Fault) -> Worktree {
        if let worktree = mirror.existingWorktree(name, at: record.base) { return worktree }
        try await mirror.update()
        return try await mirror.worktree(name, at: record.base)
    }

    /// The tree of the base with tests and fix as far as there are such.
    func tree(_ record: ItemRecord, in worktree: Worktree) async throws(Fault) -> TreeID {
        let base = try await worktree.baseTree()
        return record.whole.isEmpty ? base : try await worktree.record(record.whole, over: base)
    }

    /// What the edits make of the item as it stands, once every check that runs no test has passed.
    func change(
        _ edits: JSONValue, as part: RepositoryWork.Part, over record: ItemRecord
    ) async throws(GateFailure) -> Change {
        let edits = try Self.edits(edits)
        let role: ChangeRole = part == .test ? .test : .fix
        let worktree: Worktree
        let gates: ChangeGates
        do throws(Fault) {
            worktree = try await self.worktree(record)
            try await worktree.reset(to: try await tree(record, in: worktree))
            gates = try ChangeGates(project, masking: masking)
        } catch {
            throw GateFailure(error)
        }
        let change = try gates.change(edits, as: role, in: WorktreeFiles(worktree.directory))
        // What was copied from a log: whether the repository has it too is git's to say.
        let injected: GateFailure?
        do throws(Fault) { injected = try await self.injected(change, worktree) } catch { throw GateFailure(error) }
        if let injected { throw injected }
        if role == .fix, let before = record.fix {
            // Two rounds could bring in pieces what neither may bring whole.
            let whole = before.then(change)
            guard !whole.isEmpty else { throw GateFailure(.noChange, "the edits take back the whole fix") }
            try gates.check(whole, as: role)
        }
        return change
    }

    private static func edits(_ json: JSONValue) throws(GateFailure) -> [Edit] {
        guard let items = json.array else { throw GateFailure(.schema, "edits are a list of {path, search, replace}") }
        var edits: [Edit] = []
        for (index, item) in items.enumerated() {
            guard let path = item["path"]?.string, let search = item["search"]?.string,
                let replace = item["replace"]?.string
            else {
                throw GateFailure(.schema, "edit \(index + 1) of \(items.count) lacks path, search or replace")
            }
            edits.append(Edit(path: path, search: search, replace: replace))
        }
        return edits
    }

    /// Text that stands in a log line that the run's agents were shown, but nowhere in the repository.
    private func injected(_ change: Change, _ worktree: Worktree) async throws(Fault) -> GateFailure? {
        let lines = Self.logLines(try await line.seen(key))
        guard !lines.isEmpty else { return nil }
        let texts = change.files.compactMap(\.before)
        for hunk in change.hunks where !hunk.added.isEmpty {
            var known = texts
            while let found = Injected.found(in: hunk.added, lines: lines, known: known) {
                guard known.count - texts.count < Self.sharedMax, try await worktree.baseHas(found.text) else {
                    return GateFailure(
                        .injected,
                        "\(hunk): \(excerpt(found.text)) was copied from a log line, which anybody can write",
                        evidence: ["\(hunk)"])
                }
                known.append(found.text)
            }
        }
        return nil
    }

    /// So many stretches of one hunk may stand in the repository and in a log alike.
    private static let sharedMax = 20

    /// What agents were shown of logs: raw lines, and what templates keep of them.
    private static func logLines(_ exchanges: [Exchange]) -> [String] {
        exchanges.flatMap(\.shown).filter { JournalMaterial.names.contains($0.from ?? "") }
            .flatMap { $0.text.split(whereSeparator: \.isNewline).map(String.init) }
    }
}

extension Worktree {
    /// Whether some file of the base has this text on one line, whatever the case of its letters.
    func baseHas(_ text: String) async throws(Fault) -> Bool {
        try await git.run(
            ["grep", "-q", "-I", "-i", "-F", "--no-textconv", "-e", text, base.text, "--"],
            Git.Setting(repository: repository, accepts: [0, 1])
        ).exit == 0
    }

    /// A commit of these files that stands on no branch, for reading them as what they are: not offered to anybody.
    func snapshot(_ tree: TreeID, date: Timestamp) async throws(Fault) -> CommitID {
        try CommitID(
            await git.run(
                ["commit-tree", tree.text, "-p", base.text, "-F", "-"],
                Git.Setting(repository: repository, date: date, input: Array("The change so far\n".utf8))
            ).line)
    }
}

extension Mirror {
    /// Reads an item's own repository in the same way.
    init(_ mirror: Mirror, reading worktree: Worktree) {
        project = mirror.project
        path = worktree.repository
        state = mirror.state
        git = mirror.git
        address = mirror.address
        branch = mirror.branch
    }
}
