/// What each part of a fix is needed for.
public struct NeedProof: Sendable, Hashable, Codable {
    /// The part, and a test that does not pass without it (or how the run ended).
    public struct Part: Sendable, Hashable, Codable {
        public var part: String
        public var breaks: String
    }

    public var parts: [Part]
    /// Hunks of comments and documents, which no test needs.
    public var exempt: [String]
}

extension FixGates {
    /// Undoing any one part of the fix makes some test fail: gate `needed`.
    ///
    /// Parts are the hunks one by one (runs of changed lines without context), then two at once, then those that stand
    /// near each other, then whole files: two hunks of an unrelated edit may need each other, so that only undoing both
    /// shows that nothing else needs them. Hunks that change comments or documents only are exempt. A part is run until a test fails
    /// that is not flaky, at most `tries` times.
    public func needed(
        _ fix: Change, after shown: Reproduction, _ result: FixResult, tries: Int, partsMax: Int = 60
    ) async throws(GateFailure) -> NeedProof {
        let hunks = fix.hunks
        let tooMany = GateFailure(
            .needed, "the fix has \(counted(hunks.count, "hunk")), too many to prove each of them; make it smaller")
        guard hunks.count <= 2 * partsMax else { throw tooMany }
        let exempt = fix.files.flatMap(Self.exempt)
        let parts = Self.parts(hunks.filter { !exempt.contains($0) }, of: fix)
        guard !parts.isEmpty else {
            throw GateFailure(.needed, "the fix changes only comments or documents")
        }
        guard parts.count <= partsMax else { throw tooMany }
        var proven: [NeedProof.Part] = []
        for part in parts {
            guard let breaks = try await whatBreaks(without: part, of: fix, result, tries: max(1, tries)) else {
                let name = Self.name(part)
                throw GateFailure(
                    .needed, "every test passes without the change at \(name): take it out, or test what it is for",
                    evidence: [name] + (part.first?.excerptLines ?? []))
            }
            proven.append(.init(part: Self.name(part), breaks: breaks))
        }
        return NeedProof(parts: proven, exempt: exempt.map(\.description))
    }

    private func whatBreaks(
        without part: [Hunk], of fix: Change, _ result: FixResult, tries: Int
    ) async throws(GateFailure) -> String? {
        let change = tests.then(fix.undoing(part))
        for _ in 0..<tries {
            let run = try await run(change)
            if let problem = run.problem { return "\(run.ending): \(problem.text)" }
            let flaky = Set(result.flaky)
            if let broken = result.passed.first(where: { !flaky.contains($0) && run.tests[$0] != .passed }) {
                return broken
            }
            switch run.ending {
            case .exit: break
            case .signal, .limit: return run.ending.description
            }
        }
        return nil
    }

    private static func name(_ part: [Hunk]) -> String { listed(part.map(\.description), max: 4) }

    /// The hunks of a file that change comments or documents only.
    private static func exempt(_ file: FileChange) -> [Hunk] {
        let hunks = Hunk.all(in: file)
        // A path that is none has no kind; its hunks must be proven like all others.
        guard let path = try? RelativePath(file.path) else { return [] }
        if CodeText.isDocument(path) { return hunks }
        guard let after = file.after, file.before != nil, let code = CodeText.code(of: after, path) else { return [] }
        return hunks.filter { hunk in
            guard let undone = Hunk.undo([hunk], in: file).after else { return false }
            return CodeText.code(of: undone, path) == code
        }
    }

    /// Single hunks, two at once, near ones together, whole files; never all of the fix, whose absence `reproduces` has
    /// shown.
    private static func parts(_ hunks: [Hunk], of fix: Change) -> [[Hunk]] {
        var groups: [[Hunk]] = []
        for (index, hunk) in hunks.enumerated() {
            let others = hunks[(index + 1)...]
            groups += (hunks.count <= pairedMax ? others : others.prefix(1)).map { [hunk, $0] }
        }
        var near: [[Hunk]] = []
        for hunk in hunks {
            let isNear = near.last?.last.map {
                $0.path == hunk.path && hunk.after.lowerBound - $0.after.upperBound <= 6
            }
            if isNear ?? false { near[near.count - 1].append(hunk) } else { near.append([hunk]) }
        }
        let files = fix.files.map { file in hunks.filter { $0.path == file.path } }
        var parts = hunks.map { [$0] }
        for group in groups + near + files
        where group.count > 1 && group.count < hunks.count && !parts.contains(group) {
            parts.append(group)
        }
        return parts
    }

    /// Of so many hunks any two are undone together; of more, neighbours.
    private static var pairedMax: Int { 6 }
}
