/// How bad the common words for a severity are, as far as they can be compared.
enum Severity {
    static let standard = "warning"

    /// Higher is worse; a word that is not known counts as a warning.
    static func rank(_ word: String) -> Int {
        switch word.lowercased() {
        case "emergency", "emerg", "disaster": 5
        case "critical", "crit", "page", "alert": 4
        case "error", "err", "high", "major": 3
        case "info", "information", "informational", "notice", "low": 1
        case "none", "debug": 0
        default: 2
        }
    }
}
