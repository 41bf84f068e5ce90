public import Model

/// Who made a change, which decides what it may touch.
public enum ChangeRole: String, Sendable, Codable {
    /// Adds tests, and touches nothing else.
    case test
    /// Repairs, and touches no test.
    case fix
}

/// What a patch may touch in a project, by path: gates `paths`, `build-files` and `dependency`.
public struct PathPolicy: Sendable {
    let allow: [Glob]
    let tests: [Glob]
    let deny: [Glob]
    /// Files of the worktree that the test command names.
    private let commandFiles: Set<String>

    /// - Throws: where a glob is malformed.
    public init(_ project: Project) throws(Fault) {
        allow = try Self.globs(project.paths.allow)
        tests = try Self.globs(project.paths.tests)
        deny = try Self.globs(project.paths.deny)
        // A word of the command that is no path names no file.
        commandFiles = Set(project.test.compactMap { try? RelativePath($0).description })
    }

    private static func globs(_ sources: [String]) throws(Fault) -> [Glob] {
        var globs: [Glob] = []
        for source in sources { globs.append(try Glob(source)) }
        return globs
    }

    public func isTest(_ path: RelativePath) -> Bool { tests.contains { $0.matches(path) } }

    /// The paths that edits name, before any file is read; a manifest waits until its new lines are known.
    public func check(_ edits: [Edit], as role: ChangeRole) throws(GateFailure) {
        for edit in edits {
            let path = try path(edit.path)
            if Manifest.kind(of: path) == .manifest { continue }
            try check(path, isNew: edit.search.isEmpty, as: role)
        }
    }

    /// A changed file by its path and, for a manifest, by its new lines.
    public func check(_ file: FileChange, as role: ChangeRole) throws(GateFailure) {
        let path = try path(file.path)
        if let line = Manifest.dependencyLine(in: file, path: path) {
            throw GateFailure(
                .dependency, "\(path) would bring a new or other dependency; a patch uses what is there",
                evidence: [excerpt(line)])
        }
        try check(path, isNew: file.before == nil, as: role)
    }

    private func path(_ text: String) throws(GateFailure) -> RelativePath {
        do throws(RelativePath.Refusal) { return try RelativePath(text) } catch {
            throw GateFailure(.paths, error.text)
        }
    }

    /// The most telling gate speaks first: a changed lock file outside of the allowed paths is a `dependency`.
    private func check(_ path: RelativePath, isNew: Bool, as role: ChangeRole) throws(GateFailure) {
        let kind = Manifest.kind(of: path)
        if kind == .lock || kind == .vendored {
            throw GateFailure(
                .dependency, "\(path) decides which dependencies are used; a patch brings no new or other dependency")
        }
        try checkBuildFile(path, isManifest: kind == .manifest, as: role)
        if role == .fix, isTest(path) {
            guard isNew else {
                throw GateFailure(
                    .testsKept, "\(path) holds tests, which a fix must pass as they are; change the code instead")
            }
            throw GateFailure(.paths, "\(path) would be a new test; tests are written before the fix, not with it")
        }
        if let glob = deny.first(where: { $0.matches(path) }) {
            throw GateFailure(.paths, "\(path) may not be touched: the project denies \(glob)")
        }
        guard allow.contains(where: { $0.matches(path) }) else {
            let allowed = allow.isEmpty ? "none" : listed(allow.map(\.source), max: 8)
            throw GateFailure(.paths, "\(path) is outside of the paths that a patch may touch: \(allowed)")
        }
        if role == .test, !isTest(path) {
            let places = tests.isEmpty ? "none" : listed(tests.map(\.source), max: 8)
            throw GateFailure(
                .paths, "\(path) is not among the project's tests (\(places)); a test changes nothing else")
        }
    }

    private func checkBuildFile(
        _ path: RelativePath, isManifest: Bool, as role: ChangeRole
    ) throws(GateFailure) {
        switch BuildFile.kind(of: path) ?? (isManifest ? .build : nil) {
        case .automation:
            throw GateFailure(
                .buildFiles, "\(path) steers the project's automation (CI, review, hooks); a patch never changes that")
        case .build:
            guard !isNamedByPath(path) else { return }
            throw GateFailure(
                .buildFiles,
                "\(path) decides how the project is built or which of its tests run; a patch may change it only where "
                    + "the project's `allow` names it without a pattern")
        case nil:
            guard commandFiles.contains(path.description), !(role == .test && isTest(path)) else { return }
            throw GateFailure(.buildFiles, "\(path) is a part of the project's test command; a patch may not change it")
        }
    }

    /// Whether `allow` has this very path rather than a pattern that takes it in.
    func isNamedByPath(_ path: RelativePath) -> Bool { allow.contains { $0.isLiteral && $0.matches(path) } }
}
