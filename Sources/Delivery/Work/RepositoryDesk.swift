public import Model
public import Text

/// Does what steps ask of a project's repository: git and tests in the sandbox, judged by the gates.
///
/// Each step's outcome is stored with what it changed, so that a step that is asked for again under its key gives the
/// same outcome and is not done again.
public struct RepositoryDesk: Sendable {
    let line: PatientLine
    let state: String
    let sandbox: Result<Sandbox, Fault>
    let masking: Masking
    let clock: HostClock
    /// The host's own where there is none.
    var git: Git?

    /// - Parameters:
    ///   - state: a directory of our own, absolute.
    ///   - sandbox: a fault where there is none: then tests fail by the gate `sandbox`.
    public init(
        line: any WorkLine, state: String, sandbox: Result<Sandbox, Fault>, masking: Masking, clock: HostClock
    ) {
        self.line = PatientLine(line: line, clock: clock)
        self.state = state
        self.sandbox = sandbox
        self.masking = masking
        self.clock = clock
    }

    /// Done, or failed with `GATE: sentence` and lines that prove it.
    public func perform(_ task: WorkTask, _ work: RepositoryWork) async -> Outcome {
        var item: Item?
        do throws(GateFailure) {
            guard let project = task.project else {
                throw GateFailure(.repository, "the incident belongs to no project of the settings")
            }
            let named: Item
            do throws(Fault) {
                named = try Item(task, project, state: state, git: git, line: line, masking: masking)
                if let known = try named.record()?.ended[task.key.step] { return known }
            } catch {
                throw GateFailure(error)
            }
            item = named
            return try await step(work, named, revision: task.revision)
        } catch {
            if Task.isCancelled { return .cancelled("it was stopped before it ended") }
            let outcome = error.masked(by: masking).outcome
            return item.map { kept(outcome, $0) } ?? outcome
        }
    }

    /// Stored where the item has a record; a checkout that failed can as well be tried again.
    private func kept(_ outcome: Outcome, _ item: Item) -> Outcome {
        do throws(Fault) {
            guard var record = try item.record() else { return outcome }
            record.ended[item.key.step] = outcome
            try item.shelf.save(record, of: item.name)
            return outcome
        } catch {
            return GateFailure(error).outcome
        }
    }

    private func step(
        _ work: RepositoryWork, _ item: Item, revision: String?
    ) async throws(GateFailure) -> Outcome {
        switch work {
        case .checkout:
            do throws(Fault) {
                return try await checkout(item, revision)
            } catch {
                throw GateFailure(error)
            }
        case .apply(let edits, let part):
            return try await apply(edits, part, item, try standing(item))
        case .test(.fails, let times): return try await reproduces(item, try standing(item), times: times)
        case .test(.passes, let times): return try await passes(item, try standing(item), times: times)
        case .commit(let message): return try await commit(item, try standing(item), message)
        }
    }

    private func standing(_ item: Item) throws(GateFailure) -> ItemRecord {
        do throws(Fault) {
            if let record = try item.record() { return record }
        } catch {
            throw GateFailure(error)
        }
        throw GateFailure(.repository, "nothing of this run is checked out for the item \(item.name)")
    }

    /// Stores what a step did together with its outcome.
    func done(_ result: JSONValue, _ item: Item, _ record: ItemRecord) throws(Fault) -> Outcome {
        var record = record
        record.ended[item.key.step] = .done(result)
        try item.shelf.save(record, of: item.name)
        return .done(result)
    }

    private func checkout(_ item: Item, _ revision: String?) async throws(Fault) -> Outcome {
        let mirror = item.mirror
        try await mirror.update()
        let base = if let revision { try await mirror.resolve(revision) } else { try await mirror.head() }
        for old in try item.shelf.items(before: clock.now().wall - Self.keep) where old != item.name {
            try await mirror.removeWorktree(old)
            try await item.shelf.remove(old)
        }
        _ = try await mirror.worktree(item.name, at: base)
        var record = ItemRecord(project: item.project.name, run: item.key.run, at: clock.now().wall, base: base)
        record.ended = try item.record()?.ended ?? [:]
        // It is ours, or there would be no worktree: an earlier run's, which this one replaces.
        record.offered = try await mirror.head(of: item.name.branch)
        return try done(
            ["revision": .string(base.text), "branch": .string(item.name.branch.text)], item, record)
    }

    /// How long an item's files and record stay after it was checked out: longer than anybody is waited for.
    private static let keep = Duration.seconds(30 * 86_400)

    private func apply(
        _ edits: JSONValue, _ part: RepositoryWork.Part, _ item: Item, _ standing: ItemRecord
    ) async throws(GateFailure) -> Outcome {
        let change = try await item.change(edits, as: part, over: standing)
        var record = standing
        record.add(change, as: part)
        do throws(Fault) {
            let worktree = try await item.worktree(record)
            let (old, new) = (
                try await item.tree(standing, in: worktree), try await item.tree(record, in: worktree)
            )
            return try done(.object(try await told(worktree, from: old, to: new)), item, record)
        } catch {
            throw GateFailure(error)
        }
    }

    private func commit(
        _ item: Item, _ standing: ItemRecord, _ message: String
    ) async throws(GateFailure) -> Outcome {
        guard standing.proven != nil else {
            throw GateFailure(.testsPass, "the change as it is has not been proven, so it is not committed")
        }
        var record = standing
        do throws(Fault) {
            let worktree = try await item.worktree(record)
            let tree = try await item.tree(record, in: worktree)
            let commit = try await worktree.commit(tree, message: masking.mask(message), date: record.at)
            try await line.tell(.offer(item.key, try await worktree.offer(commit, replacing: record.offered)))
            record.offered = commit
            var result = try await told(worktree, from: try await worktree.baseTree(), to: tree)
            result["commit"] = .string(commit.text)
            result["branch"] = .string(item.name.branch.text)
            return try done(.object(result), item, record)
        } catch {
            throw GateFailure(error)
        }
    }

    /// What changed, for people and for models.
    private func told(_ worktree: Worktree, from old: TreeID, to new: TreeID) async throws(Fault) -> [String: JSONValue]
    {
        let diff = try await worktree.diff(from: old, to: new, bytesMax: Self.diffMax)
        let text = masking.mask(diff.text)
        return [
            "files": .array(diff.files.map { .string($0.path) }), "lines": .number(Double(diff.lines)),
            "diff": .string(diff.isWhole ? text : text + "\n… (cut)"),
        ]
    }

    private static let diffMax = 256 << 10
}
