import Model
import Text

/// One test of a runbook, as its file says it.
struct RunbookTest {
    let name: String
    /// The runbook as installed with the test's `allow`.
    let runbook: Runbook
    let labels: Labels
    let claims: Set<String>
    /// What whoever begins the run by its name gives it.
    let given: [String: JSONValue]
    /// `$project`
    let project: JSONValue?
    /// When the incident opens, counted from the first samples.
    let at: Duration
    let series: TrialSeries
    /// By the path of a step (`restart`, `undo.restart`, `rounds[2].review`), or by its name for each round: how its
    /// attempts end; the last one goes on for ever.
    let outcomes: [String: [Outcome]]
    /// By the path that asks; under the empty text for all others.
    let approvals: [String: ApprovalAnswer]
    let expectPlace: SourcePlace
    /// Nil where the test does not say.
    let effects: [String]?
    let ends: RunEnd.Kind
    let `guard`: String?
}

/// What the persons asked do in a test.
enum ApprovalAnswer: String, CaseIterable {
    case yes, no, never
}

/// Reads `X.test.yaml`.
struct RunbookTestFile {
    let problems: Problems
    let runbook: Runbook

    static func parse(_ text: String, file: String, runbook: Runbook) throws(Diagnostics) -> [RunbookTest] {
        let problems = Problems()
        let start = SourcePlace(file: file, line: 1, column: 1)
        guard let root = try YAML.parse(text, file: file) else {
            throw Diagnostics([Diagnostic(start, "a runbook's test file needs \"tests\"")])
        }
        let reader = RunbookTestFile(problems: problems, runbook: runbook)
        var tests: [RunbookTest] = []
        if let map = Mapping(root, "the test file", keys: ["tests", "allow", "project"], problems) {
            let allow = reader.allow(map)
            let project = map["project"]?.json
            for node in map.list("tests", required: true) ?? [] {
                if let test = reader.test(node, allow, project) { tests.append(test) }
            }
            if tests.isEmpty, problems.isEmpty { problems.add(start, "\"tests\" needs at least one test") }
        }
        try problems.throwIfAny()
        return tests
    }

    private func test(_ node: YAMLNode, _ fileAllow: [String: [String]], _ project: JSONValue?) -> RunbookTest? {
        let keys = [
            "name", "incident", "given", "project", "at", "interval", "series", "allow", "approve", "outcomes",
            "expect",
        ]
        guard let map = Mapping(node, "a test", keys: keys, problems) else { return nil }
        let name = map.string("name", required: true)
        let incident = map.required("incident").flatMap {
            Mapping($0, "\"incident\"", keys: ["labels", "claims"], problems)
        }
        let labels = incident?.stringMap("labels", required: true) ?? []
        let series = TrialSeries(
            map.list("series") ?? [], interval: map.duration("interval") ?? .seconds(15), problems)
        let expect = map.required("expect").flatMap {
            Mapping($0, "\"expect\"", keys: ["effects", "ends", "guard"], problems)
        }
        let ends = expect?.choice("ends", as: RunEnd.Kind.self, required: true)
        let outcomes = self.outcomes(map)
        guard let name, let expect, let ends, let installed = installed(map, fileAllow) else { return nil }
        if let node = expect["guard"], let word = node.text, !Self.guards.contains(word) {
            let near = nearest(word, among: Self.guards).map { "; did you mean \"\($0)\"?" } ?? ""
            problems.add(node.place, "there is no guard \"\(word)\"\(near)")
        }
        return RunbookTest(
            name: name, runbook: installed, labels: Labels(labels.map { ($0.name.text ?? "", $0.value.text ?? "") }),
            claims: Set(incident?.strings("claims") ?? []), given: map["given"]?.json.object ?? [:],
            project: map["project"]?.json ?? project, at: map.duration("at") ?? .zero, series: series,
            outcomes: outcomes, approvals: approvals(map),
            expectPlace: expect.place, effects: expect.strings("effects"), ends: ends, guard: expect.string("guard"))
    }

    private static let guards = GuardName.allCases.map(\.rawValue) + ["parameters"]

    private func allow(_ map: Mapping) -> [String: [String]] {
        guard let node = map["allow"] else { return [:] }
        guard case .mapping(let pairs) = node.content else {
            problems.add(node.place, "\"allow\" needs a mapping of unit parameters to lists of units, not \(node.kind)")
            return [:]
        }
        var allow: [String: [String]] = [:]
        for pair in pairs { allow[pair.key.text ?? ""] = pair.value.strings(problems, "\"allow\"") }
        return allow
    }

    private func installed(_ map: Mapping, _ fileAllow: [String: [String]]) -> Runbook? {
        let allow = fileAllow.merging(self.allow(map)) { $1 }
        do {
            return try runbook.allowing(allow)
        } catch {
            problems.add(map.keyPlace("allow") ?? map.place, error.all.first?.message ?? "the units cannot be allowed")
            return nil
        }
    }

    private func outcomes(_ map: Mapping) -> [String: [Outcome]] {
        guard let node = map["outcomes"] else { return [:] }
        guard case .mapping(let pairs) = node.content else {
            problems.add(node.place, "\"outcomes\" needs a mapping of steps to outcomes, not \(node.kind)")
            return [:]
        }
        var outcomes: [String: [Outcome]] = [:]
        for pair in pairs {
            let path = pair.key.text ?? ""
            guard isStep(path, pair.key.place) else { continue }
            let items: [YAMLNode] = if case .sequence(let items) = pair.value.content { items } else { [pair.value] }
            outcomes[path] = items.compactMap { outcome($0, "the outcome of \(path)") }
        }
        return outcomes
    }

    /// The name of a step, the path of one in a round, or either behind `undo.`.
    private func isStep(_ path: String, _ place: SourcePlace) -> Bool {
        let isUndo = path.hasPrefix("undo.")
        let name = isUndo ? String(path.dropFirst(5)) : path
        if let step = runbook.step(at: name) ?? runbook.step(named: name), !isUndo || step.undo != nil { return true }
        let names = runbook.steps.flatMap { $0.undo == nil ? [$0.name] : [$0.name, "undo.\($0.name)"] }
        let near = nearest(path, among: names + runbook.paths).map { "; did you mean \"\($0)\"?" } ?? ""
        problems.add(place, "the runbook has no step \"\(path)\"\(near)")
        return false
    }

    /// One answer for all who are asked, or one for each path that asks (`run`, or a step's).
    private func approvals(_ map: Mapping) -> [String: ApprovalAnswer] {
        guard let node = map["approve"] else { return [:] }
        guard case .mapping(let pairs) = node.content else {
            return map.choice("approve", as: ApprovalAnswer.self).map { ["": $0] } ?? [:]
        }
        var answers: [String: ApprovalAnswer] = [:]
        for pair in pairs {
            let path = pair.key.text ?? ""
            guard path == "run" || isStep(path, pair.key.place) else { continue }
            answers[path] = pair.value.choice(problems, "the answer to \(path)", as: ApprovalAnswer.self)
        }
        return answers
    }

    private enum Word: String, CaseIterable {
        case done, failed
        case timedOut = "timed_out"
        case refused, unknown, cancelled
    }

    private func outcome(_ node: YAMLNode, _ what: String) -> Outcome? {
        guard let map = Mapping(node, what, keys: ["result", "exit", "status", "body", "why"], problems) else {
            return nil
        }
        // A step's whole result, as agents and sub-runs have it.
        if let result = map["result"], case .mapping = result.content { return .done(result.json) }
        var value: [String: JSONValue] = [:]
        let exit = map.integer("exit", in: 0...255)
        if let exit { value["exit"] = .number(Double(exit)) }
        let status = map.integer("status", in: 100...599)
        if let status { value["status"] = .number(Double(status)) }
        if let body = map.string("body") { value["body"] = .string(body) }
        let isBad = exit.map { $0 != 0 } ?? false || status.map { !(200...299).contains($0) } ?? false
        switch map.choice("result", as: Word.self) ?? (isBad ? .failed : .done) {
        case .done: return .done(.object(value))
        case .failed:
            let why = exit.map { "exit status \($0)" } ?? status.map { "status \($0)" }
            return .failed(map.string("why") ?? why ?? "it failed")
        case .timedOut: return .timedOut
        case .refused: return .refused(guard: "halt", text: "the test says so")
        case .unknown: return .unknown("the test says so")
        case .cancelled: return .cancelled("the test says so")
        }
    }
}

extension YAMLNode {
    /// What JSON would make of it: plain words and numbers are such, anything in quotes is text.
    var json: JSONValue {
        switch content {
        case .sequence(let items): .array(items.map(\.json))
        case .mapping(let pairs):
            .object(Dictionary(pairs.map { ($0.key.text ?? "", $0.value.json) }) { first, _ in first })
        case .scalar(let text, quoted: true): .string(text)
        case .scalar(let text, quoted: false):
            switch text {
            case "", "null": .null
            case "true": .bool(true)
            case "false": .bool(false)
            default:
                text.utf8.allSatisfy({ (48...57).contains($0) || "+-.e".utf8.contains($0) })
                    ? Double(text).map { .number($0) } ?? .string(text) : .string(text)
            }
        }
    }
}
