public import Model

extension QueryResult {
    /// The answer of Prometheus' `/api/v1/query` and `/api/v1/query_range`, on one line.
    public func json(at time: Timestamp) -> String {
        var out = "{\"status\":\"success\",\"data\":" + value.json(at: time)
        if !warnings.isEmpty { out += ",\"warnings\":[" + warnings.map(JSONText.string).joined(separator: ",") + "]" }
        if !infos.isEmpty { out += ",\"infos\":[" + infos.map(JSONText.string).joined(separator: ",") + "]" }
        return out + "}"
    }

    /// The same endpoints' answer where there is no result.
    public static func errorJSON(type: String, _ message: String) -> String {
        "{\"status\":\"error\",\"errorType\":\(JSONText.string(type)),\"error\":\(JSONText.string(message))}"
    }
}

extension QueryValue {
    /// `{"resultType":…,"result":…}`; a scalar's and a string's time is `time`.
    public func json(at time: Timestamp) -> String {
        let result: String
        switch self {
        case .scalar(let value): result = JSONText.point(time.milliseconds, JSONText.number(value))
        case .string(let text): result = JSONText.point(time.milliseconds, JSONText.string(text))
        case .vector(let elements):
            let items = elements.map { element in
                "{\"metric\":\(JSONText.labels(element.labels)),\"value\":"
                    + JSONText.point(element.milliseconds, JSONText.number(element.value)) + "}"
            }
            result = "[" + items.joined(separator: ",") + "]"
        case .matrix(let series):
            let items = series.map { one in
                let points = one.samples.map { JSONText.point($0.milliseconds, JSONText.number($0.value)) }
                return "{\"metric\":\(JSONText.labels(one.labels)),\"values\":[" + points.joined(separator: ",") + "]}"
            }
            result = "[" + items.joined(separator: ",") + "]"
        }
        return "{\"resultType\":\"\(type.rawValue)\",\"result\":\(result)}"
    }
}

private enum JSONText {
    static func number(_ value: Double) -> String { "\"" + NumberText.json(value) + "\"" }

    /// `[SECONDS,VALUE]`, with as many decimals as the milliseconds need.
    static func point(_ milliseconds: Int64, _ value: String) -> String {
        let magnitude = milliseconds.magnitude
        var seconds = (milliseconds < 0 ? "-" : "") + String(magnitude / 1000)
        if magnitude % 1000 != 0 { seconds += "." + String(String(1000 + magnitude % 1000).dropFirst()) }
        return "[\(seconds),\(value)]"
    }

    static func labels(_ labels: Labels) -> String {
        "{" + labels.pairs.map { string($0.name) + ":" + string($0.value) }.joined(separator: ",") + "}"
    }

    static func string(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\r": out += "\\r"
            case "\t": out += "\\t"
            case _ where scalar.value < 0x20:
                let hex = String(scalar.value, radix: 16)
                out += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }
}
