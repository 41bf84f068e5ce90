import ArgumentParser
import Glibc
import Journal
import Model

struct JournalCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "journal", abstract: "The journal reader by itself.", subcommands: [JournalReadCommand.self])
}

struct JournalReadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "read", abstract: "Reads a journal and prints it, or counts it.",
        discussion: """
            Without --file and --directory it reads this host's system journal. What cannot be read is told on standard \
            error; it exits 1 where nothing can. Times are RFC 3339, Unix seconds, or a duration back from now, such as 1h.
            """)

    enum Output: String, CaseIterable, ExpressibleByArgument {
        case json, cat, count
    }

    @Option(parsing: .upToNextOption, help: "Journal files.") var file: [String] = []
    @Option(help: "A directory of journal files.") var directory: String?
    @Option(help: "Only these fields, separated by commas (with cat: instead of MESSAGE).") var fields: String?
    @Option(help: "Begin with the first entry of this time.") var since: String?
    @Option(help: "End before the first entry later than this time.") var until: String?
    @Option(help: "json and cat print what journalctl prints; count prints entries=N hash=H.") var output: Output =
        .json
    @Flag(help: "With json: print values of 4096 bytes and more, too.") var all = false

    func validate() throws {
        if !file.isEmpty, directory != nil { throw ValidationError("Give either --file or --directory, not both.") }
        for (name, text) in [("--since", since), ("--until", until)] {
            if let text, time(text) == nil {
                throw ValidationError(
                    "\"\(text)\" is no time for \(name): write 2026-11-24T03:12:07Z, Unix seconds, or 1h.")
            }
        }
    }

    func run() async throws {
        let source: JournalSource = directory.map { .directory($0) } ?? (file.isEmpty ? .system : .files(file))
        let reader = try JournalReader(source)
        try reader.seek(since.flatMap(time).map { .since($0) } ?? .head)
        let until = until.flatMap(time)
        let names = fields.map { $0.split(separator: ",").map(String.init) }
        let gaps: [JournalGap]
        switch output {
        case .count:
            let (tally, missing) = try reader.tally(until: until, fields: names ?? [])
            Terminal.say(tally.description)
            gaps = missing
        case .json, .cat:
            var writer = JournalWriter(output == .json ? .json : .cat, fields: names, showsAll: all, put: Self.put)
            gaps = try writer.write(reader, until: until)
        }
        for gap in gaps { Terminal.complain("nightshift: \(gap.text)") }
        if reader.isUnreadable { throw ExitCode(1) }
    }

    private func time(_ text: String) -> Timestamp? {
        if let time = Timestamp(parsing: text) { return time }
        guard let ago = Duration(parsing: text) else { return nil }
        return Timestamp(seconds: Double(Glibc.time(nil))) - ago
    }

    /// False when nobody reads any more.
    private static func put(_ bytes: [UInt8]) -> Bool {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.write(STDOUT_FILENO, $0.baseAddress.map { $0 + written }, bytes.count - written)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            written += count
        }
        return true
    }
}
