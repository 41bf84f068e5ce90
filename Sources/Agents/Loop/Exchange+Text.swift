import Model

extension Exchange {
    /// The exchange as a person reads it: what the model said and asked for, what it was shown, and what came of it.
    ///
    /// Every line of a stranger's or the model's text is indented, so that none of it can pose as one of ours; `full`
    /// shows all of it, else long text is cut.
    public func text(full: Bool = false) -> String {
        let usage = reply.usage
        let input = [usage.input, usage.cacheRead, usage.cacheWritten].reduce(0, ModelUsage.sum)
        let read = "\(input) tokens read, \(usage.output) written"
        var lines = ["\(number). \(at.wall) \(model), \(took.literal), \(read), \(cost)"]
        func add(_ head: String, _ text: String) {
            lines.append("   \(head)")
            let shown = full || text.count <= Self.charactersShown ? text : text.prefix(Self.charactersShown) + " …"
            for line in shown.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
                lines.append("   | " + DataFence.visible(line))
            }
        }
        if let opening {
            if full { add("told, as \(opening.role):", opening.system) }
            for piece in opening.material { add("shown \(piece.citation ?? "") \(piece.from ?? ""):", piece.text) }
            add("asked:", opening.task)
        }
        for part in reply.parts {
            switch part {
            case .text(let text): add("said:", text)
            case .call(_, let tool, let arguments): add("called \(quoted(tool)):", arguments.encoded(pretty: true))
            case .result, .vendor: break
            }
        }
        for answer in answers {
            let name = [answer.answer.isError ? "error" : answer.answer.citation ?? "", answer.answer.from ?? "loop"]
            add("answer \(name.joined(separator: " ")):", answer.answer.text)
        }
        if let note { add("note:", note) }
        switch end {
        case .finished: lines.append("   finished")
        case .failed(let failure): add("failed, \(quoted(failure.reason)):", failure.text)
        case nil: break
        }
        return lines.joined(separator: "\n")
    }

    private static let charactersShown = 600
}
