import Model
import Text

/// Answers the calls of an agent: checks them, bounds them, and makes what comes back fit to be shown.
struct ToolDesk: Sendable {
    let tools: [AgentTool]
    let limits: AgentLimits
    let mask: @Sendable (String) -> String
    let clock: HostClock

    /// What a call is answered, and what was wrong with the call. `id` is the citation ID if it turns out citable.
    func answer(_ call: ToolCall, id: String, within left: Duration) async -> (ToolAnswer, complaint: String?) {
        guard let tool = tools.first(where: { $0.name == call.tool }) else {
            let names = tools.map(\.name) + [Role.finish]
            let near = nearest(call.tool, among: names).map { " Did you mean \($0)?" } ?? ""
            let text = "There is no tool \(quoted(call.tool)).\(near) The tools: \(names.joined(separator: ", "))."
            return (Self.own(text), text)
        }
        let problems = tool.schema.validate(call.arguments)
        guard problems.isEmpty else {
            let text = "The arguments do not fit \(tool.name):\n" + problems.map(\.description).joined(separator: "\n")
            return (Self.own(text), text)
        }
        let result = await result(of: tool, call.arguments, within: min(limits.toolTimeout, left))
        return (
            shown(
                result.text, from: tool.name, id: result.isError ? nil : id, isError: result.isError,
                bytesMax: limits.resultBytes), nil
        )
    }

    /// Masked before it is cut, lest half a secret be no secret to the patterns.
    func shown(
        _ text: String, from name: String, id: String?, isError: Bool = false, bytesMax: Int
    ) -> ToolAnswer {
        let (kept, bytesCut) = DataFence.cut(mask(text), bytesMax: bytesMax)
        return ToolAnswer(
            citation: id, from: name, text: DataFence.neutral(kept), isError: isError, bytesCut: bytesCut)
    }

    /// A value that a prompt prints itself.
    func neutral(_ text: String, bytesMax: Int) -> String {
        DataFence.neutral(DataFence.cut(mask(text), bytesMax: bytesMax).text)
    }

    /// The loop's own words.
    static func own(_ text: String) -> ToolAnswer {
        ToolAnswer(citation: nil, from: nil, text: text, isError: true)
    }

    /// Whichever comes first: the tool's answer or the end of its time. The other is cancelled and awaited.
    private func result(of tool: AgentTool, _ arguments: JSONValue, within time: Duration) async -> ToolResult {
        await withTaskGroup(of: ToolResult?.self) { group in
            group.addTask { await tool.call(arguments) }
            group.addTask {
                do {
                    try await clock.sleep(time)
                    return ToolResult("\(tool.name) did not answer within \(time.literal)", isError: true)
                } catch {
                    return nil  // cancelled, because the tool has answered or the agent is to stop
                }
            }
            var first: ToolResult?
            for await result in group where first == nil && result != nil {
                first = result
                group.cancelAll()
            }
            return first ?? ToolResult("\(tool.name) gave no answer", isError: true)
        }
    }
}
