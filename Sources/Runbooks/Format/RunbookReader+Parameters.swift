import Model
import Text

extension RunbookReader {
    /// What `nightshift runbooks install --allow` wrote below the author's text: unit parameters and their units.
    func installedAllow(_ map: Mapping) -> [String: (place: SourcePlace, units: [String])] {
        guard let node = map["allow"] else { return [:] }
        guard case .mapping(let pairs) = node.content else {
            problems.add(node.place, "\"allow\" needs a mapping of unit parameters to lists of units, not \(node.kind)")
            return [:]
        }
        var allow: [String: (place: SourcePlace, units: [String])] = [:]
        for pair in pairs {
            guard let units = units(pair.value, "\"allow\"") else { continue }
            allow[pair.key.text ?? ""] = (pair.key.place, units)
        }
        return allow
    }

    /// Where a runbook is only begun by its name, a parameter without `from` is given by whoever begins it.
    func parameters(
        _ map: Mapping, _ allow: [String: (place: SourcePlace, units: [String])], isBegunByName: Bool
    ) -> [Parameter] {
        var parameters: [Parameter] = []
        if let node = map["parameters"] {
            guard case .mapping(let pairs) = node.content else {
                problems.add(node.place, "\"parameters\" needs a mapping of names to types, not \(node.kind)")
                return []
            }
            for pair in pairs {
                let name = pair.key.text ?? ""
                if !Self.isParameterName(name) {
                    problems.add(
                        pair.key.place,
                        "a parameter's name needs lower-case letters, digits and underscores, not \"\(name)\"")
                }
                if let parameter = parameter(pair, allow[name], needsFrom: !isBegunByName) {
                    parameters.append(parameter)
                }
            }
        }
        for (name, entry) in allow.sorted(by: { $0.key < $1.key })
        where !parameters.contains(where: { $0.name == name }) {
            let near = nearest(name, among: parameters.map(\.name)).map { "; did you mean \"\($0)\"?" } ?? ""
            problems.add(entry.place, "\"allow\" names no parameter \"\(name)\"\(near)")
        }
        return parameters
    }

    private static let attributes: [String: [String]] = [
        "unit": ["allow"], "path": ["under"], "integer": ["min", "max"], "number": ["min", "max"],
        "duration": ["min", "max"], "size": ["min", "max"], "host": ["allow"], "url": ["allow"], "enum": ["values"],
        "text": ["pattern", "max"], "list": ["of", "at_most"],
    ]

    private func parameter(
        _ pair: (key: YAMLNode, value: YAMLNode), _ allow: (place: SourcePlace, units: [String])?, needsFrom: Bool
    ) -> Parameter? {
        let name = pair.key.text ?? ""
        guard let (map, word) = typed(pair.value, "parameter \"\(name)\"", also: ["from"]) else { return nil }
        let from = (needsFrom ? map.required("from") : map["from"]).flatMap { template($0, "\"from\"") }
        guard var type = self.type(word, map), from != nil || !needsFrom else { return nil }
        if let allow {
            switch type {
            case .unit(allow: nil): type = .unit(allow: allow.units)
            case .list(.unit(allow: nil), let itemsMax): type = .list(of: .unit(allow: allow.units), itemsMax: itemsMax)
            default: problems.add(allow.place, "parameter \"\(name)\" is no unit without \"allow\" of its own")
            }
        }
        return Parameter(name: name, place: pair.key.place, type: type, from: from)
    }

    /// The mapping of a type with the keys that its word allows; the word alone may stand for it.
    private func typed(_ node: YAMLNode, _ what: String, also: [String]) -> (Mapping, String)? {
        let all = Self.attributes.values.flatMap { $0 }
        guard let probe = Mapping(node, what, keys: also + ["type"] + Set(all).sorted(), problems),
            let word = probe.string("type", required: true)
        else { return nil }
        guard let allowed = Self.attributes[word] else {
            let near = nearest(word, among: ParameterType.words).map { "; did you mean \"\($0)\"?" } ?? ""
            problems.add(
                probe["type"]?.place ?? probe.place,
                "\"type\" needs one of \(ParameterType.words.joined(separator: ", ")), not \"\(word)\"\(near)")
            return nil
        }
        for key in Set(all).subtracting(allowed).sorted() {
            if let place = probe.keyPlace(key) { problems.add(place, "a parameter of type \(word) has no \"\(key)\"") }
        }
        return (probe, word)
    }

    private func type(_ word: String, _ map: Mapping) -> ParameterType? {
        switch word {
        case "unit":
            guard let node = map["allow"] else { return .unit(allow: nil) }
            return units(node, "\"allow\"").map { .unit(allow: $0) }
        case "path":
            guard let under = map.string("under", required: true) else { return nil }
            guard AbsolutePath.isPlain(under) else {
                problems.add(
                    map["under"]?.place ?? map.place, "\"under\" needs an absolute path such as /var/cache/app")
                return nil
            }
            return .path(under: under)
        case "integer":
            let bound = 9_007_199_254_740_992
            return range(
                map, map.integer("min", in: -bound...bound) ?? -bound, map.integer("max", in: -bound...bound) ?? bound
            ).map { .integer($0) }
        case "number":
            let bound = Double.greatestFiniteMagnitude
            return range(map, map.number("min") ?? -bound, map.number("max") ?? bound).map { .number($0) }
        case "duration":
            return range(map, map.duration("min") ?? .zero, map.duration("max") ?? .seconds(86400 * 365))
                .map { .duration($0) }
        case "size":
            return range(
                map, map.size("min") ?? ByteSize(bytes: 0), map.size("max") ?? ByteSize(bytes: 1 << 50)
            ).map { .size($0) }
        case "list": return list(map)
        default: return wordType(word, map)
        }
    }

    private func wordType(_ word: String, _ map: Mapping) -> ParameterType? {
        switch word {
        case "host":
            let hosts = map.strings("allow")
            for host in hosts ?? [] where !HostName.isValid(host) {
                problems.add(map["allow"]?.place ?? map.place, "\"\(host)\" is not a host name")
            }
            return .host(allow: hosts)
        case "url":
            guard let prefixes = map.strings("allow", required: true) else { return nil }
            for prefix in prefixes where !WebAddress.isPlain(prefix) {
                problems.add(map["allow"]?.place ?? map.place, "\"\(prefix)\" is not an http or https address")
            }
            return .url(allow: prefixes)
        case "enum":
            guard let words = map.strings("values", required: true) else { return nil }
            return .enumeration(words)
        default:
            var pattern: Pattern?
            if let text = map.string("pattern") {
                do {
                    pattern = try Pattern(text, anchored: true)
                } catch {
                    problems.add(map["pattern"]?.place ?? map.place, error.description)
                }
            }
            return .text(pattern: pattern, lengthMax: map.integer("max", in: 1...65536) ?? 1024)
        }
    }

    private func list(_ map: Mapping) -> ParameterType? {
        guard let node = map.required("of") else { return nil }
        let itemsMax = map.integer("at_most", in: 1...1000) ?? 100
        let wrapped =
            node.text == nil
            ? node
            : YAMLNode(
                place: node.place,
                content: .mapping([
                    (key: YAMLNode(place: node.place, content: .scalar("type", quoted: false)), value: node)
                ]))
        guard let (inner, word) = typed(wrapped, "\"of\"", also: []) else { return nil }
        guard word != "list" else {
            problems.add(node.place, "a list of lists is not in this version")
            return nil
        }
        return type(word, inner).map { .list(of: $0, itemsMax: itemsMax) }
    }

    private func range<Bound: Comparable>(_ map: Mapping, _ low: Bound, _ high: Bound) -> ClosedRange<Bound>? {
        guard low <= high else {
            problems.add(map["max"]?.place ?? map.place, "\"max\" needs to be at least \"min\"")
            return nil
        }
        return low...high
    }

    func units(_ node: YAMLNode, _ what: String) -> [String]? {
        guard let names = node.strings(problems, what) else { return nil }
        for name in names where !UnitName.isValid(name) {
            problems.add(
                node.place, "\"\(name)\" in \(what) is not the full name of one systemd unit, such as nginx.service")
        }
        if names.isEmpty { problems.add(node.place, "\(what) needs at least one unit") }
        return names
    }
}
