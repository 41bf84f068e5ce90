internal import Model

/// The lines of an incident as a table: time, kind, text, and at the right what each rests on.
struct Timeline {
    private static let indent = "      "
    /// Where the text begins: after the indent, the time of day and the kind.
    private static let textColumn = 6 + 12 + 2 + 8 + 1

    private let lines: [IncidentView.Line]
    private let zoneOffset: Int

    init(_ lines: [IncidentView.Line], zoneOffset: Int) {
        self.lines = lines
        self.zoneOffset = zoneOffset
    }

    /// A day's date stands above its lines where they are not all of one day.
    var rendered: [String] {
        let times = lines.map { Timestamp(parsing: $0.at) }
        let days = times.map { $0.map { String(dateAndTime($0, zoneOffset).prefix(10)) } ?? "" }
        let evidence = lines.map(Self.evidence)
        let column = IncidentText.width - min(36, evidence.map(\.count).max() ?? 0)
        var out: [String] = []
        for (index, line) in lines.enumerated() {
            if Set(days).count > 1, index == 0 || days[index] != days[index - 1] {
                out.append(Self.indent + days[index])
            }
            let time = times[index]?.timeOfDay(offsetSeconds: zoneOffset) ?? padded(line.at, 12)
            let head = "\(Self.indent)\(time)  \(padded(line.kind, 8)) "
            out += Self.place(head, wrapped(plain(line.text)), evidence[index], column)
            out += Self.block(line)
        }
        return out
    }

    /// What a gate saw and what agents hold for the cause, below their line: marked, so that none of it can pass for a line of ours.
    private static func block(_ line: IncidentView.Line) -> [String] {
        let mark = String(repeating: " ", count: textColumn) + "| "
        return line.evidence.filter { blocks.contains($0.kind) }.flatMap { item in
            let head = item.kind == "cause" ? "cause, \(item.reference) sure: " : ""
            return (head + item.text).split(whereSeparator: \.isNewline).flatMap { text in
                pieces(plain(String(text)), of: IncidentText.width - mark.count).map { mark + $0 }
            }
        }
    }

    private static let blocks: Set = ["gate", "cause"]

    private static func pieces(_ text: String, of room: Int) -> [Substring] {
        var pieces: [Substring] = []
        var rest = Substring(text)
        while rest.count > room {
            pieces.append(rest.prefix(room))
            rest = rest.dropFirst(room)
        }
        return pieces + [rest]
    }

    private static func place(_ head: String, _ text: [String], _ evidence: String, _ column: Int) -> [String] {
        let blank = String(repeating: " ", count: textColumn)
        var out = text.enumerated().map { ($0 == 0 ? head : blank) + $1 }
        guard !evidence.isEmpty, let last = out.last else { return out }
        if last.count + 2 <= column {
            out[out.count - 1] = padded(last, column) + evidence
        } else if last.count + 2 + evidence.count <= IncidentText.width {
            out[out.count - 1] = padded(last, IncidentText.width - evidence.count) + evidence
        } else {
            out.append(padded("", max(textColumn, min(column, IncidentText.width - evidence.count))) + evidence)
        }
        return out
    }

    /// What a line rests on, short: the first two, each with enough of its reference to be found again.
    private static func evidence(_ line: IncidentView.Line) -> String {
        var shown: [String] = []
        for item in line.evidence
        where !blocks.contains(item.kind)
            && ![item.reference, item.text].allSatisfy({ $0.isEmpty || line.text.contains($0) })
        {
            let reference = plain(item.reference)
            let short =
                switch item.kind {
                case "journal": "journal " + cursor(reference)
                case "metric": item.text.isEmpty || line.text.contains(item.text) ? reference : plain(item.text)
                default: "\(item.kind) \(reference.isEmpty ? plain(item.text) : reference)"
                }
            shown.append(clipped(short, shown.isEmpty ? 36 : 20))
            if shown.count == 2 || shown.map(\.count).reduce(0, +) > 16 { break }
        }
        return shown.joined(separator: ", ")
    }

    /// journald's cursor is 150 characters; its entry's own number and the end of it tell it from its neighbours.
    private static func cursor(_ text: String) -> String {
        let parts = text.split(separator: ";")
        let number = parts.first { $0.hasPrefix("i=") }.map { String($0) }
        guard let number, parts.count > 1 else { return clipped(text, 24) }
        let end = parts.last.map { String($0.suffix(4)) } ?? ""
        return "\(number)…\(end)"
    }

    /// In lines that end before the right edge, broken at blanks where there are any.
    private func wrapped(_ text: String) -> [String] {
        let room = IncidentText.width - Self.textColumn
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ") {
            var word = String(word)
            if !line.isEmpty, line.count + 1 + word.count > room {
                lines.append(line)
                line = ""
            }
            while word.count > room {
                lines.append(String(word.prefix(room)))
                word = String(word.dropFirst(room))
            }
            line += line.isEmpty ? word : " " + word
        }
        return lines + (line.isEmpty && !lines.isEmpty ? [] : [line])
    }
}
