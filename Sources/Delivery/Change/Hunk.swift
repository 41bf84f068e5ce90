/// A run of changed lines of one file, without context: what can be undone by itself.
///
/// A new file and a deleted one are one hunk each.
public struct Hunk: Sendable, Hashable, CustomStringConvertible {
    public let path: String
    /// Lines from 0, in the file before and after.
    public let before: Range<Int>
    public let after: Range<Int>
    /// Each with its line end.
    public let removed: [String]
    public let added: [String]

    static func all(in file: FileChange) -> [Hunk] {
        guard let before = file.before, let after = file.after else {
            let removed = lines(file.before ?? "").map { String(Substring($0)) }
            let added = lines(file.after ?? "").map { String(Substring($0)) }
            return [
                Hunk(
                    path: file.path, before: 0..<removed.count, after: 0..<added.count, removed: removed, added: added)
            ]
        }
        let left = lines(before)
        let right = lines(after)
        return LineDiff(left, right).regions.map { region in
            Hunk(
                path: file.path, before: region.before, after: region.after,
                removed: left[region.before].map { String(Substring($0)) },
                added: right[region.after].map { String(Substring($0)) })
        }
    }

    /// The file as it would be without these hunks, which are its own.
    static func undo(_ hunks: [Hunk], in file: FileChange) -> FileChange {
        guard file.before != nil, let after = file.after else {
            return FileChange(path: file.path, before: file.before, after: hunks.isEmpty ? file.after : file.before)
        }
        let lines = lines(after)
        var text = ""
        var next = 0
        for hunk in hunks.sorted(by: { $0.after.lowerBound < $1.after.lowerBound }) {
            for line in lines[next..<hunk.after.lowerBound] { text += Substring(line) }
            for line in hunk.removed { text += line }
            next = hunk.after.upperBound
        }
        for line in lines[next...] { text += Substring(line) }
        return FileChange(path: file.path, before: file.before, after: text)
    }

    /// Lines with their ends, by bytes; the last one may have none.
    static func lines(_ text: String) -> [Substring.UTF8View] {
        var lines: [Substring.UTF8View] = []
        var rest = Substring(text).utf8
        while !rest.isEmpty {
            let end = rest.firstIndex(of: UInt8(ascii: "\n")).map { rest.index(after: $0) } ?? rest.endIndex
            lines.append(rest[..<end])
            rest = rest[end...]
        }
        return lines
    }

    /// `PATH:12-14`, by the lines after the change.
    public var description: String {
        if after.isEmpty { return "\(path):\(after.lowerBound + 1) (\(counted(removed.count, "line")) removed)" }
        if after.count == 1 { return "\(path):\(after.lowerBound + 1)" }
        return "\(path):\(after.lowerBound + 1)-\(after.upperBound)"
    }

    /// Its first lines as a diff shows them.
    public var excerptLines: [String] {
        let all = removed.map { "-" + $0 } + added.map { "+" + $0 }
        return all.prefix(6).map { line in
            String(Substring(line.utf8.prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") })).prefixed(120)
        }
    }
}

extension String {
    /// Its first characters.
    func prefixed(_ max: Int) -> String { unicodeScalars.count > max ? String(unicodeScalars.prefix(max)) + "…" : self }
}
