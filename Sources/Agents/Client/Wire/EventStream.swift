/// Reads server-sent events (WHATWG HTML, "event stream interpretation") out of bytes that arrive in any pieces.
///
/// Names and data are kept; comments, IDs, retry times and unknown fields are not. An event that is not complete at the
/// end is none.
struct EventStream: Sendable {
    struct Event: Sendable, Hashable {
        var name = ""
        var data: [UInt8] = []
    }

    private let dataMax: Int
    private var lines: LineSplitter
    private var isAtStart = true
    private var event = Event()
    private var hasData = false

    init(lineMax: Int = LineSplitter.standardMax, dataMax: Int = 4 << 20) {
        self.dataMax = dataMax
        lines = LineSplitter(bytesMax: lineMax)
    }

    /// The events that the bytes complete.
    mutating func take(_ bytes: [UInt8]) throws(ModelError) -> [Event] {
        var events: [Event] = []
        for line in try lines.take(bytes) {
            if line.isEmpty {
                if hasData { events.append(event) }
                event = Event()
                hasData = false
            } else {
                try field(line[...])
            }
            isAtStart = false
        }
        return events
    }

    private mutating func field(_ line: ArraySlice<UInt8>) throws(ModelError) {
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        let line = isAtStart && line.starts(with: mark) ? line.dropFirst(3) : line
        let name = line.prefix { $0 != UInt8(ascii: ":") }
        var value = line.dropFirst(name.count + 1)
        if value.first == UInt8(ascii: " ") { value = value.dropFirst() }
        if name.elementsEqual("event".utf8) {
            event.name = String(decoding: value, as: UTF8.self)
        } else if name.elementsEqual("data".utf8) {
            guard event.data.count + value.count < dataMax else {
                throw ModelError(.malformed, "the answer has an event of more than \(dataMax) bytes")
            }
            if hasData { event.data.append(UInt8(ascii: "\n")) }
            event.data += value
            hasData = true
        }
    }
}
