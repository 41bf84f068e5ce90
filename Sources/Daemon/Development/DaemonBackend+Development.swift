import Agents
import Console
import Delivery
import FoundationEssentials
import Ledger
import Model
import Runbooks
import Text

// Fixes on their way, and their pull requests.
extension DaemonBackend {
    func work() async throws(Fault) -> [WorkView] {
        let runs = try await developmentRuns()
        var views: [WorkView] = []
        for run in runs { views.append(try await view(run, isWhole: false)) }
        return views
    }

    func work(_ id: String) async throws(Fault) -> WorkView {
        let found = try await developmentRuns().named(id) { [$0.item, $0.id] }
        guard let run = found.first, !id.isEmpty else {
            throw Fault("work.unknown", "There is no work \(id)", hint: "nightshift work list shows it.")
        }
        guard found.count == 1 else {
            let names = found.map { "\($0.item) (run \($0.id))" }.joined(separator: ", ")
            throw Fault("work.ambiguous", "\(id) could be \(names)", hint: "Type more of it, or of the run.")
        }
        return try await view(run, isWhole: true)
    }

    /// Runs that an escalation or a person began, and reviews by themselves, the newest first.
    private func developmentRuns() async throws(Fault) -> [RunHeader] {
        try await ledger.read { reader in
            try reader.runs(since: Timestamp(microseconds: 0)).filter {
                [Development.pipeline, Development.diagnosis].contains($0.runbook) || WorkReview.isID($0.id)
            }.reversed()
        }
    }

    private func view(_ run: RunHeader, isWhole: Bool) async throws(Fault) -> WorkView {
        let (end, spent, exchanges) = try await ledger.read { reader in
            (
                try reader.end(of: run.id), try reader.spent(run: run.id),
                isWhole ? try reader.exchanges(run: run.id) : []
            )
        }
        let state = await driver.state(of: run.id)
        let ended = try end.map { stored throws(Fault) in try RunEnd(stored: stored) }
        let word: String
        if let ended {
            word = ended.kind.rawValue
        } else {
            word = await driver.isAsking(run.id) ? "awaiting_approval" : "working"
        }
        var view = WorkView(
            id: run.item, run: run.id, incident: run.incident ?? "", project: run.target ?? "", state: word,
            text: ended?.text ?? state?.standing ?? "waits for the driver", begun_at: run.stamp.wall.description,
            ended_at: end?.stamp.wall.description, tokens: spent.tokens, cost: Double(spent.cost) / 1e6)
        guard isWhole else { return view }
        view.steps = try await steps(run, state)
        view.transcript = exchanges.map { row in
            let head = "\(row.at) \(row.path) \(row.number)"
            do {
                return "\(head)\n"
                    + (try JSONDecoder().decode(Exchange.self, from: Data(row.body.utf8)).text(full: true))
            } catch {
                return "\(head)\n(an exchange of another version)"
            }
        }
        return view
    }

    private func steps(_ run: RunHeader, _ open: RunState?) async throws(Fault) -> [WorkView.Step] {
        var steps: [WorkView.Step] = []
        if WorkReview.isID(run.id) { return steps }  // no run of the engine's
        var ended = open?.ended
        if ended == nil { ended = try await driver.folded(run)?.ended }
        for step in ended ?? [] {
            steps.append(
                WorkView.Step(
                    path: step.path, outcome: step.outcome?.word ?? "skipped", text: step.outcome?.sentence ?? "",
                    evidence: step.outcome?.proof.map(String.init) ?? []))
        }
        if case .step(let attempt)? = open?.phase {
            steps.append(WorkView.Step(path: attempt.key.path, outcome: "running", text: attempt.step.summary))
        }
        return steps
    }

    // MARK: - Pull requests

    func pulls() async throws(Fault) -> [PullView] {
        let rows = try await ledger.read { reader in
            try reader.pullRequests().map { ($0, try reader.words(on: $0.id), try reader.end(of: $0.run) != nil) }
        }
        return rows.map { PullView($0, words: $1, isOver: $2, isWhole: false) }
    }

    func pull(_ id: String) async throws(Fault) -> PullView {
        let found = try await ledger.read { reader in
            try (id.isEmpty ? [] : reader.pullRequests()).named(id) { [$0.id] }
                .map { ($0, try reader.words(on: $0.id), try reader.end(of: $0.run) != nil) }
        }
        guard let (row, words, isOver) = found.first else {
            throw Fault("pull.unknown", "There is no pull request \(id)", hint: "nightshift pr list shows them.")
        }
        guard found.count == 1 else {
            throw Fault("pull.ambiguous", "\(id) could be several", hint: "Type more of it.")
        }
        var view = PullView(row, words: words, isOver: isOver, isWhole: true)
        view.diff = await driver.diff(of: row)
        return view
    }

    /// Puts a person's word on a pull request.
    func comment(_ id: String, _ text: String, by person: String) async throws(Fault) -> String {
        let pull = try await pull(id)
        try await say(.comment, text, by: person, on: pull.id)
        return "said on \(pull.id)"
    }

    /// A person's no closes the pull request that the run has open.
    func noteRejection(_ why: String, by person: String, ofRun run: String) async throws(Fault) {
        let open = try await ledger.read { reader in
            try reader.pullRequests(ofRun: run).filter { row in
                try !reader.words(on: row.id).contains { $0.kind == .merged || $0.kind == .rejected }
            }
        }
        for row in open { try await say(.rejected, why, by: person, on: row.id) }
    }

    private func say(_ kind: PullWordRow.Kind, _ text: String, by person: String, on id: String) async throws(Fault) {
        let word = PullWordRow(kind: kind, person: person, text: text, at: clock.now().wall)
        try await ledger.write { try $0.append(word: word, to: id) }
    }
}

extension PullView {
    init(_ row: PullRequestRow, words: [PullWordRow], isOver: Bool, isWhole: Bool) {
        let kinds = Set(words.map(\.kind))
        let state =
            kinds.contains(.merged) ? "merged" : kinds.contains(.rejected) ? "rejected" : isOver ? "closed" : "open"
        self.init(
            id: row.id, run: row.run, incident: row.incident, project: row.project, branch: row.branch, base: row.base,
            head: row.head, title: row.title, body: row.body, lines: row.lines, low_risk: row.isLowRisk, state: state,
            opened_at: row.at.description,
            checks: words.filter { $0.kind == .check }.flatMap { $0.text.split(separator: "\n").map(String.init) },
            words: isWhole
                ? words.map {
                    Word(kind: $0.kind.rawValue, person: $0.person, text: $0.text, at: $0.at.description)
                } : nil)
    }
}

extension RunHeader {
    /// As `RunState.item`; a review by itself has its own name.
    var item: String { incident.map { Development.item($0, runbook, occurrence) } ?? id }
}

extension Array {
    /// Those that a person means by a name, or by the beginning of one: where a name is written out, no longer one.
    func named(_ text: String, _ names: (Element) -> [String]) -> [Element] {
        let exact = filter { names($0).contains(text) }
        return exact.isEmpty ? filter { names($0).contains { $0.hasPrefix(text) } } : exact
    }
}

extension RunState {
    /// Where an open run stands, in a few words.
    var standing: String {
        switch phase {
        case .new, .guarding: "is about to begin"
        case .waiting(let unit, let holder, _): "waits for run \(holder), which holds \(unit)"
        case .awaitingApproval: "waits for approval"
        case .step(let attempt): "\(attempt.key.path): \(attempt.step.summary)"
        case .verifying(let watch): "watches \(watch.expr)"
        case .ended(let end): end.text
        }
    }
}

extension Driver {
    func state(of run: String) -> RunState? { open[run]?.state }

    /// Whether the run, or one that it began, waits for a person's word.
    func isAsking(_ run: String) -> Bool {
        open.contains { id, other in
            other.state.question != nil && (id == run || ancestors(of: other).contains(run))
        }
    }

    /// The state of a run that has ended.
    func folded(_ header: RunHeader) async throws(Fault) -> RunState? {
        let (definition, history) = try await parts.ledger.read {
            (try $0.definition(digest: header.digest), try $0.history(of: header.id))
        }
        guard let definition else { return nil }
        do {
            return try fold(history, over: Runbook.parse(definition.text, file: "\(definition.name).yaml"))
        } catch {
            throw Fault("ledger.newer", "the history of run \(header.id) is written as this version does not know")
        }
    }

    /// A person wants no more of a fix.
    func withdraw(_ run: String, by person: String, why: String) async throws(Fault) {
        guard open[run] != nil else { throw Fault("work.ended", "It has ended already") }
        try await feed(.withdrawn(by: person, why: why), to: run)
    }

    /// The change of a pull request, masked; a sentence where the repository cannot say.
    func diff(of row: PullRequestRow) async -> String {
        do {
            guard let development = parts.development, let project = development.project(named: row.project)
            else { return "the project is not in the settings any more" }
            let forge = try await development.forge(of: project)
            let facts = try await forge.facts(
                of: try BranchName(row.branch), into: try BranchName(project.repository.branch))
            if !facts.diff.files.isEmpty {
                let unseen = facts.diff.unseen.map { "\n… \($0); it cannot be approved\n" } ?? ""
                return parts.masking.mask(facts.diff.text + unseen)
            }
            return "everything of it is in \(project.repository.branch)"
        } catch {
            return parts.masking.mask("the change cannot be shown: \(error)")
        }
    }
}
