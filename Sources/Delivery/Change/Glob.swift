public import Model

/// A pattern of paths: `*` and `?` within one part, `**` as a part for any number of parts, none too.
///
/// `src/**` is everything below `src`. It matches by bytes, in time bounded by the product of both lengths.
public struct Glob: Sendable, Hashable, CustomStringConvertible {
    public let source: String
    private let parts: [[UInt8]]

    public init(_ source: String) throws(Fault) {
        let parts = source.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard !source.isEmpty, parts.allSatisfy({ !$0.isEmpty }) else {
            throw Fault("glob.form", "the path pattern \(excerpt(source)) is empty, absolute or has an empty part")
        }
        let hasDots = parts.contains { $0.elementsEqual(".".utf8) || $0.elementsEqual("..".utf8) }
        guard !hasDots else {
            throw Fault("glob.form", "the path pattern \(excerpt(source)) has a part . or ..; write it without")
        }
        self.source = source
        self.parts = parts.map(Array.init)
    }

    /// Whether it names one path rather than a set of them.
    public var isLiteral: Bool { !source.utf8.contains { $0 == UInt8(ascii: "*") || $0 == UInt8(ascii: "?") } }

    public func matches(_ path: RelativePath) -> Bool {
        let names = path.parts.map { Array($0.utf8) }
        // reachable[n]: the parts so far can match the first n names.
        var reachable = [Bool](repeating: false, count: names.count + 1)
        reachable[0] = true
        for (index, part) in parts.enumerated() {
            var next = [Bool](repeating: false, count: names.count + 1)
            if part == Self.anyParts {
                // At the end it stands for at least one part: a folder is not below itself.
                let isLast = index == parts.count - 1
                var open = false
                for n in 0...names.count {
                    next[n] = isLast ? open : open || reachable[n]
                    open = open || reachable[n]
                }
            } else {
                for n in 0..<names.count where reachable[n] { next[n + 1] = Self.matches(part, names[n]) }
            }
            reachable = next
        }
        return reachable[names.count]
    }

    public var description: String { source }

    private static let anyParts = Array("**".utf8)

    private static func matches(_ pattern: [UInt8], _ name: [UInt8]) -> Bool {
        var p = 0
        var n = 0
        var star: Int?
        var retry = 0
        while n < name.count {
            if p < pattern.count, pattern[p] == UInt8(ascii: "*") {
                star = p
                retry = n
                p += 1
            } else if p < pattern.count, pattern[p] == UInt8(ascii: "?") {
                p += 1
                n += 1
                while n < name.count, name[n] & 0xc0 == 0x80 { n += 1 }
            } else if p < pattern.count, pattern[p] == name[n] {
                p += 1
                n += 1
            } else if let star {
                retry += 1
                p = star + 1
                n = retry
            } else {
                return false
            }
        }
        while p < pattern.count, pattern[p] == UInt8(ascii: "*") { p += 1 }
        return p == pattern.count
    }
}
