import Detection
import Model

/// What is told of many things around an incident where not all fit: those nearest to it, whole ones only.
enum Nearest {
    /// The indices nearest to `middle`, which is the first at or after the incident: half of each side, and more of the
    /// one where the other is short.
    static func window(_ count: Int, middle: Int, max most: Int) -> Range<Int> {
        let size = min(count, most)
        let start = min(max(0, middle - (size + 1) / 2), count - size)
        return start..<start + size
    }

    /// The first entry of each kind of message, and those nearest to the incident, as far as their lines fit; oldest first.
    ///
    /// Half of the room is kept for the kinds, so that a flood hides no other kind and the incident's own entries stay.
    static func lines(
        _ entries: [LogEntry], around incident: Timestamp, near: Int, kinds: Int = 80, bytesMax: Int,
        _ line: (LogEntry) -> String
    ) -> [String] {
        let middle = entries.firstIndex { $0.at >= incident } ?? entries.count
        func byDistance(_ indices: some Sequence<Int>) -> [Int] {
            indices.sorted { abs(2 * ($0 - middle) + 1) < abs(2 * ($1 - middle) + 1) }
        }
        var seen: Set<String> = []
        let firsts = entries.indices.filter {
            seen.count < kinds && seen.insert(MessageTemplate.of(entries[$0].message)).inserted
        }
        let close = byDistance(window(entries.count, middle: middle, max: near))
        var (told, room): ([Int: String], Int) = ([:], bytesMax / 2)
        func take(_ indices: [Int]) {
            for index in indices where told[index] == nil {
                let text = line(entries[index])
                guard text.utf8.count < room else { return }
                room -= text.utf8.count + 1
                told[index] = text
            }
        }
        take(close)
        room += bytesMax - bytesMax / 2
        take(byDistance(firsts))
        take(close)
        return told.sorted { $0.key < $1.key }.map(\.value)
    }

    /// A text that is too long without some whole lines of its middle; a line too long by itself loses its end.
    static func fitted(_ text: String, bytesMax: Int) -> String {
        guard text.utf8.count > bytesMax else { return text }
        let room = bytesMax - 100
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        var (head, tail, used): ([Substring], [Substring], Int) = ([], [], 0)
        while head.count + tail.count < lines.count {
            let isHead = head.count <= tail.count
            let next = isHead ? lines[head.count] : lines[lines.count - 1 - tail.count]
            guard used + next.utf8.count < room else { break }
            used += next.utf8.count + 1
            if isHead { head.append(next) } else { tail.append(next) }
        }
        guard !head.isEmpty else {
            return String(decoding: text.utf8.prefix(room), as: UTF8.self)
                + "\n… (cut: \(text.utf8.count - room) bytes more; ask for less)"
        }
        let left = "… (\(lines.count - head.count - tail.count) lines of the middle are left out; ask for less)"
        return (head + [Substring(left)] + tail.reversed()).joined(separator: "\n")
    }
}
