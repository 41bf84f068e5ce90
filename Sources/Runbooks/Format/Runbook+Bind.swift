public import Model
import Text

extension Runbook {
    /// Takes the parameters from an incident's labels; anything missing, empty or not as declared refuses the whole.
    ///
    /// `claims` are labels whose sender is not trusted: above low risk nothing that can be acted upon comes from one.
    /// `given` is what whoever begins the run by its name says: it goes before `from`, but for a value that the author
    /// wrote out. `project` is what the run will know of its project; what the runbook reads of it must be there.
    public func bind(
        labels: Labels, claims: Set<String> = [], given: [String: JSONValue] = [:], project: JSONValue? = nil
    ) -> Binding {
        var values: [String: JSONValue] = [:]
        for parameter in parameters {
            let `guard` = parameter.name == target ? "target" : "parameters"
            let value = given[parameter.name]
            let claimed = value == nil ? parameter.labelsRead.filter { claims.contains($0) } : []
            if risk > .low, parameter.type.isLocator, let label = claimed.first {
                return .refused(
                    guard: `guard`,
                    text: "\(parameter.name) would come from the label \(label), which is its sender's claim; "
                        + "a runbook above low risk takes none from a claim")
            }
            do {
                values[parameter.name] = try parameter.value(given: value, labels, project)
            } catch {
                return .refused(guard: `guard`, text: "\(parameter.name) cannot be told: \(error.message)")
            }
        }
        if let extra = given.keys.sorted().first(where: { values[$0] == nil }) {
            return .refused(guard: "parameters", text: "runbook \"\(name)\" has no parameter \"\(extra)\"")
        }
        if let missing = labelsRead.first(where: { labels[$0] == nil }) {
            return .refused(guard: "parameters", text: "the incident has no label \(missing), which a step reads")
        }
        if let text = stop(by: project) { return .refused(guard: "parameters", text: text) }
        return .bound(Parameters(values))
    }

    /// Why what is known of the project will not do; told before anything is begun, not when it is read.
    private func stop(by project: JSONValue?) -> String? {
        guard !projectNamesRead.isEmpty else { return nil }
        guard let project = project?.object else { return "the run belongs to no project, and a step reads one" }
        for name in projectNamesRead where project[name] == nil {
            return "the project has no \"\(name)\", which a step reads"
        }
        do {
            try verify?.checkProject(project)
            return nil
        } catch {
            return error.message
        }
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
        (from?.references ?? []).compactMap { $0.first == "labels" && $0.count > 1 ? $0[1] : nil }
    }

    fileprivate func value(
        given: JSONValue?, _ labels: Labels, _ project: JSONValue?
    ) throws(Fault) -> JSONValue {
        var own: JSONValue?
        if let from, given == nil || isFixed {
            var scope = TemplateScope(
                variables: ["labels": .object(labels.dictionary.mapValues { .string($0) })], dot: .null,
                missing: .error)
            if let project { scope.variables["project"] = project }
            own = try type.value(try from.render(scope))
        }
        guard let given else {
            if let own { return own }
            throw Fault("parameter.missing", "whoever begins the run has to give it")
        }
        let value = try type.read(given)
        if let own, own != value { throw Fault("parameter.fixed", "its author wrote out what it is") }
        return value
    }
}
