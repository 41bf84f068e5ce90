import Model

extension TemplateFunction {
    static let numbers: [TemplateFunction] = [
        TemplateFunction("humanize NUMBER", 1...1) { arguments, _ throws(Fault) in
            .string(Humanize.metric(try number(arguments[0])))
        },
        TemplateFunction("humanize1024 NUMBER", 1...1) { arguments, _ throws(Fault) in
            .string(Humanize.binary(try number(arguments[0])))
        },
        TemplateFunction("humanizeDuration SECONDS", 1...1) { arguments, _ throws(Fault) in
            .string(Humanize.duration(try number(arguments[0])))
        },
        TemplateFunction("humanizePercentage RATIO", 1...1) { arguments, _ throws(Fault) in
            .string(Humanize.general(try number(arguments[0]) * 100) + "%")
        },
        TemplateFunction("humanizeTimestamp SECONDS", 1...1) { arguments, _ throws(Fault) in
            let seconds = try number(arguments[0])
            return .string(seconds.isFinite ? try time(seconds).goText : Humanize.general(seconds))
        },
        TemplateFunction("toTime SECONDS", 1...1) { arguments, _ throws(Fault) in
            .time(try time(try number(arguments[0])))
        },
        TemplateFunction("parseDuration TEXT", 1...1) { arguments, _ throws(Fault) in
            let literal = try text(arguments[0])
            guard let duration = Duration(parsing: literal) else {
                throw wrong("a duration such as 1h30m", arguments[0])
            }
            return .float(duration.inSeconds)
        },
    ]

    /// Unix seconds, to the millisecond; Go's range of nanoseconds.
    private static func time(_ seconds: Double) throws(Fault) -> Timestamp {
        guard let nanoseconds = Int64(exactly: (seconds * 1e9).rounded(.towardZero)) else {
            throw Fault("template.kind", "\(seconds.goText) is no time between the years 1678 and 2262")
        }
        return Timestamp(milliseconds: nanoseconds / 1_000_000)
    }

    /// Functions over samples, objects `{"labels": {…}, "value": …}` as a query gives them.
    static let samples: [TemplateFunction] = [
        TemplateFunction("first LIST", 1...1) { arguments, _ throws(Fault) in
            guard let items = arguments[0].asJSON.array else { throw wrong("a list", arguments[0]) }
            guard let first = items.first else { throw Fault("template.missing", "the list is empty") }
            return .json(first)
        },
        TemplateFunction("value SAMPLE", 1...1) { arguments, _ throws(Fault) in
            guard let value = arguments[0].asJSON["value"]?.number else { throw wrong("a sample", arguments[0]) }
            return .float(value)
        },
        TemplateFunction("label NAME SAMPLE", 2...2) { arguments, _ throws(Fault) in
            .string(try label(try text(arguments[0]), of: arguments[1].asJSON))
        },
        TemplateFunction("strvalue SAMPLE", 1...1) { arguments, _ throws(Fault) in
            .string(try label("__value__", of: arguments[0].asJSON))
        },
        TemplateFunction("sortByLabel NAME LIST", 2...2) { arguments, _ throws(Fault) in
            let name = try text(arguments[0])
            guard let items = arguments[1].asJSON.array else { throw wrong("a list", arguments[1]) }
            var keyed: [(key: String, item: JSONValue)] = []
            for item in items { keyed.append((try label(name, of: item), item)) }
            let sorted = keyed.enumerated().sorted { ($0.element.key, $0.offset) < ($1.element.key, $1.offset) }
            return .json(.array(sorted.map(\.element.item)))
        },
    ]

    private static func label(_ name: String, of sample: JSONValue) throws(Fault) -> String {
        guard let labels = sample["labels"]?.object else { throw wrong("a sample", .json(sample)) }
        return labels[name]?.string ?? ""
    }
}

/// Numbers for people, as Prometheus' template functions of these names print them.
enum Humanize {
    static func metric(_ number: Double) -> String {
        guard number != 0, number.isFinite else { return general(number) }
        return number.magnitude >= 1
            ? scaled(number, ["k", "M", "G", "T", "P", "E", "Z", "Y"], down: 1000) : small(number)
    }

    static func binary(_ number: Double) -> String {
        guard number.magnitude > 1, number.isFinite else { return general(number) }
        return scaled(number, ["ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"], down: 1024)
    }

    static func duration(_ seconds: Double) -> String {
        guard seconds.isFinite else { return general(seconds) }
        guard seconds != 0 else { return "0s" }
        guard seconds.magnitude >= 1 else { return small(seconds) + "s" }
        let sign = seconds < 0 ? "-" : ""
        guard let whole = Int64(exactly: seconds.magnitude.rounded(.down)) else { return general(seconds) + "s" }
        let (s, m, h, d) = (whole % 60, whole / 60 % 60, whole / 3600 % 24, whole / 86400)
        if d != 0 { return "\(sign)\(d)d \(h)h \(m)m \(s)s" }
        if h != 0 { return "\(sign)\(h)h \(m)m \(s)s" }
        if m != 0 { return "\(sign)\(m)m \(s)s" }
        return "\(sign)\(general(seconds.magnitude))s"
    }

    /// Four significant digits, Go's `%.4g`.
    static func general(_ number: Double) -> String { TemplateFormat.float(number, "g", precision: 4) }

    private static func small(_ number: Double) -> String {
        var number = number
        var unit = ""
        for prefix in ["m", "u", "n", "p", "f", "a", "z", "y"] where number.magnitude < 1 {
            unit = prefix
            number *= 1000
        }
        return general(number) + unit
    }

    private static func scaled(_ number: Double, _ prefixes: [String], down base: Double) -> String {
        var number = number
        var unit = ""
        for prefix in prefixes where number.magnitude >= base {
            unit = prefix
            number /= base
        }
        return general(number) + unit
    }
}

extension Timestamp {
    /// A field of Go's time as its method of that name gives it, in UTC.
    func goPart(_ name: String) -> Int? {
        let digits = description.split { !$0.isNumber }.compactMap { Int($0) }
        guard digits.count >= 6 else { return nil }
        switch name {
        case "Year": return digits[0]
        case "Month": return digits[1]
        case "Day": return digits[2]
        case "Hour": return digits[3]
        case "Minute": return digits[4]
        case "Second": return digits[5]
        case "Unix": return Int(milliseconds / 1000)
        default: return nil
        }
    }
}
