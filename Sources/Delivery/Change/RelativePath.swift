/// A path inside a worktree, normalised: no `.`, no empty part, no way out, nothing of git's own.
public struct RelativePath: Sendable, Hashable, CustomStringConvertible {
    /// Never empty.
    public let parts: [String]

    /// Why a path is none.
    public struct Refusal: Error, Sendable, Hashable {
        public let text: String
    }

    public init(_ text: String) throws(Refusal) {
        guard !text.isEmpty else { throw Refusal(text: "a path is empty") }
        let shown = excerpt(text)
        guard text.utf8.count <= Self.bytesMax else { throw Refusal(text: "the path \(shown) is too long") }
        guard !text.unicodeScalars.contains(where: Self.isHidden) else {
            throw Refusal(text: "the path \(shown) has a control or invisible character")
        }
        guard !text.utf8.contains(UInt8(ascii: "\\")) else { throw Refusal(text: "the path \(shown) has a backslash") }
        let slash = UInt8(ascii: "/")
        guard text.utf8.first != slash else { throw Refusal(text: "the path \(shown) is absolute; paths are relative") }
        guard text.utf8.last != slash else { throw Refusal(text: "the path \(shown) is a folder's") }
        // By bytes: a character that combines with a slash would hide it from String's own split.
        let all = text.utf8.split(separator: slash).map { String(Substring($0)) }
        let parts = all.filter { $0 != "." }
        guard !parts.contains("..") else { throw Refusal(text: "the path \(shown) leads out of its folder by ..") }
        guard !parts.isEmpty, all.last != "." else {
            throw Refusal(text: "the path \(shown) names no file")
        }
        guard !parts.contains(where: { Self.isGitsOwn($0) }) else {
            throw Refusal(text: "the path \(shown) is git's own")
        }
        guard parts.allSatisfy({ $0.utf8.count <= 255 }) else {
            throw Refusal(text: "a part of the path \(shown) is too long")
        }
        self.parts = parts
    }

    public var description: String { parts.joined(separator: "/") }
    public var name: String { parts[parts.count - 1] }
    /// The folders above it, the outermost first.
    public var folders: [String] {
        parts.indices.dropFirst().map { parts[..<$0].joined(separator: "/") }
    }

    private static let bytesMax = 1024

    /// Control characters, and those that make a path read as another one.
    private static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .unassigned, .privateUse: true
        default: false
        }
    }

    /// `.git` in any case and with what some file systems take for the same name.
    private static func isGitsOwn(_ part: String) -> Bool {
        var name = part.lowercased()
        while let last = name.last, last == "." || last == " " { name.removeLast() }
        return name == ".git" || name == "git~1"
    }
}

/// A text of somebody else's in a sentence: one line, quoted, cut.
func excerpt(_ text: String, max: Int = 80) -> String {
    let flat = String(
        String.UnicodeScalarView(
            text.unicodeScalars.prefix(max + 1).map { scalar in
                let isPlain =
                    scalar.value >= 0x20 && scalar.value != 0x7f && scalar.properties.generalCategory != .format
                return isPlain ? scalar : "\u{fffd}"
            }))
    let cut = flat.unicodeScalars.count > max
    return "\"\(String(flat.unicodeScalars.prefix(max)))\(cut ? "…" : "")\""
}
