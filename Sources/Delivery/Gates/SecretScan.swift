internal import Model
public import Text

/// Secrets in the lines that a change adds: gate `secret`.
///
/// A line that masking would change is looked at again, because masking hides too much rather than too little: the value
/// after `password =` in code counts only where it is a literal. Tokens that look random count by themselves. In tests a
/// value must look random or have the shape of a real key, so that `login("ann", password="wrong")` may be written. What
/// stood in the file before is not new.
public struct SecretScan: Sendable {
    private let masking: Masking

    public init(_ masking: Masking) { self.masking = masking }

    /// The first secret's place and kind; never the secret itself.
    public func failure(in file: FileChange, isTest: Bool) -> GateFailure? {
        // A path that is none has been refused before; here it is only asked for its ending.
        let path = try? RelativePath(file.path)
        let isCode = path.map(Self.isCode) ?? false
        let before = Array((file.before ?? "").utf8)
        for hunk in Hunk.all(in: file) {
            if let rule = Self.keyBlock, rule.pattern.matches(hunk.added.joined()),
                !rule.pattern.matches(file.before ?? "")
            {
                return refusal("\(hunk)", rule.name)
            }
            for (index, line) in hunk.added.enumerated() {
                let place = "\(file.path):\(hunk.after.lowerBound + index + 1)"
                let context = Context(isTest: isTest, isCode: isCode, before: before, line: line)
                if let kind = kind(in: context) { return refusal(place, kind) }
            }
        }
        return nil
    }

    private func refusal(_ place: String, _ kind: String) -> GateFailure {
        GateFailure(
            .secret, "\(place) looks like a secret (\(kind)); read it from the settings or the environment instead",
            evidence: [place])
    }

    private struct Context {
        let isTest: Bool
        let isCode: Bool
        let before: [UInt8]
        let line: String

        func isOld(_ text: String) -> Bool {
            !text.isEmpty && !ByteSearch.all(Array(text.utf8), in: before, max: 1).isEmpty
        }
    }

    private func kind(in context: Context) -> String? {
        if masking.mask(context.line) != context.line {
            var isExplained = false
            for rule in Masking.defaults {
                for match in Self.matches(rule.pattern, in: context.line) {
                    isExplained = true
                    if Self.isSecret(match, rule, context) { return rule.name }
                }
            }
            if !isExplained { return "a pattern of the settings" }
        }
        let hasRandom = RandomToken.all(in: context.line, hexToo: !context.isTest).contains { !context.isOld($0) }
        return hasRandom ? "a token that looks random" : nil
    }

    // Names of rules in `Masking.defaults`; a test holds on to them.
    static let keyBlock = Masking.defaults.first { $0.name.hasPrefix("private keys") }
    static let shapes = "tokens of a known shape"
    static let values = "values of password"

    /// A rule's match: all of it, and what the rule leaves standing before the secret.
    private struct Match {
        let whole: String
        let kept: String
        var value: String { String(Substring(whole.utf8.dropFirst(kept.utf8.count))) }
    }

    private static func matches(_ pattern: Pattern, in line: String) -> [Match] {
        var rest = Array(line.utf8)
        var found: [Match] = []
        while found.count < 50, let groups = pattern.groups(in: String(decoding: rest, as: UTF8.self)),
            let whole = groups[0], !whole.isEmpty, let at = ByteSearch.all(Array(whole.utf8), in: rest, max: 1).first
        {
            found.append(Match(whole: whole, kept: (groups.count > 1 ? groups[1] : nil) ?? ""))
            rest = Array(rest[(at + whole.utf8.count)...])
        }
        return found
    }

    private static func isSecret(_ match: Match, _ rule: Masking.Rule, _ context: Context) -> Bool {
        // Key blocks go over lines and have been looked for already.
        guard !context.isOld(match.whole), rule.name != keyBlock?.name else { return false }
        if rule.name == shapes { return !match.whole.hasSuffix("EXAMPLE") }
        guard let literal = literal(match, isCode: context.isCode), !isPlaceholder(literal) else { return false }
        if context.isTest { return RandomToken.isRandom(literal) }
        guard rule.name.hasPrefix(values) else { return true }
        let name = match.kept.lowercased().filter { $0.isLetter || $0.isNumber }
        if name == "key" { return RandomToken.isRandom(literal) }
        let isPlain = ["password", "passwd", "passphrase", "secret", "pwd"].contains { name.hasSuffix($0) }
        return isPlain
            || !literal.utf8.allSatisfy { byte in
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || " _-.:/".utf8.contains(byte)
            }
    }

    /// The value as text; nil where it is an expression of a programming language.
    private static func literal(_ match: Match, isCode: Bool) -> String? {
        let quotes = Array("\"'`".utf8)
        let value = match.value
        let bytes = Array(value.utf8)
        let bare = bytes.filter { !quotes.contains($0) && $0 != UInt8(ascii: "\\") }
        guard isCode else { return String(decoding: bare, as: UTF8.self) }
        // A quote that the rule left standing: the value is within a literal.
        let kept = Array(match.kept.utf8)
        if let quote = kept.lastIndex(where: quotes.contains) {
            let mark = kept.lastIndex { $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: "=") } ?? kept.count
            if quote > mark { return String(decoding: bare, as: UTF8.self) }
        }
        if match.whole.contains("://") { return String(decoding: bare.dropLast(), as: UTF8.self) }
        guard let first = bytes.firstIndex(where: quotes.contains) else { return nil }
        let prefix = bytes[..<first].filter { $0 != UInt8(ascii: "\\") }
        let isPrefix = prefix.count <= 2 && prefix.allSatisfy { "fFrRbBuUL@$".utf8.contains($0) }
        guard isPrefix else { return nil }
        let inner = bytes[(first + 1)...].prefix { $0 != bytes[first] && $0 != UInt8(ascii: "\\") }
        return String(decoding: inner, as: UTF8.self)
    }

    /// What stands for a value that comes from elsewhere.
    private static func isPlaceholder(_ text: String) -> Bool {
        let text = text.lowercased()
        if text.utf8.count < 3 || text.contains(Masking.marker) { return true }
        if ["null", "none", "nil", "true", "false", "undefined", "string", "redacted"].contains(text) { return true }
        if text.utf8.allSatisfy({ "*x.-_".utf8.contains($0) }) { return true }
        return ["$", "<", "{", "%", "#{", "\\("].contains { text.hasPrefix($0) }
    }

    private static func isCode(_ path: RelativePath) -> Bool {
        guard CodeLanguage.of(path: path) != nil else { return false }
        return ![".yaml", ".yml", ".toml", ".sh", ".bash", ".zsh", ".bats"].contains { path.name.hasSuffix($0) }
    }
}
