import Model
import Text

/// Which state of a project's code an agent reads: the item's as it stands, else what is deployed.
actor CodeView {
    struct Place: Sendable {
        let mirror: Mirror
        let commit: CommitID
    }

    private let task: WorkTask
    private let state: String
    private let line: PatientLine
    private let masking: Masking
    private var found: Place?

    init(_ task: WorkTask, state: String, line: PatientLine, masking: Masking) {
        self.task = task
        self.state = state
        self.line = line
        self.masking = masking
    }

    /// The same for all of an agent's calls.
    func place(named name: String?) async throws(Fault) -> Place {
        guard let project = task.project else {
            throw Fault("tool.project", "the incident belongs to no project, so there is no code to read")
        }
        guard name == nil || name == project.name else {
            throw Fault("tool.project", "only the code of \(project.name) can be read here")
        }
        guard project.sendsCode else {
            throw Fault(
                "tool.egress", "the code of \(project.name) may not be sent to a model",
                hint: "projects.\(project.name).egress.code in the settings allows it.")
        }
        if let found { return found }
        let place = try await look(project)
        found = place
        return place
    }

    private func deployed(_ mirror: Mirror) async throws(Fault) -> CommitID {
        do throws(Fault) {
            try await mirror.update()
        } catch {
            // What is deployed may be here from an earlier time, while the repository is away.
            guard let revision = task.revision, let commit = try? await mirror.resolve(revision) else { throw error }
            return commit
        }
        guard let revision = task.revision else { return try await mirror.head() }
        return try await mirror.resolve(revision)
    }

    private func look(_ project: Project) async throws(Fault) -> Place {
        let item = try Item(task, project, state: state, line: line, masking: masking)
        if let record = try item.record() {
            let worktree = try await item.worktree(record)
            let tree = try await item.tree(record, in: worktree)
            let commit = try await worktree.snapshot(tree, date: record.at)
            return Place(mirror: Mirror(item.mirror, reading: worktree), commit: commit)
        }
        return Place(mirror: item.mirror, commit: try await deployed(item.mirror))
    }
}
