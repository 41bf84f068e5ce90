import Model
import Runbooks
import Text

/// A step as the executor does it.
enum Deed: Hashable {
    case systemd(SystemdVerb, unit: String)
    case run(Program)
}

extension Deed {
    /// One line for people, without the arguments of a program: they may hold secrets.
    var summary: String {
        switch self {
        case .systemd(let verb, let unit): return RenderedStep.systemd(verb: verb, unit: unit).summary
        case .run(let program):
            let name = program.arguments.first ?? ""
            if let deploy = program.deploy { return "\(deploy.summary): \(name)" }
            return "run\(program.account == .root ? " as root" : "") \(name)"
        }
    }

    /// The project's stage that it works on.
    var stage: String? { if case .run(let program) = self { program.deploy?.stage } else { nil } }
}

/// What a transient unit is made from.
struct Program: Hashable {
    /// The program, absolute, and its arguments.
    var arguments: [String]
    var account: StepUnit.Account
    var directory: String
    /// Set for a project's command: the project and its stage, and what is done to it in words.
    var deploy: Deploy?

    struct Deploy: Hashable {
        var stage: String
        var summary: String
    }
}

extension Guards {
    /// project: the step's project is installed and has such a command; the revision is one, and so never an option.
    func program(_ deploy: RenderedDeploy) throws(Refusal) -> Program {
        let (project, command) = try command(deploy)
        let stage =
            switch deploy.action {
            case .to(let stage, _), .test(let stage), .rollback(let stage): stage
            }
        let summary = RenderedStep.deploy(deploy).summary
        return Program(
            arguments: command, account: .deployer(project.user), directory: "/",
            deploy: Program.Deploy(stage: "\(project.name) \(stage.rawValue)", summary: summary))
    }

    private func command(_ deploy: RenderedDeploy) throws(Refusal) -> (InstalledProject, [String]) {
        if case .to(_, let revision) = deploy.action, !Self.isRevision(revision) {
            throw Refusal("project", "a revision is 7 to 64 hexadecimal digits, not \"\(revision.prefix(80))\"")
        }
        guard let project = installed.settings.projects[deploy.project] else {
            throw Refusal("project", "no project \"\(deploy.project.prefix(64))\" is installed")
        }
        guard let command = project.command(deploy.action) else {
            throw Refusal("project", "the project \(project.name) has no command for: \(deploy.summaryOfAction)")
        }
        return (project, command)
    }

    /// A commit's name, or how it begins, in lower case as git writes it.
    static func isRevision(_ text: String) -> Bool {
        (7...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }

    /// The plan with the commands that its deploy steps and their undos come to; the hash binds each word of them.
    ///
    /// A run of which one of them is not installed is refused whole, before it begins: what could not be taken back, or
    /// would stop halfway, is not begun.
    func withCommands(
        _ hash: String, _ text: String, _ order: Order, _ runbook: Runbook
    ) throws(Refusal) -> (hash: String, text: String) {
        let lines = try commands(order, runbook)
        guard !lines.isEmpty else { return (hash, text) }
        let parts = ([hash] + lines).map { "\($0.utf8.count):\($0)" }
        return (Digest.sha256(parts.joined().utf8), ([text, "  commands:"] + lines).joined(separator: "\n"))
    }

    /// Every command of the run's deploy steps, as `    to-production: AS ROOT /srv/payments/deploy production d00d1e1`.
    func commands(_ order: Order, _ runbook: Runbook) throws(Refusal) -> [String] {
        var lines: [String] = []
        for (index, step) in runbook.steps.enumerated() {
            let path = runbook.path(ofStepAt: index)
            for (path, kind) in [(path, step.kind as StepKind?), ("undo.\(path)", step.undo?.kind)] {
                guard case .deploy? = kind, case .deploy(let deploy) = try rendered(path, order, runbook) else {
                    continue
                }
                let (project, command) = try command(deploy)
                let name = path.hasPrefix("undo.") ? "undo.\(step.name)" : step.name
                let words = mayBeRoot ? project.authority(command) : project.words(command)
                lines.append("    \(name): \(words)")
            }
        }
        return lines
    }
}

extension RenderedDeploy {
    fileprivate var summaryOfAction: String {
        switch action {
        case .to(let stage, _): "deploy to \(stage.rawValue)"
        case .test(let stage): "test \(stage.rawValue)"
        case .rollback(let stage): "rollback \(stage.rawValue)"
        }
    }
}
