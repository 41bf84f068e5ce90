public import Model

/// Replaces secrets in text by `[masked]`, before anything is stored or sent.
///
/// The default set is `Masking.defaults`: private keys, credentials in headers and URLs, values of names that speak of
/// secrets (`password`, `secret`, `token`, `api_key`, `key=` …), and tokens that their issuers gave a recognisable
/// shape. It is linear in the text, and masking twice gives what masking once gives.
public struct Masking: Sendable {
    public static let marker = "[masked]"

    private let rules: [Rule]
    private let extra: [Pattern]

    /// `extra` are patterns whose whole match is masked, or their first group where they have one; a pattern that can
    /// match the empty text is refused. E-mail addresses are masked on request.
    public init(extra: [String] = [], emailAddresses: Bool = false) throws(Fault) {
        var patterns: [Pattern] = []
        for source in extra {
            let pattern = try Pattern(source)
            guard !pattern.matches("") else {
                throw Fault(
                    "masking.empty",
                    "masking pattern \(excerpt(source)) matches the empty text and so would mask everything")
            }
            patterns.append(pattern)
        }
        self.extra = patterns
        rules = emailAddresses ? Self.defaults + [try Self.emailAddresses()] : Self.defaults
    }

    /// The text with every secret masked.
    public func mask(_ text: String) -> String {
        var text = text
        // One pass masks; further ones run only to see what a replacement may have uncovered, and soon find nothing.
        for _ in 0..<Self.passesMax {
            let masked = pass(text)
            if masked == text { break }
            text = masked
        }
        return text
    }

    private static let passesMax = 8

    private func pass(_ text: String) -> String {
        var text = text
        for rule in rules { text = rule.pattern.replaceAll(in: text, with: rule.replacement) }
        for pattern in extra { text = maskBetweenMarkers(text, pattern) }
        return text
    }

    /// An extra pattern is not let near a marker, or one that matches `masked` would mask it for ever.
    private func maskBetweenMarkers(_ text: String, _ pattern: Pattern) -> String {
        // Bytes, because a character that combines with the marker's bracket would hide it from String's search.
        var rest = Array(text.utf8)[...]
        var out = ""
        while let range = rest.firstRange(of: Self.markerBytes) {
            out += pattern.maskMatches(in: String(decoding: rest[..<range.lowerBound], as: UTF8.self)) + Self.marker
            rest = rest[range.upperBound...]
        }
        return out + pattern.maskMatches(in: String(decoding: rest, as: UTF8.self))
    }

    private static let markerBytes = Array(marker.utf8)
}

extension Masking {
    /// One kind of secret.
    public struct Rule: Sendable {
        /// What it masks, in a few words.
        public let name: String
        public let pattern: Pattern
        /// Groups of the pattern that stay, around the marker.
        let replacement: String
    }
}

extension Pattern {
    /// Every match masked, or its first group where there is one.
    fileprivate func maskMatches(in text: String) -> String {
        replaceAll(in: text) { groups in
            let whole = groups[0] ?? 0..<0
            let secret = (groups.count > 1 ? groups[1] : nil) ?? whole
            return secret.isEmpty ? nil : secret
        } with: {
            Masking.marker
        }
    }
}
