import Delivery
import Ledger
import Logging
import Model
import Runbooks
import Text

// The local forge: a pull request is a branch in the bare repository, and rows in the ledger.
extension Driver {
    /// Does a forge step, again where nobody knows whether it was done: both kinds find what is there already.
    func forge(_ step: RenderedForge, _ key: EffectKey) async -> Outcome {
        do {
            guard let development = parts.development else {
                throw Fault("forge.provider", "no model's provider is set any more")
            }
            guard let project = development.project(named: step.project) else {
                throw Fault("forge.project", "the settings have no project \"\(step.project)\"")
            }
            let forge = try await development.forge(of: project)
            switch step.action {
            case .open(let commit, let title, let body):
                return try await openPullRequest(forge, project, commit, title, body, key)
            case .merge(let merge): return try await self.merge(forge, project, merge)
            }
        } catch {
            return .failed(parts.masking.mask("forge: \(error)"))
        }
    }

    private func openPullRequest(
        _ forge: LocalForge, _ project: Project, _ commit: String, _ title: String, _ body: String, _ key: EffectKey
    ) async throws(Fault) -> Outcome {
        guard let run = open[key.run] else { throw Fault("forge.run", "the run is over") }
        let item = try ItemName(run.state.item)
        let target = try BranchName(project.repository.branch)
        let facts = try await forge.facts(of: item.branch, into: target)
        guard facts.head.text == commit else {
            return .failed("forge: the branch \(item.branch) is at \(facts.head.short), not at what was reviewed")
        }
        let conflicts = try await forge.conflicts(facts)
        guard conflicts.isEmpty else {
            let files = conflicts.joined(separator: ", ")
            return .failed("forge: \(target) has changed the same lines of \(files) since what is deployed")
        }
        if let why = facts.unseen { return .failed("forge: \(why)") }
        let lines = facts.diff.lines
        let row = PullRequestRow(
            id: item.text, run: key.run, incident: run.header.incident, project: project.name,
            branch: item.branch.text, base: facts.base.text, head: facts.head.text,
            title: parts.masking.mask(title), body: parts.masking.mask(body), lines: lines,
            isLowRisk: project.isLowRisk(facts.diff), at: parts.clock.now().wall)
        let words = (run.state.pullWords(at: row.at) + facts.pullWords(target, at: row.at)).map { word in
            PullWordRow(kind: word.kind, person: word.person, text: parts.masking.mask(word.text), at: word.at)
        }
        try await parts.ledger.write { transaction in
            guard try transaction.read.pullRequest(row.id) == nil else { return }
            try transaction.insert(pullRequest: row)
            for word in words { try transaction.append(word: word, to: row.id) }
        }
        return .done([
            "id": .string(row.id), "head": .string(row.head), "base": .string(row.base), "branch": .string(row.branch),
            "lines": .number(Double(lines)), "low_risk": .bool(row.isLowRisk),
        ])
    }

    private func merge(
        _ forge: LocalForge, _ project: Project, _ merge: RenderedMerge
    ) async throws(Fault) -> Outcome {
        guard let by = merge.by else { return .refused(guard: "approval", text: "nobody has approved \(merge.pr)") }
        guard let row = try await parts.ledger.read({ try $0.pullRequest(merge.pr) }), row.head == merge.head else {
            return .failed("forge: there is no pull request \(merge.pr) with this head")
        }
        let (branch, target) = (try BranchName(row.branch), try BranchName(project.repository.branch))
        let (head, base, now) = (try CommitID(row.head), try CommitID(merge.base), parts.clock.now().wall)
        if try await !forge.has(head, in: target) {
            // Opened by a version that looked less closely, it is not merged by this one.
            let facts = try await forge.facts(of: branch, into: target)
            if facts.head == head, let why = facts.unseen { return .failed("forge: \(why)") }
        }
        let answer = try await forge.merge(
            branch, expecting: head, into: target, at: base, message: "Merge \(branch): \(row.title)", date: now)
        switch answer {
        case .refused(let refusal): return .failed("forge: \(refusal)")
        case .merged(let how):
            try await parts.ledger.write { transaction in
                guard try !transaction.read.words(on: row.id).contains(where: { $0.kind == .merged }) else { return }
                try transaction.append(
                    word: PullWordRow(kind: .approved, person: by, text: "", at: now), to: row.id)
                try transaction.append(
                    word: PullWordRow(kind: .merged, person: "Nightshift", text: head.text, at: now), to: row.id)
            }
            parts.logger.notice(
                "pull request \(row.id) was merged (\(how.rawValue)) as \(head.short), approved by \(by)")
            return .done(["commit": .string(head.text), "by": .string(by)])
        }
    }
}

extension LocalForge.BranchFacts {
    /// What a person is told of the branch that the change goes into.
    fileprivate func pullWords(_ target: BranchName, at: Timestamp) -> [PullWordRow] {
        guard ahead > 0 else { return [] }
        let text =
            "\(target) is \(ahead) commit\(ahead == 1 ? "" : "s") past what is deployed: the merge joins them with this "
            + "change, and production gets this change alone"
        return [PullWordRow(kind: .check, person: "Nightshift", text: text, at: at)]
    }

    /// Why a person could not approve the change; nil where all of it can be seen.
    fileprivate var unseen: String? { diff.unseen.map { "nobody could see all of the change: \($0)" } }
}

extension RunState {
    /// What the run's own steps say of its change: checks and reviews, for whoever approves.
    fileprivate func pullWords(at: Timestamp) -> [PullWordRow] {
        var words: [PullWordRow] = []
        for step in ended {
            guard case .done(let result)? = step.outcome else { continue }
            if let lines = result["report"]?.array, !lines.isEmpty {
                let text = lines.compactMap(\.string).joined(separator: "\n")
                words.append(PullWordRow(kind: .check, person: step.path, text: text, at: at))
            }
            if let findings = result["findings"]?.array {
                let text = findings.map { finding in
                    let line = finding["line"]?.number.flatMap { Int(exactly: $0) }.map { ":\($0)" } ?? ""
                    let place = (finding["path"]?.string ?? "") + line
                    return "\(finding["severity"]?.string ?? "?") \(place) \(finding["text"]?.string ?? "")"
                }
                words.append(
                    PullWordRow(
                        kind: .review, person: step.path,
                        text: text.isEmpty ? "nothing found" : text.joined(separator: "\n"),
                        at: at))
            }
        }
        return words
    }
}
