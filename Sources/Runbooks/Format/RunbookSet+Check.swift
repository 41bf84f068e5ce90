public import Model
import Text

extension RunbookSet {
    /// How deep runs may begin each other; a run that an incident began is the first.
    public static let depthMax = 3

    /// Checks what only all definitions together show: the names of sub-runs, what is given to them, cycles and depth.
    ///
    /// Names that a template makes are looked up when the step is performed.
    public static func check(_ definitions: [Runbook]) throws(Diagnostics) {
        let problems = Problems()
        let byName = Dictionary(definitions.map { ($0.name, $0) }) { first, _ in first }
        for definition in definitions {
            for step in definition.steps {
                guard case .runbook(let subrun) = step.kind, subrun.name.isLiteral else { continue }
                check(subrun, step.place, byName, problems)
            }
        }
        guard problems.isEmpty else { return try problems.throwIfAny() }
        for definition in definitions { descend(definition, [definition.name], definition.place, byName, problems) }
        try problems.throwIfAny()
    }

    private static func check(
        _ subrun: SubrunStep, _ place: SourcePlace, _ byName: [String: Runbook], _ problems: Problems
    ) {
        let name = subrun.name.source
        guard let runbook = byName[name] else {
            let near = nearest(name, among: byName.keys.sorted()).map { "; did you mean \"\($0)\"?" } ?? ""
            problems.add(place, "there is no runbook \"\(name)\"\(near)")
            return
        }
        guard case .each(let given) = subrun.parameters else { return }
        let declared = runbook.parameters.map(\.name)
        for (name, _) in given where !declared.contains(name) {
            let near = nearest(name, among: declared).map { "; did you mean \"\($0)\"?" } ?? ""
            problems.add(place, "runbook \"\(runbook.name)\" has no parameter \"\(name)\"\(near)")
        }
        for parameter in runbook.parameters
        where parameter.from == nil && !given.contains(where: { $0.name == parameter.name }) {
            problems.add(place, "runbook \"\(runbook.name)\" needs its parameter \"\(parameter.name)\" to be given")
        }
    }

    private static func descend(
        _ runbook: Runbook, _ above: [String], _ place: SourcePlace, _ byName: [String: Runbook], _ problems: Problems
    ) {
        for step in runbook.steps {
            guard case .runbook(let subrun) = step.kind, let next = byName[subrun.name.source] else { continue }
            let chain = (above + [next.name]).joined(separator: " > ")
            if above.contains(next.name) {
                // Each member of a circle finds it; it is told once, where it closes on its first.
                guard above[0] == next.name else { continue }
                problems.add(step.place, "these runbooks begin each other for ever: \(chain)")
            } else if above.count >= depthMax {
                problems.add(step.place, "runs may begin each other at most \(depthMax) deep: \(chain)")
            } else {
                descend(next, above + [next.name], place, byName, problems)
            }
        }
    }
}
