import CRE2
public import Model

/// A regular expression in RE2's syntax, matched in time linear in the text, whatever they are.
///
/// `(?<name>…)` is accepted for `(?P<name>…)`. As in Go, `.` matches no line feed unless the pattern is anchored or says
/// `(?s)`, and `^` and `$` are the ends of the text unless it says `(?m)`. Memory is bounded: 16 KiB of source, 2 MiB
/// for the program and its caches (a pattern that needs more is refused, a cache that would need more is emptied).
public struct Pattern: Sendable {
    static let sourceBytesMax = 16 << 10
    static let memoryBytesMax: Int64 = 2 << 20

    public let source: String
    /// Whether a match must span the whole text, as in Prometheus' matchers and relabelling.
    public let isAnchored: Bool
    /// The names of the named groups, in the order in which they open.
    public let groupNames: [String]
    private let program: Program

    /// `anchored` means that a match must span the whole text; `.` then matches line feeds too, as in Prometheus 3.
    public init(_ source: String, anchored: Bool = false) throws(Fault) {
        guard source.utf8.count <= Self.sourceBytesMax else {
            throw Fault(
                "pattern.large", "a pattern may be at most 16 KiB long, this one has \(source.utf8.count) bytes")
        }
        let (translated, groups) = PatternDialect.translated(source)
        var seen: Set<String> = []
        if let twice = groups.first(where: { !seen.insert($0).inserted }) {
            throw Fault("pattern.syntax", "pattern \(excerpt(source)) has two groups of the name \"\(twice)\"")
        }
        let program = Program(translated, memoryMax: Self.memoryBytesMax, dotAll: anchored)
        if let (problem, part) = program.error {
            throw Fault(
                "pattern.syntax",
                "pattern \(excerpt(source)) is not valid: "
                    + PatternDialect.explain(problem, part: part))
        }
        self.source = source
        isAnchored = anchored
        self.program = program
        groupNames = program.names.compactMap { $0 }
    }

    public func matches(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { matches($0) }
    }

    /// The same on bytes; bytes that are not UTF-8 match no character, and nothing else is lost by them.
    public func matches(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        program.match(text, from: 0, anchored: isAnchored, count: 0) != nil
    }

    /// The named groups of the leftmost match that took part in it; empty for a pattern that has none.
    public func firstMatch(in text: String) -> [String: String]? {
        guard let groups = groups(in: text) else { return nil }
        var named: [String: String] = [:]
        for (name, group) in zip(program.names, groups) {
            if let name, let group { named[name] = group }
        }
        return named
    }

    /// All groups of the leftmost match, the whole match first; nil stands for a group that took no part.
    public func groups(in text: String) -> [String?]? {
        var text = text
        return text.withUTF8 { bytes in
            program.match(bytes, from: 0, anchored: isAnchored, count: program.names.count)?.map { range in
                range.map { String(decoding: bytes[$0], as: UTF8.self) }
            }
        }
    }

    /// Replaces every match; in `template`, `$1`, `$name` and `${name}` stand for groups and `$$` for a dollar sign.
    ///
    /// As in Go, a name is the longest run of letters, digits and underscores, and an unknown one stands for nothing.
    public func replaceAll(in text: String, with template: String) -> String {
        replaceAll(in: text, with: template, bytesMax: .max) ?? text
    }

    /// Replaces a part of each match, chosen from the ranges of its groups (bytes); nil leaves that match as it is.
    func replaceAll(
        in text: String, _ part: ([Range<Int>?]) -> Range<Int>?, with replacement: () -> String
    ) -> String {
        var text = text
        return text.withUTF8 { bytes in
            var out: [UInt8] = []
            var copied = 0
            for groups in program.allMatches(bytes, anchored: isAnchored) {
                guard let range = part(groups), range.lowerBound >= copied else { continue }
                out += bytes[copied..<range.lowerBound]
                out += replacement().utf8
                copied = range.upperBound
            }
            out += bytes[copied...]
            return String(decoding: out, as: UTF8.self)
        }
    }

    /// Nil where the result would be longer than `bytesMax`.
    func replaceAll(in text: String, with template: String, bytesMax: Int) -> String? {
        let replacement = Replacement(template, names: program.names)
        var text = text
        return text.withUTF8 { bytes -> String? in
            var out: [UInt8] = []
            var copied = 0
            for groups in program.allMatches(bytes, anchored: isAnchored) {
                guard let whole = groups[0] else { continue }
                out += bytes[copied..<whole.lowerBound]
                replacement.append(to: &out, groups, bytes)
                copied = whole.upperBound
                guard out.count <= bytesMax else { return nil }
            }
            out += bytes[copied...]
            return out.count <= bytesMax ? String(decoding: out, as: UTF8.self) : nil
        }
    }
}

extension Pattern: Hashable {
    public static func == (left: Pattern, right: Pattern) -> Bool {
        left.source == right.source && left.isAnchored == right.isAnchored
    }
    public func hash(into hasher: inout Hasher) {
        hasher.combine(source)
        hasher.combine(isAnchored)
    }
}

extension Pattern: CustomStringConvertible {
    public var description: String { source }
}
