/// A message without what varies from one entry to the next, so that equal ones can be counted and shown safely.
///
/// Words that hold a digit, long words, addresses, paths and what stands in quotes become `<*>`; so a template holds
/// little of what a stranger may have written. Linear in the text; at most `wordsMax` words are kept.
public enum MessageTemplate {
    static let wordsMax = 24
    static let wordMax = 24
    static let gap = "<*>"

    public static func of(_ message: String) -> String {
        var out: [Substring] = []
        var quote: UInt8?
        for word in message.split(whereSeparator: { $0 == " " || $0 == "\t" || $0 == "\n" }) {
            guard out.count < wordsMax else {
                out.append("…")
                break
            }
            let bytes = word.utf8
            var isVariable = quote != nil
            if quote == nil, let first = bytes.first, isQuote(first) {
                isVariable = true
                if bytes.count == 1 || !bytes.dropFirst().contains(first) { quote = first }
            } else if let open = quote, bytes.contains(open) {
                quote = nil
            }
            isVariable = isVariable || bytes.count > wordMax || bytes.contains(where: isTelling)
            if !isVariable { out.append(word) } else if out.last != Substring(gap) { out.append(Substring(gap)) }
        }
        return out.joined(separator: " ")
    }

    private static func isQuote(_ byte: UInt8) -> Bool { byte == 0x22 || byte == 0x27 || byte == 0x60 }

    /// A digit, `@`, `/`, `\`, `=`, `{`, `<` or anything that is not ASCII.
    private static func isTelling(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x40, 0x2F, 0x5C, 0x3D, 0x7B, 0x3C, 0x80...: true
        default: false
        }
    }
}
