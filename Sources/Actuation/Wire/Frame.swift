import FoundationEssentials
import Model

/// One message on a socket: a 32-bit length in network byte order, then so many bytes of JSON, at most 64 KiB.
enum Frame {
    static let bodyMax = 64 << 10
    static let version = 1

    /// What every message has around it. Answers carry the request's `id`; what comes unasked carries 0.
    struct Envelope<Body: Codable & Sendable>: Codable, Sendable {
        var v: Int
        var id: Int
        var body: Body
    }

    /// Read first: another version's message may have any shape.
    private struct Head: Decodable {
        var v: Int
    }

    static func bytes(_ body: some Codable & Sendable, id: Int) throws(Fault) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let json: Data
        do {
            json = try encoder.encode(Envelope(v: version, id: id, body: body))
        } catch {
            throw Fault("frame.encoding", "A message cannot be written as JSON")
        }
        guard json.count <= bodyMax else {
            throw Fault("frame.size", "A message of \(json.count) bytes is more than a frame may hold (\(bodyMax))")
        }
        return prefix(json.count) + json
    }

    static func decode<Body: Codable & Sendable>(
        _ json: some Sequence<UInt8>, as type: Body.Type
    ) throws(Fault) -> (id: Int, body: Body) {
        let data = Data(json)
        let head: Head
        let envelope: Envelope<Body>
        do {
            head = try JSONDecoder().decode(Head.self, from: data)
        } catch {
            throw Fault("frame.malformed", "A frame that is not JSON with a version")
        }
        guard head.v == version else {
            throw Fault("frame.version", "Version \(head.v) is not spoken here, only \(version)")
        }
        do {
            envelope = try JSONDecoder().decode(Envelope<Body>.self, from: data)
        } catch {
            throw Fault("frame.malformed", "A frame that is no message of version \(version)")
        }
        return (envelope.id, envelope.body)
    }

    /// The length that the first four bytes announce.
    static func length(_ bytes: some Collection<UInt8>) -> Int {
        bytes.prefix(4).reduce(0) { $0 << 8 | Int($1) }
    }

    private static func prefix(_ count: Int) -> [UInt8] { (0..<4).map { UInt8(count >> (24 - 8 * $0) & 0xFF) } }
}

/// Bytes as they come in, cut into frames.
struct FrameBuffer {
    private var bytes: [UInt8] = []

    mutating func append(_ more: some Sequence<UInt8>) { bytes += more }
    var isFull: Bool { bytes.count >= Frame.bodyMax + 4 }

    /// The next whole frame's body, nil while there is none; a fault where no frame can follow.
    mutating func next() throws(Fault) -> [UInt8]? {
        guard bytes.count >= 4 else { return nil }
        let length = Frame.length(bytes)
        guard (1...Frame.bodyMax).contains(length) else {
            throw Fault("frame.size", "A frame of \(length) bytes; it may hold 1 to \(Frame.bodyMax)")
        }
        guard bytes.count >= 4 + length else { return nil }
        let body = Array(bytes[4..<(4 + length)])
        bytes.removeFirst(4 + length)
        return body
    }
}
