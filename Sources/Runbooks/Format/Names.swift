/// The grammar of a systemd unit's name.
public enum UnitName {
    static let suffixes: Set<String> = [
        "service", "socket", "target", "timer", "mount", "automount", "swap", "path", "slice", "scope", "device",
    ]

    /// Exactly one unit, in full: no pattern, no missing suffix, no template without its instance.
    public static func isValid(_ text: String) -> Bool {
        guard text.utf8.count <= 255, let dot = text.lastIndex(of: "."),
            suffixes.contains(String(text[text.index(after: dot)...]))
        else { return false }
        let stem = text[..<dot]
        guard !stem.isEmpty, !stem.hasPrefix("@"), !stem.hasSuffix("@"), !stem.hasPrefix("-") || stem.count == 1
        else { return false }
        return stem.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
            default: ":_.\\@-".utf8.contains(byte)
            }
        }
    }
}

/// Paths that say what they mean without a file system to ask.
enum AbsolutePath {
    /// Absolute, not ending in a slash (but `/` itself), and without `.`, `..`, empty parts or control characters.
    static func isPlain(_ text: String) -> Bool {
        guard text.hasPrefix("/"), text.utf8.count <= 4096, text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F })
        else { return false }
        if text == "/" { return true }
        let parts = text.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        return parts.allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." }
    }

    static func isAtOrBelow(_ text: String, _ root: String) -> Bool {
        root == "/" || text == root || text.hasPrefix(root + "/")
    }
}

/// Host names (RFC 1123) and IP addresses, by their letters.
enum HostName {
    static func isValid(_ text: String) -> Bool {
        guard text.utf8.count <= 253, !text.isEmpty else { return false }
        if text.contains(":") {
            return text.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x46, 0x61...0x66, UInt8(ascii: ":"), UInt8(ascii: "."): true
                default: false
                }
            }
        }
        return text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
            !label.isEmpty && label.utf8.count <= 63 && !label.hasPrefix("-") && !label.hasSuffix("-")
                && label.utf8.allSatisfy { byte in
                    switch byte {
                    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "_"): true
                    default: false
                    }
                }
        }
    }
}

/// http and https addresses, by their letters.
enum WebAddress {
    /// Printable ASCII with a scheme and a host, without a user, a backslash or a fragment.
    static func isPlain(_ text: String) -> Bool {
        guard let parts = split(text), !parts.authority.isEmpty, !parts.authority.contains("@"),
            text.utf8.count <= 4096
        else { return false }
        return text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"\\\"<>^`{|}#".utf8.contains($0) }
            && !parts.path.split(separator: "/").contains { $0 == ".." || $0.lowercased().contains("%2e") }
    }

    /// Same scheme, host and port, and at or below the prefix's path.
    static func isBelow(_ text: String, _ prefix: String) -> Bool {
        guard let one = split(text), let root = split(prefix), one.scheme == root.scheme,
            one.authority.lowercased() == root.authority.lowercased()
        else { return false }
        let path = one.path.prefix { $0 != "?" }
        let base = root.path.hasSuffix("/") ? String(root.path.dropLast()) : root.path
        return path == base || path.hasPrefix(base + "/") || (base.isEmpty && one.path.hasPrefix("?"))
    }

    private static func split(_ text: String) -> (scheme: String, authority: String, path: String)? {
        for scheme in ["http", "https"] where text.hasPrefix(scheme + "://") {
            let rest = text.dropFirst(scheme.count + 3)
            let authority = rest.prefix { $0 != "/" && $0 != "?" }
            return (scheme, String(authority), String(rest.dropFirst(authority.count)))
        }
        return nil
    }
}
