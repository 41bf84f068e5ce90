import Glibc
public import Model

/// git as a child process that obeys nobody but us.
///
/// No hook, no configuration of the system's or a user's, no pager, editor, prompt, filter, external diff, submodule or
/// helper; an empty environment; output and time are bounded. A repository's own configuration is read, but no call is
/// made in which a program that it names would be started: files are never merged, and only calls that fetch may speak
/// to another repository. A name that comes from data is checked before, and never
/// stands where git would read an option.
public struct Git: Sendable {
    let program: String
    var wall: Duration = .seconds(120)

    /// - Throws: `git.missing`, with what to install.
    public init(programs: [String] = ["/usr/bin/git", "/usr/local/bin/git"]) throws(Fault) {
        guard let program = programs.first(where: { access($0, X_OK) == 0 }) else {
            throw Fault("git.missing", "git is not installed", hint: "Install it: apt-get install git")
        }
        self.program = program
    }

    struct Answer: Sendable {
        var exit: Int32
        var output: [UInt8]
        var isWhole: Bool
        var errors: String

        var text: String { String(decoding: output, as: UTF8.self) }
        /// The first line.
        var line: String { text.split(separator: "\n").first.map(String.init) ?? "" }
        /// What git complains about.
        var complaint: String {
            let lines = errors.split(separator: "\n").map(String.init)
            let line = lines.first { $0.hasPrefix("fatal: ") || $0.hasPrefix("error: ") } ?? lines.first
            guard let line else { return "git ended with \(exit) and says nothing" }
            return String(line.trimmingPrefix("fatal: ").trimmingPrefix("error: ").prefix(300))
        }
    }

    /// What one call needs beside its arguments.
    struct Setting: Sendable {
        var repository: String?
        var worktree: String?
        var index: String?
        /// Where objects are, if not in the repository.
        var objects: String?
        /// Of the commit that is made.
        var date: Timestamp?
        var input: [UInt8] = []
        var outputMax = 16 << 20
        /// Whether more output is cut rather than a fault.
        var cuts = false
        /// Bytes of memory that it may fill; only for what reads a stranger's pack.
        var dataMax: Int?
        /// Whether it may speak to another repository; every other call reads its own and starts nobody.
        var fetches = false
        /// Exit codes that are answers.
        var accepts: Set<Int32> = [0]
    }

    func run(_ arguments: [String], _ setting: Setting) async throws(Fault) -> Answer {
        let limit = setting.dataMax.map { ["--core=0", "--data=\($0)", "--", program] } ?? []
        let child = ChildProcess(
            executable: limit.isEmpty ? program : "/usr/bin/prlimit",
            arguments: limit + Self.configuration + arguments, environment: Self.environment(setting),
            directory: setting.worktree ?? "/", input: setting.input, wall: wall, outputMax: setting.outputMax,
            keep: setting.outputMax)
        let outcome = try await child.run().0
        let what = "git \(arguments.first ?? "")"
        var exit: Int32 = 0
        switch outcome.end {
        case .exit(let code): exit = code
        case .limit(.output) where setting.cuts: break
        case .limit(.output):
            throw Fault("git.output", "\(what) wrote more than \(ByteSize(bytes: setting.outputMax).literal)")
        case .limit: throw Fault("git.time", "\(what) took longer than \(wall.literal)")
        case .signal(let number): throw Fault("git.failed", "\(what) was ended by signal \(number)")
        }
        let answer = Answer(
            exit: exit, output: Array(outcome.standardOutput.bytes.prefix(setting.outputMax)),
            isWhole: outcome.end != .limit(.output), errors: outcome.standardError.text)
        guard setting.accepts.contains(exit) else {
            throw Fault("git.failed", "\(what) failed: \(answer.complaint)")
        }
        return answer
    }

    /// In a repository, with nothing else to say.
    func run(_ arguments: [String], in repository: String) async throws(Fault) -> Answer {
        try await run(arguments, Setting(repository: repository))
    }

    private static func environment(_ setting: Setting) -> [String: String] {
        var variables = [
            "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/nonexistent", "LC_ALL": "C",
            "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_ATTR_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": "/bin/false", "SSH_ASKPASS": "/bin/false",
            "GIT_PAGER": "cat", "GIT_EDITOR": "false", "GIT_OPTIONAL_LOCKS": "0", "GIT_LITERAL_PATHSPECS": "1",
            "GIT_NO_REPLACE_OBJECTS": "1", "GIT_NO_LAZY_FETCH": "1",
            // A repository that says it is a part of another one would have that one's program started.
            "GIT_ALLOW_PROTOCOL": setting.fetches ? "file:https:ssh" : "", "GIT_AUTHOR_NAME": Self.name,
            "GIT_AUTHOR_EMAIL": Self.email,
            "GIT_COMMITTER_NAME": Self.name, "GIT_COMMITTER_EMAIL": Self.email,
        ]
        variables["GIT_DIR"] = setting.repository
        variables["GIT_WORK_TREE"] = setting.worktree
        variables["GIT_INDEX_FILE"] = setting.index
        variables["GIT_OBJECT_DIRECTORY"] = setting.objects
        if let date = setting.date {
            let text = "@\(date.milliseconds / 1000) +0000"
            variables["GIT_AUTHOR_DATE"] = text
            variables["GIT_COMMITTER_DATE"] = text
        }
        return variables
    }

    /// Bytes of memory for reading what somebody else made: a few bytes of a pack can say that a file has any size.
    static let readingMax = 64 << 20

    static let name = "Nightshift"
    static let email = "nightshift@localhost"

    /// Stands above every configuration file, a repository's own included.
    private static let configuration: [String] =
        [
            "core.hooksPath=/dev/null", "core.fsmonitor=false", "core.untrackedCache=false",
            "core.attributesFile=/dev/null", "core.excludesFile=/dev/null", "core.autocrlf=false", "core.pager=cat",
            "core.editor=false", "core.askPass=/bin/false", "core.alternateRefsCommand=true",
            // Larger files than a change may have are neither held in memory nor compared line by line.
            "core.bigFileThreshold=4m", "core.deltaBaseCacheLimit=8m", "core.sshCommand=ssh -oBatchMode=yes",
            "core.quotePath=false", "credential.helper=", "submodule.recurse=false",
            "fetch.recurseSubmodules=false", "push.recurseSubmodules=no", "safe.directory=*", "gc.auto=0",
            "maintenance.auto=false", "commit.gpgSign=false", "push.gpgSign=false", "log.showSignature=false",
            "color.ui=false", "diff.noprefix=false", "diff.mnemonicPrefix=false",
            "diff.suppressBlankEmpty=false", "init.templateDir=", "init.defaultBranch=main", "rerere.enabled=false",
        ].flatMap { ["-c", $0] }

    /// The other side of a repository on this host is a child of ours too, but git takes our configuration from it.
    static func otherSide(of url: String, _ option: String, _ program: String) -> [String] {
        guard url.hasPrefix("/") || url.hasPrefix("file://") else { return [] }
        let ours = "-c core.hooksPath=/dev/null -c core.fsmonitor=false -c gc.auto=0 -c receive.autogc=false"
        return ["--\(option)=env GIT_ALLOW_PROTOCOL= GIT_NO_LAZY_FETCH=1 git \(ours) -c safe.directory='*' \(program)"]
    }
}
