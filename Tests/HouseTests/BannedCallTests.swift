import Testing

/// Calls that may not stand in Sources, and the few places where one may, with the reason.
@Suite struct BannedCallTests {
    /// A word of code, why it is banned, and the files that may use it.
    struct Ban: CustomStringConvertible {
        let word: String
        let reason: String
        var except: Set<String> = []
        var description: String { word }
    }

    static let bans: [Ban] = [
        Ban(word: "Process(", reason: "systemd is the executor"),
        Ban(word: "posix_spawn", reason: "systemd is the executor"),
        Ban(word: "fork(", reason: "systemd is the executor"),
        Ban(word: "vfork(", reason: "systemd is the executor"),
        Ban(word: "execv(", reason: "systemd is the executor"),
        Ban(word: "execve(", reason: "systemd is the executor"),
        Ban(word: "execvp(", reason: "systemd is the executor"),
        Ban(word: "popen(", reason: "systemd is the executor"),
        Ban(word: "system(", reason: "systemd is the executor"),
        Ban(word: "NSRegularExpression", reason: "patterns run on RE2, in linear time"),
        Ban(word: "Regex(", reason: "patterns run on RE2, in linear time"),
        Ban(word: "RegexBuilder", reason: "patterns run on RE2, in linear time"),
        Ban(word: "try!", reason: "an error is returned or handled"),
        Ban(word: "fatalError(", reason: "an error is returned or handled"),
    ]

    /// Programs whose work a library does; a path or a bare name of one in a literal is a call in the making.
    static let programs = ["journalctl", "systemctl", "busctl", "curl", "sqlite3", "sh", "bash"]

    /// True where `word` stands in `line` as a word of its own, and not as a member of something.
    static func uses(_ word: String, in line: Substring) -> Bool {
        var rest = line[...]
        while let range = rest.firstRange(of: word) {
            let before = range.lowerBound == line.startIndex ? nil : line[line.index(before: range.lowerBound)]
            let startsWord = before.map { !($0.isLetter || $0.isNumber || $0 == "_" || $0 == ".") } ?? true
            if startsWord { return true }
            rest = rest[range.upperBound...]
        }
        return false
    }

    @Test(arguments: [
        ("let p = Process()", true), ("ChildProcess()", false), ("self.system(1)", false), ("system(c)", true),
        ("filesystem(c)", false),
    ])
    func wordsAreWhole(line: String, banned: Bool) {
        let found = Self.bans.contains { Self.uses($0.word, in: line[...]) }
        #expect(found == banned)
    }

    @Test(arguments: bans) func isNotCalled(ban: Ban) throws {
        for file in try Repository.sources.get() where !ban.except.contains(file.path) {
            for (number, line) in file.swift.codeLines.enumerated() {
                #expect(!Self.uses(ban.word, in: line), "\(file):\(number + 1): \(ban.word) is banned: \(ban.reason)")
            }
        }
    }

    @Test(arguments: programs) func noProgramIsNamedAsACommand(program: String) throws {
        for file in try Repository.sources.get() {
            for literal in file.swift.literals {
                let isCommand = literal.text == program || literal.text.hasSuffix("/bin/" + program)
                #expect(!isCommand, "\(file):\(literal.line): a \(program) process; its library does this")
            }
        }
    }

    @Test(arguments: ["Sources", "Tests", "packaging", "rules", "runbooks"], [".swift", ".h", ".cc", ".yaml", ".py"])
    func nothingIsLeftForLater(folder: String, suffix: String) throws {
        for file in try Repository().files(under: folder, suffix: suffix) where !file.path.contains("BannedCall") {
            for mark in ["TODO", "FIXME"] {
                let place = file.lines.firstIndex { Self.uses(mark, in: $0) }
                #expect(place == nil, "\(file):\((place ?? 0) + 1): \(mark)")
            }
        }
    }
}
