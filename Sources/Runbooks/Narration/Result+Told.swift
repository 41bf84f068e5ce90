import Model

// What a person reads of the results of the pipeline's steps; the whole stays in the history and the transcript.
extension JSONValue {
    /// Of a role's result, whatever its schema: what it proposes, what it counts, what it says of itself.
    var agentWords: [String] {
        var words: [String] = []
        if let facts = self["facts"]?.array { words.append(Self.count(facts.count, "fact")) }
        if let first = self["hypotheses"]?.array?.first?["cause"]?.string { words.append("first cause: \(first.cut)") }
        if let proposal = self["proposal"], let kind = proposal["kind"]?.string {
            let subject = proposal["runbook"]?.string ?? proposal["project"]?.string
            words.append("proposes \(kind)\(subject.map { " \($0)" } ?? ""): \((proposal["text"]?.string ?? "").cut)")
        }
        if let findings = self["findings"]?.array {
            let blocking = self["blocking"]?.argument ?? "0"
            words.append("\(Self.count(findings.count, "finding")), \(blocking) blocking")
        }
        if let edits = self["edits"]?.array { words.append(Self.count(edits.count, "edit")) }
        for key in ["summary", "explanation"] {
            if let text = self[key]?.string { words.append(text.cut) }
        }
        return words
    }

    /// Of a diagnosis its hypotheses, each with its checked quotes.
    var causes: [Evidence] {
        (self["hypotheses"]?.array ?? []).prefix(Self.causesMax).map { hypothesis in
            let quotes = (hypothesis["citations"]?.array ?? []).prefix(Self.causesMax).map { citation in
                "\(citation["id"]?.string ?? "?"): \(citation["quote"]?.string?.cut ?? "")"
            }
            let lines = ["cause", "because"].compactMap { hypothesis[$0]?.string?.cut }
            return Evidence(
                .cause, hypothesis["confidence"]?.argument ?? "", (lines + quotes).joined(separator: "\n"))
        }
    }

    private static let causesMax = 5

    func words(of action: RenderedRepository.Action) -> [String] {
        switch action {
        case .checkout: named(["revision", "branch"])
        case .apply: files
        case .test:
            named(["passed", "failed"])
                + (self["tests"]?.number.flatMap { Int(exactly: $0) }.map { ["of \($0) tests"] } ?? [])
        case .commit: named(["commit"]) + files
        }
    }

    func words(of action: RenderedForge.Action) -> [String] {
        switch action {
        case .open: named(["id"]).map { "pull request " + $0.dropFirst(3) } + named(["branch", "lines"])
        case .merge: named(["commit", "by"])
        }
    }

    private var files: [String] {
        let files = (self["files"]?.array ?? []).map(\.argument)
        return (files.isEmpty ? [] : [files.joined(separator: ", ").cut]) + named(["lines"])
    }

    private func named(_ keys: [String]) -> [String] {
        keys.compactMap { key in self[key].map { "\(key) \($0.argument.cut)" } }
    }

    private static func count(_ number: Int, _ what: String) -> String { "\(number) \(what)\(number == 1 ? "" : "s")" }
}

extension String {
    fileprivate var cut: String {
        let line = split(whereSeparator: \.isNewline).joined(separator: " ")
        return line.count > 200 ? line.prefix(200) + "…" : line
    }
}
