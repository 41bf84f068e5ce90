import Model
import Text

extension RunbookReader {
    /// The steps in one flat list, and which ranges of it are groups.
    func steps(_ map: Mapping) -> (steps: [Step], groups: [StepGroup]) {
        guard let items = map.list("steps", required: true) else { return ([], []) }
        if items.isEmpty, let place = map.keyPlace("steps") { problems.add(place, "\"steps\" needs at least one step") }
        var steps: [Step] = []
        var groups: [StepGroup] = []
        for (index, item) in items.enumerated() {
            if item.hasKey(among: Self.groupKeys) {
                guard let group = group(item, index + 1, &steps) else { continue }
                groups.append(group)
            } else if let step = step(item, index + 1) {
                steps.append(step)
            }
        }
        let names = steps.map { ($0.name, $0.place, "step") } + groups.map { ($0.name, $0.place, "group") }
        var seen: Set<String> = []
        for (name, place, what) in names where !seen.insert(name).inserted {
            problems.add(place, "the \(what)'s name \"\(name)\" occurs twice")
        }
        return (steps, groups)
    }

    private static let groupKeys = ["steps", "repeat"]

    private func group(_ node: YAMLNode, _ number: Int, _ steps: inout [Step]) -> StepGroup? {
        guard
            let map = Mapping(
                node, "group \(number)", keys: ["name", "if"] + Self.groupKeys, notYet: ["parallel"], problems)
        else { return nil }
        let name = self.name(map, "a group's name")
        let start = steps.count
        guard let items = map.list("steps", required: true) else { return nil }
        for (index, item) in items.enumerated() {
            if item.hasKey(among: Self.groupKeys) {
                problems.add(item.place, "a group within a group is not in this version")
            } else if let step = step(item, index + 1) {
                steps.append(step)
            }
        }
        if items.isEmpty, let place = map.keyPlace("steps") {
            problems.add(place, "\"steps\" of a group needs at least one step")
        }
        guard let name, start < steps.count else { return nil }
        return StepGroup(
            name: name, place: map.place, range: start..<steps.count, condition: condition(map), rounds: rounds(map))
    }

    private func rounds(_ map: Mapping) -> StepGroup.Rounds? {
        guard let node = map["repeat"],
            let map = Mapping(node, "\"repeat\"", keys: ["until", "at_most"], problems)
        else { return nil }
        let until = map.required("until").flatMap { pipeline($0, "\"until\"") }
        let atMost = map.integer("at_most", in: 1...StepGroup.roundsMax, required: true)
        guard let until, let atMost else { return nil }
        return StepGroup.Rounds(until: until, atMost: atMost)
    }
}

extension YAMLNode {
    func hasKey(among names: [String]) -> Bool {
        guard case .mapping(let pairs) = content else { return false }
        return pairs.contains { names.contains($0.key.text ?? "") }
    }
}
