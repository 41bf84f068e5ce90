public import Model
import Text

extension ParameterType {
    /// Reads a value out of text; the error says what was expected.
    public func value(_ text: String) throws(Fault) -> JSONValue {
        guard !text.isEmpty else { throw Fault("parameter.empty", "it is empty") }
        switch self {
        case .unit(let allow):
            guard UnitName.isValid(text) else { throw unexpected(text, "the full name of one systemd unit") }
            if let allow { try listed(text, allow) }
        case .path(let under):
            guard AbsolutePath.isPlain(text) else {
                throw unexpected(text, "an absolute path without \".\", \"..\" or \"//\"")
            }
            guard AbsolutePath.isAtOrBelow(text, under) else { throw unexpected(text, "a path under \(under)") }
        case .integer(let range):
            guard let number = Int(text), String(number) == text, range.contains(number) else {
                throw unexpected(text, "a whole number from \(range.lowerBound) to \(range.upperBound)")
            }
            return .number(Double(number))
        case .number(let range):
            guard let number = Double(text), number.isFinite, range.contains(number) else {
                throw unexpected(text, "a number from \(range.lowerBound) to \(range.upperBound)")
            }
            return .number(number)
        case .duration(let range):
            guard let duration = Duration(parsing: text), range.contains(duration) else {
                throw unexpected(
                    text, "a duration from \(range.lowerBound.literal) to \(range.upperBound.literal), such as 90s")
            }
            return .string(duration.literal)
        case .size(let range):
            guard let size = ByteSize(parsing: text), range.contains(size) else {
                throw unexpected(
                    text, "a size from \(range.lowerBound.literal) to \(range.upperBound.literal), such as 64MiB")
            }
            return .number(Double(size.bytes))
        case .host(let allow):
            guard HostName.isValid(text) else { throw unexpected(text, "a host name or an IP address") }
            if let allow { try listed(text, allow) }
        case .url(let allow):
            guard WebAddress.isPlain(text) else { throw unexpected(text, "an http or https address") }
            guard allow.contains(where: { WebAddress.isBelow(text, $0) }) else {
                throw unexpected(text, "an address below \(allow.joined(separator: " or "))")
            }
        case .enumeration(let words): try listed(text, words)
        case .text(let pattern, let lengthMax):
            guard text.utf8.count <= lengthMax else { throw unexpected(text, "at most \(lengthMax) bytes") }
            guard !text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
                throw Fault("parameter.control", "it holds a control character")
            }
            if let pattern, !pattern.matches(text) { throw unexpected(text, "text that matches \(pattern.source)") }
        case .list(let item, let itemsMax): return .array(try items(text, item, itemsMax))
        }
        return .string(text)
    }

    /// Accepts only what `value(_:)` returns: what comes over a socket is read anew from its text.
    public func accept(_ value: JSONValue) throws(Fault) {
        let text = try plainText(value)
        guard try self.value(text) == value else { throw unexpected(text, "the canonical form of a \(word)") }
    }

    /// Reads a value as somebody gave it: text as `from` would give it, or the canonical form.
    func read(_ value: JSONValue) throws(Fault) -> JSONValue {
        if let text = value.string { return try self.value(text) }
        return try self.value(try plainText(value))
    }

    private func items(_ text: String, _ item: ParameterType, _ itemsMax: Int) throws(Fault) -> [JSONValue] {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false).map {
            String($0.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
        }
        guard parts.count <= itemsMax else { throw Fault("parameter.many", "it has more than \(itemsMax) items") }
        var values: [JSONValue] = []
        for part in parts {
            let value = try item.value(part)
            guard !values.contains(value) else { throw Fault("parameter.twice", "\"\(part)\" occurs twice in it") }
            values.append(value)
        }
        return values
    }

    private func plainText(_ value: JSONValue) throws(Fault) -> String {
        switch (self, value) {
        case (.size, .number(let bytes)):
            guard let whole = Int(exactly: bytes) else { throw Fault("parameter.type", "it is not a whole number") }
            return ByteSize(bytes: whole).literal
        case (.integer, .number(let number)):
            guard let whole = Int(exactly: number) else { throw Fault("parameter.type", "it is not a whole number") }
            return String(whole)
        case (.number, .number(let number)): return String(number)
        case (.list(let item, _), .array(let values)):
            var texts: [String] = []
            for value in values { texts.append(try item.plainText(value)) }
            return texts.joined(separator: ",")
        case (.integer, _), (.number, _), (.size, _), (.list, _): break
        case (_, .string(let text)): return text
        default: break
        }
        throw Fault("parameter.type", "it is not a \(word)")
    }

    private func listed(_ text: String, _ allowed: [String]) throws(Fault) {
        guard allowed.contains(text) else { throw unexpected(text, "one of \(allowed.joined(separator: ", "))") }
    }

    private func unexpected(_ text: String, _ wanted: String) -> Fault {
        Fault("parameter.value", "\"\(text.prefix(200))\" is not \(wanted)")
    }

    /// A harmless value of the type, to check templates and expressions with.
    var sample: JSONValue {
        switch self {
        case .unit(let allow): .string(allow?.first ?? "sample.service")
        case .path(let under): .string(under)
        case .integer(let range): .number(Double(range.clamped(to: range.lowerBound...range.lowerBound).lowerBound))
        case .number(let range): .number(range.lowerBound.isFinite ? range.lowerBound : 1)
        case .duration(let range): .string(max(range.lowerBound, min(.seconds(60), range.upperBound)).literal)
        case .size(let range): .number(Double(max(range.lowerBound.bytes, 1)))
        case .host(let allow): .string(allow?.first ?? "host.example")
        case .url(let allow): .string(allow.first ?? "http://host.example/")
        case .enumeration(let words): .string(words.first ?? "x")
        case .text: .string("x")
        case .list(let item, _): .array([item.sample])
        }
    }
}
