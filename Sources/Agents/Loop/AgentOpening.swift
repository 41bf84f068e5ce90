import Model
import Text

extension AgentLoop {
    /// How the conversation begins: the role's prompt, then the material and the inputs as data.
    func opening(_ task: AgentTask) throws(Fault) -> Opening {
        let scope = TemplateScope(variables: ["inputs": .object(task.inputs), "incident": task.incident])
        let prompt = try role.prompt.render(scope) { desk.neutral($0, bytesMax: limits.inputBytes) }
        var citations = task.earlier
        var material: [ToolAnswer] = []
        for piece in task.material {
            let shown = desk.shown(
                piece.text, from: piece.name, id: citations.nextID, bytesMax: limits.inputBytes)
            citations.add([shown])
            material.append(shown)
        }
        var inputs = task.inputs.filter { !role.inputsRead.contains($0.key) }.sorted { $0.key < $1.key }
        if !role.readsIncident, task.incident != .object([:]) {
            inputs.insert((key: "incident", value: task.incident), at: 0)
        }
        let blocks = inputs.map { name, value in
            let text = value.string ?? value.encoded(pretty: true)
            return DataFence.around(desk.shown(text, from: name, id: nil, bytesMax: limits.inputBytes))
        }
        let finish = ModelTool(
            name: Role.finish, description: "Ends your work with this result.", schema: role.result.json)
        return Opening(
            role: role.name, digest: role.digest, system: prompt + "\n\n" + DataFence.rules,
            tools: desk.tools.map(\.offer) + [finish], givesTools: client.hasTools, material: material,
            task: (blocks + ["Begin."]).joined(separator: "\n\n"))
    }

    /// How a stored conversation began; a transcript with a gap is none to go on from.
    static func opening(of stored: [Exchange]) throws(Fault) -> Opening {
        guard let opening = stored.first?.opening, stored.map(\.number) == Array(1...stored.count) else {
            throw Fault(
                "agent.transcript", "the agent's transcript is not whole",
                hint: "Start the work anew; what was spent on it stays counted.")
        }
        return opening
    }
}
