public import Model
import Text

extension Runbook {
    /// What whoever may propose it is told: what it does, and the rule of each parameter.
    public var offer: JSONValue {
        .object([
            "name": .string(name), "description": .string(description), "when_not": .string(whenNot ?? ""),
            "parameters": .array(parameters.map(\.rule)),
        ])
    }
}

extension Parameter {
    /// Name, type, what the type asks for in the format's own words, and whether it may be left out, for then the incident or the author gives it.
    var rule: JSONValue {
        .object(type.rule.merging(["name": .string(name), "required": .bool(from == nil)]) { $1 })
    }
}

extension ParameterType {
    fileprivate var rule: [String: JSONValue] {
        var rule: [String: JSONValue] = ["type": .string(word)]
        func list(_ texts: [String]?) -> JSONValue? { texts.map { .array($0.map { .string($0) }) } }
        switch self {
        case .unit(let allow), .host(let allow): rule["allow"] = list(allow)
        case .url(let allow): rule["allow"] = list(allow)
        case .enumeration(let words): rule["values"] = list(words)
        case .path(let under): rule["under"] = .string(under)
        case .integer(let range):
            (rule["min"], rule["max"]) = (.number(Double(range.lowerBound)), .number(Double(range.upperBound)))
        case .number(let range): (rule["min"], rule["max"]) = (.number(range.lowerBound), .number(range.upperBound))
        case .duration(let range):
            (rule["min"], rule["max"]) = (.string(range.lowerBound.literal), .string(range.upperBound.literal))
        case .size(let range):
            (rule["min"], rule["max"]) = (.string(range.lowerBound.literal), .string(range.upperBound.literal))
        case .text(let pattern, let lengthMax):
            rule["pattern"] = pattern.map { .string($0.source) }
            rule["max"] = .number(Double(lengthMax))
        case .list(let item, let itemsMax):
            rule["of"] = .object(item.rule)
            rule["at_most"] = .number(Double(itemsMax))
        }
        return rule
    }
}
