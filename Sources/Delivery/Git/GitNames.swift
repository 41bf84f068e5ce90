public import Model

/// The name of a commit: 40 or 64 hexadecimal digits.
public struct CommitID: Sendable, Hashable, CustomStringConvertible {
    public let text: String

    public init(_ text: String) throws(Fault) {
        guard isObjectName(text) else { throw Fault("git.name", "\(excerpt(text)) is not a commit's name") }
        self.text = text
    }

    public var description: String { text }
    public var short: String { String(text.prefix(12)) }
}

/// The name of a tree of files: 40 or 64 hexadecimal digits.
public struct TreeID: Sendable, Hashable, CustomStringConvertible {
    public let text: String

    public init(_ text: String) throws(Fault) {
        guard isObjectName(text) else { throw Fault("git.name", "\(excerpt(text)) is not a tree's name") }
        self.text = text
    }

    public var description: String { text }
}

extension CommitID: Codable {
    public init(from decoder: any Decoder) throws { try self.init(decoder.singleValueContainer().decode(String.self)) }
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}

extension TreeID: Codable {
    public init(from decoder: any Decoder) throws { try self.init(decoder.singleValueContainer().decode(String.self)) }
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}

/// A branch, by rules stricter than git's: letters, digits, `-`, `_`, `.`, `+` and `/`, and no part that begins with `.` or
/// `-` or ends with `.lock` or `.`.
public struct BranchName: Sendable, Hashable, Codable, CustomStringConvertible {
    public let text: String

    public init(_ text: String) throws(Fault) {
        guard text.utf8.count <= 200, isRefName(text) else {
            throw Fault("git.name", "\(excerpt(text)) is not a branch's name that is allowed here")
        }
        self.text = text
    }

    public var description: String { text }
    public var reference: String { "refs/heads/" + text }
}

/// One change's way through the pipeline: its worktree, and its branch `nightshift/ITEM`.
public struct ItemName: Sendable, Hashable, Codable, CustomStringConvertible {
    public let text: String
    public let branch: BranchName

    /// Digits, small letters and `-`, at most 64, no `-` first.
    public init(_ text: String) throws(Fault) {
        let isPlain = text.utf8.allSatisfy {
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
                || $0 == UInt8(ascii: "-")
        }
        guard isPlain, !text.isEmpty, text.utf8.count <= 64, !text.hasPrefix("-") else {
            throw Fault("git.name", "\(excerpt(text)) is not an item's name")
        }
        self.text = text
        branch = try BranchName("nightshift/" + text)
    }

    public var description: String { text }
}

func isObjectName(_ text: String) -> Bool {
    (text.utf8.count == 40 || text.utf8.count == 64)
        && text.utf8.allSatisfy {
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
        }
}

func isRefName(_ text: String) -> Bool {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    return !parts.isEmpty
        && parts.allSatisfy { part in
            !part.isEmpty && !part.hasPrefix(".") && !part.hasPrefix("-") && !part.hasSuffix(".lock")
                && !part.hasSuffix(".") && !part.contains("..")
                && part.utf8.allSatisfy { byte in
                    let scalar = Unicode.Scalar(byte)
                    return byte < 128
                        && (scalar.properties.isAlphabetic || (0x30...0x39).contains(byte)
                            || "-_.+".utf8.contains(byte))
                }
        }
}
