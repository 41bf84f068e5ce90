import Runbooks

/// A project's commands as root installed them: all that a deploy step can do.
public struct InstalledProject: Hashable, Sendable {
    public struct Staging: Hashable, Sendable {
        /// Is given the revision as its last argument.
        public var deploy: [String]
        public var test: [String]

        public init(deploy: [String], test: [String]) {
            self.deploy = deploy
            self.test = test
        }
    }

    public struct Production: Hashable, Sendable {
        /// Is given the revision as its last argument.
        public var deploy: [String]
        public var rollback: [String]

        public init(deploy: [String], rollback: [String]) {
            self.deploy = deploy
            self.rollback = rollback
        }
    }

    public var name: String
    public var staging: Staging?
    public var production: Production?
    /// Whose authority the commands have.
    public var user: String

    public init(
        name: String, staging: Staging? = nil, production: Production? = nil, user: String = InstalledProject.root
    ) {
        self.name = name
        self.staging = staging
        self.production = production
        self.user = user
    }

    public static let root = "root"
    static let wordsMax = 64
    static let bytesMax = 4096
}

extension InstalledProject {
    /// The program and its arguments for one action; nil where the project has none.
    func command(_ action: RenderedDeploy.Action) -> [String]? {
        switch action {
        case .to(.staging, let revision): staging.map { $0.deploy + [revision] }
        case .to(.production, let revision): production.map { $0.deploy + [revision] }
        case .test(.staging): staging?.test
        case .rollback(.production): production?.rollback
        case .test(.production), .rollback(.staging): nil
        }
    }

    /// `AS ROOT /srv/payments/deploy production d00d1e1`: what a person reads before they hand it over or approve it.
    func authority(_ command: [String]) -> String {
        (user == Self.root ? "AS ROOT " : "as \(user) ") + words(command)
    }

    func words(_ command: [String]) -> String { command.map(\.quotedWhereNeeded).joined(separator: " ") }

    /// Every command with the name that a deploy step has for it.
    var commands: [(what: String, words: [String])] {
        var all: [(what: String, words: [String])] = []
        if let staging {
            all.append(("staging.deploy", staging.deploy))
            all.append(("staging.test", staging.test))
        }
        if let production {
            all.append(("production.deploy", production.deploy))
            all.append(("production.rollback", production.rollback))
        }
        return all
    }

    /// What is wrong with it, a sentence each; nothing of it may be installed or believed then.
    var problems: [String] {
        var found: [String] = []
        if !Self.isName(name) {
            found.append("a project's name needs lower-case letters, digits and hyphens, not \"\(name)\"")
        }
        if !AccountName.isValid(user) { found.append("\"\(user)\" is not the name of a user") }
        for (what, words) in commands {
            if let problem = Self.problem(words) { found.append("\(what) \(problem)") }
        }
        return found
    }

    /// As the templates of deploy steps may give it.
    private static func isName(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count) && text.utf8.first != 0x2D
            && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) || $0 == 0x2D }
    }

    private static func problem(_ words: [String]) -> String? {
        guard let program = words.first, program.hasPrefix("/"), !program.hasSuffix("/") else {
            return "needs a program by its absolute path, and its arguments"
        }
        if program.split(separator: "/").contains(where: { $0 == "." || $0 == ".." }) {
            return "needs the path of its program without . and .., not \"\(program)\""
        }
        guard words.count <= wordsMax, words.map(\.utf8.count).reduce(0, +) <= bytesMax else {
            return "is longer than \(wordsMax) words or \(bytesMax) bytes"
        }
        let isPrintable = words.allSatisfy { word in
            word.unicodeScalars.allSatisfy { !unprintable.contains($0.properties.generalCategory) }
        }
        return isPrintable ? nil : "holds a character that cannot be printed"
    }

    private static let unprintable: Set<Unicode.GeneralCategory> = [
        .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned,
    ]
}

/// The grammar of users' and groups' names.
enum AccountName {
    static func isValid(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count) && !text.hasPrefix("-")
            && text.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
                default: "._-@".utf8.contains(byte)
                }
            }
    }
}
