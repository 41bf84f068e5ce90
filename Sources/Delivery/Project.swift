public import Model

/// A service's repository and how its changes travel: one entry of `projects` in the settings.
public struct Project: Sendable, Hashable, Codable {
    public struct Repository: Sendable, Hashable, Codable {
        /// A path or a URL that git can fetch from.
        public var url: String
        public var branch: String

        public init(url: String, branch: String) {
            self.url = url
            self.branch = branch
        }
    }

    /// How to learn which revision is deployed.
    public enum Revision: Sendable, Hashable, Codable {
        case file(path: String)
        case command([String])
        /// A label of the incident.
        case label(String)
    }

    /// What a patch may touch, as globs (`**` over folders): allowed and not denied; `tests` are those of it that hold tests.
    public struct Paths: Sendable, Hashable, Codable {
        public var allow: [String]
        public var tests: [String]
        public var deny: [String]

        public init(allow: [String], tests: [String], deny: [String]) {
            self.allow = allow
            self.tests = tests
            self.deny = deny
        }
    }

    /// Where the names of the tests that ran are found after a test run.
    public enum Report: Sendable, Hashable, Codable {
        /// A JUnit XML file, relative to the worktree.
        case junit(String)
        /// A TAP file; `-` for standard output.
        case tap(String)
    }

    public struct Sandbox: Sendable, Hashable, Codable {
        public var memory: ByteSize
        public var processes: Int
        public var wall: Duration

        public init(
            memory: ByteSize = ByteSize(bytes: 1 << 30), processes: Int = 256, wall: Duration = .seconds(600)
        ) {
            self.memory = memory
            self.processes = processes
            self.wall = wall
        }
    }

    public struct Staging: Sendable, Hashable, Codable {
        public var deploy: [String]
        public var test: [String]

        public init(deploy: [String], test: [String]) {
            self.deploy = deploy
            self.test = test
        }
    }

    public struct Production: Sendable, Hashable, Codable {
        public var deploy: [String]
        public var rollback: [String]
        /// Must hold for `watchFor` after a deploy.
        public var watch: String
        public var watchFor: Duration

        public init(deploy: [String], rollback: [String], watch: String, watchFor: Duration) {
            self.deploy = deploy
            self.rollback = rollback
            self.watch = watch
            self.watchFor = watchFor
        }
    }

    /// Whether a person must approve.
    public enum Approval: Sendable, Hashable, Codable {
        case always
        /// Not where a change touches only these paths and at most so many lines.
        case lowRisk(paths: [String], lines: Int)
    }

    public var name: String
    public var units: [String]
    public var repository: Repository
    public var revision: Revision
    public var paths: Paths
    public var test: [String]
    public var report: Report
    public var sandbox: Sandbox
    public var staging: Staging?
    public var production: Production?
    /// Of the merge and so of production; a plan is always a person's to approve.
    public var approveProduction: Approval
    /// Whether code and logs may be sent to the model.
    public var sendsCode: Bool
    public var sendsLogs: Bool

    public init(
        name: String, units: [String], repository: Repository, revision: Revision, paths: Paths, test: [String],
        report: Report, sandbox: Sandbox = Sandbox(), staging: Staging? = nil, production: Production? = nil,
        approveProduction: Approval = .always, sendsCode: Bool = false, sendsLogs: Bool = false
    ) {
        self.name = name
        self.units = units
        self.repository = repository
        self.revision = revision
        self.paths = paths
        self.test = test
        self.report = report
        self.sandbox = sandbox
        self.staging = staging
        self.production = production
        self.approveProduction = approveProduction
        self.sendsCode = sendsCode
        self.sendsLogs = sendsLogs
    }
}
