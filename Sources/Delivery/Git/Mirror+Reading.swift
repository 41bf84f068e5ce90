public import Model

/// One entry of a folder at a revision.
public struct ListedEntry: Sendable, Hashable, Codable {
    public enum Kind: String, Sendable, Codable {
        case file, folder, link
        /// Another repository, which is not followed.
        case module
    }

    public var path: String
    public var kind: Kind
    /// Bytes, of a file.
    public var size: Int?
}

/// Part of a file's text at a revision.
public struct ReadText: Sendable, Hashable, Codable {
    public var path: String
    /// Of the first line of `text`, from 1.
    public var firstLine: Int
    public var text: String
    public var linesInAll: Int
}

/// A line that a search found, or one with who wrote it.
public struct FoundLine: Sendable, Hashable, Codable {
    public var path: String
    public var line: Int
    public var text: String
}

public struct BlamedLine: Sendable, Hashable, Codable {
    public var line: Int
    public var commit: CommitID
    public var author: String
    public var date: Timestamp
    public var summary: String
    public var text: String
}

/// A list that ends where its limit is.
public struct Capped<Element: Sendable & Hashable & Codable>: Sendable, Hashable, Codable {
    public var items: [Element]
    public var isWhole: Bool
}

/// What agents may read, always at a revision, never in a worktree; every answer is capped.
extension Mirror {
    /// - Parameter under: a folder; nil for the root.
    public func list(
        at commit: CommitID, under: RelativePath? = nil, recursively: Bool = false, max: Int = 500
    ) async throws(Fault) -> Capped<ListedEntry> {
        let place = under.map { "\(commit.text):\($0)" } ?? commit.text
        var options = ["ls-tree", "-z", "--long", "--full-tree"]
        if recursively { options.append("-r") }
        let answer = try await git.run(
            options + ["--end-of-options", place],
            Git.Setting(repository: path, outputMax: 4 << 20, cuts: true, accepts: [0, 128]))
        guard answer.exit == 0 else { throw missing(under?.description ?? "/", commit) }
        let records = answer.output.split(separator: 0)
        let whole = answer.isWhole ? records[...] : records.dropLast()
        let entries = whole.prefix(max).compactMap { record -> ListedEntry? in
            // MODE TYPE NAME SIZE<tab>PATH
            let text = String(decoding: record, as: UTF8.self)
            let parts = text.split(separator: "\t", maxSplits: 1)
            let words = parts.first?.split(separator: " ") ?? []
            guard parts.count == 2, words.count == 4 else { return nil }
            let kind: ListedEntry.Kind =
                switch words[0] {
                case "040000": .folder
                case "120000": .link
                case "160000": .module
                default: .file
                }
            let name = under.map { "\($0)/\(parts[1])" } ?? String(parts[1])
            return ListedEntry(path: name, kind: kind, size: kind == .file ? Int(words[3]) : nil)
        }
        return Capped(items: entries, isWhole: answer.isWhole && records.count <= max)
    }

    /// Lines of a text file.
    ///
    /// - Throws: `repository.path` where there is no such file, or it is not text, or larger than a file that is read.
    public func read(
        _ file: RelativePath, at commit: CommitID, from firstLine: Int = 1, lines: Int = 400, bytesMax: Int = 64 << 10
    ) async throws(Fault) -> ReadText {
        let answer = try await git.run(
            ["cat-file", "blob", "\(commit.text):\(file)"],
            Git.Setting(repository: path, outputMax: 4 << 20, cuts: true, accepts: [0, 128]))
        guard answer.exit == 0 else { throw missing(file.description, commit) }
        guard answer.isWhole else { throw Fault("repository.path", "\(file) is larger than 4MiB and is not read") }
        guard !answer.output.contains(0) else { throw Fault("repository.path", "\(file) is not a text file") }
        var all = answer.output.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        if all.last?.isEmpty == true { all.removeLast() }
        let start = min(Swift.max(firstLine, 1) - 1, all.count)
        var text: [UInt8] = []
        for line in all[start...].prefix(Swift.max(lines, 0)) {
            guard text.count + line.count < bytesMax else { break }
            text += line + [UInt8(ascii: "\n")]
        }
        return ReadText(
            path: file.description, firstLine: start + 1, text: String(decoding: text, as: UTF8.self),
            linesInAll: all.count)
    }

    /// Lines that contain a fixed text or match an extended regular expression; binary files are left out.
    public func search(
        _ pattern: String, isExpression: Bool = false, at commit: CommitID, under: RelativePath? = nil, max: Int = 100
    ) async throws(Fault) -> Capped<FoundLine> {
        guard !pattern.isEmpty, !pattern.utf8.contains(0), !pattern.utf8.contains(UInt8(ascii: "\n")) else {
            throw Fault("repository.search", "a search needs one line of text to look for")
        }
        var quick = git
        quick.wall = .seconds(20)
        let answer = try await quick.run(
            ["grep", "-I", "-n", "-z", "--full-name", "--no-textconv", "--threads=1", isExpression ? "-E" : "-F"]
                + ["-e", pattern, commit.text, "--"] + (under.map { [$0.description] } ?? []),
            Git.Setting(repository: path, outputMax: 1 << 20, cuts: true, accepts: [0, 1, 128]))
        guard answer.exit != 128 else { throw Fault("repository.search", "the search failed: \(answer.complaint)") }
        let lines = answer.text.split(separator: "\n")
        let whole = answer.isWhole ? lines[...] : lines.dropLast()
        let found = whole.prefix(max).compactMap { line -> FoundLine? in
            // COMMIT:PATH<0>LINE<0>TEXT
            let parts = line.split(separator: "\0", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3, let number = Int(parts[1]), parts[0].hasPrefix(commit.text + ":") else {
                return nil
            }
            let path = parts[0].dropFirst(commit.text.count + 1)
            return FoundLine(path: String(path), line: number, text: String(parts[2].prefix(500)))
        }
        return Capped(items: found, isWhole: answer.isWhole && lines.count <= max)
    }

    /// Who last changed each line, at most 200 lines.
    public func blame(
        _ file: RelativePath, at commit: CommitID, lines: ClosedRange<Int>
    ) async throws(Fault) -> [BlamedLine] {
        let first = Swift.max(1, lines.lowerBound)
        let last = min(Swift.max(first, lines.upperBound), first + 199)
        let answer = try await git.run(
            ["blame", "--line-porcelain", "-L", "\(first),\(last)", commit.text, "--"]
                + [file.description],
            Git.Setting(repository: path, outputMax: 2 << 20, cuts: true, accepts: [0, 128]))
        guard answer.exit == 0 else { throw Fault("repository.path", "\(file) has no blame: \(answer.complaint)") }
        var blamed: [BlamedLine] = []
        var fields: [Substring: Substring] = [:]
        var name: CommitID?
        var number = 0
        for line in answer.text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("\t") {
                guard let commit = name else { continue }
                blamed.append(
                    BlamedLine(
                        line: number, commit: commit, author: String(fields["author"] ?? ""),
                        date: Timestamp(seconds: Double(fields["author-time"] ?? "") ?? 0),
                        summary: String(fields["summary"] ?? ""), text: String(line.dropFirst().prefix(500))))
                (name, fields) = (nil, [:])
            } else if name == nil {
                // COMMIT LINE-THEN LINE-NOW [COUNT]
                let words = line.split(separator: " ")
                guard words.count >= 3 else { continue }
                name = try CommitID(String(words[0]))
                number = Int(words[2]) ?? 0
            } else {
                let parts = line.split(separator: " ", maxSplits: 1)
                if let key = parts.first { fields[key] = parts.count > 1 ? parts[1] : "" }
            }
        }
        return blamed
    }

    private func missing(_ place: String, _ commit: CommitID) -> Fault {
        Fault("repository.path", "there is no \(place) at \(commit.short)")
    }
}
