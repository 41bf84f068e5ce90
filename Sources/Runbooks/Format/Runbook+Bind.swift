public import Model
import Text

extension Runbook {
    /// Takes the parameters from an incident's labels; anything missing, empty or not as declared refuses the whole.
    ///
    /// `claims` are labels whose sender is not trusted: above low risk nothing that can be acted upon comes from one.
    public func bind(labels: Labels, claims: Set<String> = []) -> Binding {
        let scope = TemplateScope(
            variables: ["labels": .object(labels.dictionary.mapValues { .string($0) })], dot: .null, missing: .error)
        var values: [String: JSONValue] = [:]
        for parameter in parameters {
            let `guard` = parameter.name == target ? "target" : "parameters"
            let claimed = parameter.labelsRead.filter { claims.contains($0) }
            if risk > .low, parameter.type.isLocator, let label = claimed.first {
                return .refused(
                    guard: `guard`,
                    text: "\(parameter.name) would come from the label \(label), which is its sender's claim; "
                        + "a runbook above low risk takes none from a claim")
            }
            do {
                values[parameter.name] = try parameter.type.value(try parameter.from.render(scope))
            } catch {
                return .refused(guard: `guard`, text: "\(parameter.name) cannot be told: \(error.message)")
            }
        }
        if let missing = labelsRead.first(where: { labels[$0] == nil }) {
            return .refused(guard: "parameters", text: "the incident has no label \(missing), which a step reads")
        }
        return .bound(Parameters(values))
    }

    /// Whether these are values that `bind` could have given: each declared one, canonical, and no other.
    public func validate(_ given: Parameters) -> Binding {
        for parameter in parameters {
            let `guard` = parameter.name == target ? "target" : "parameters"
            guard let value = given.values[parameter.name] else {
                return .refused(guard: `guard`, text: "\(parameter.name) is missing")
            }
            do {
                try parameter.type.accept(value)
            } catch {
                return .refused(guard: `guard`, text: "\(parameter.name) is not as declared: \(error.message)")
            }
        }
        let declared = Set(parameters.map(\.name))
        if let extra = given.values.keys.sorted().first(where: { !declared.contains($0) }) {
            return .refused(guard: "parameters", text: "runbook \"\(name)\" has no parameter \"\(extra)\"")
        }
        return .bound(given)
    }
}

extension Parameter {
    var labelsRead: [String] {
        from.references.compactMap { $0.first == "labels" && $0.count > 1 ? $0[1] : nil }
    }
}
