public import Model

/// Which revision of a project is deployed, as the project's settings say how to learn it.
public enum DeployedRevision {
    /// One word: a commit's name, a tag or what `git describe` says; `Mirror.resolve` makes a commit of it.
    ///
    /// - Throws: `revision.unknown`, with where it was looked for.
    public static func read(_ project: Project, labels: Labels) async throws(Fault) -> String {
        let (text, place) = try await text(project, labels)
        let words = text.split(whereSeparator: \.isWhitespace).map(String.init)
        guard let word = words.first, words.count == 1, word.utf8.count <= 200, isRefName(word) else {
            throw Fault(
                "revision.unknown", "\(place) does not hold one revision but \(excerpt(text))",
                hint: "Let the deploy write the commit's name there")
        }
        return word
    }

    private static func text(_ project: Project, _ labels: Labels) async throws(Fault) -> (String, String) {
        switch project.revision {
        case .file(let path):
            guard let bytes = StateFolder.read(path, max: 4096) else {
                throw Fault(
                    "revision.unknown", "\(path), which names the deployed revision of \(project.name), cannot be read",
                    hint: "Check revision.path of the project")
            }
            return (String(decoding: bytes, as: UTF8.self), path)
        case .label(let name):
            guard let value = labels[name], !value.isEmpty else {
                throw Fault(
                    "revision.unknown",
                    "the incident has no label \(name), which names the deployed revision of \(project.name)")
            }
            return (value, "the label \(name)")
        case .command(let words):
            guard let program = words.first, program.hasPrefix("/") else {
                throw Fault("revision.unknown", "the revision command of \(project.name) needs an absolute path")
            }
            let outcome = try await ChildProcess(
                executable: program, arguments: Array(words.dropFirst()),
                environment: ["PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C"], wall: .seconds(30),
                outputMax: 1 << 16, keep: 1 << 16
            ).run().0
            guard outcome.end == .exit(0) else {
                throw Fault(
                    "revision.unknown", "\(program), which names the deployed revision of \(project.name), failed",
                    hint: firstLine(outcome.standardError))
            }
            return (outcome.standardOutput.text, program)
        }
    }
}
