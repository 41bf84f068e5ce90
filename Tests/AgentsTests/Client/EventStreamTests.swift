import Testing

@testable import Agents

@Suite struct EventStreamTests {
    private func events(_ pieces: [[UInt8]]) throws -> [String] {
        var stream = EventStream()
        return try pieces.flatMap { try stream.take($0) }.map {
            "\($0.name)|\(String(decoding: $0.data, as: UTF8.self))"
        }
    }

    @Test(arguments: [
        ("data: a\n\n", ["|a"]), ("event: e\ndata: a\n\n", ["e|a"]), ("data:a\n\n", ["|a"]), ("data:  a\n\n", ["| a"]),
        ("data: a\ndata: b\n\n", ["|a\nb"]), ("data\n\n", ["|"]), ("data: \ndata\n\n", ["|\n"]),
        (": comment\n\n", []), ("event: e\n\ndata: a\n\n", ["|a"]), ("id: 1\nretry: 9\nother: x\ndata: a\n\n", ["|a"]),
        ("\u{FEFF}data: a\n\n", ["|a"]), ("data: a\n\n\u{FEFF}data: b\n\n", ["|a"]), ("\n\n\n", []),
        ("data: a", []), ("data: a\n", []), ("data: é—🌙\n\ndata: b\n\n", ["|é—🌙", "|b"]),
        ("data: a:b: c\n\n", ["|a:b: c"]), ("DATA: a\n\n", []),
    ])
    func streamsAreReadAsTheStandardSays(text: String, expected: [String]) throws {
        for end in ["\n", "\r\n", "\r"] {
            let bytes = Array(text.replacing("\n", with: end).utf8)
            // Several lines of data are joined by line feeds, whatever ended them.
            #expect(try events([bytes]) == expected)
            #expect(try events(bytes.map { [$0] }) == expected)
            for cut in bytes.indices { #expect(try events([Array(bytes[..<cut]), Array(bytes[cut...])]) == expected) }
        }
    }

    @Test func aLineHasALimit() throws {
        var stream = EventStream(lineMax: 10)
        #expect(try stream.take(Array("data: abcd\n\n".utf8)).count == 1)
        #expect(throws: ModelError.self) { try stream.take(Array("data: abcde".utf8)) }
    }

    @Test func anEventHasALimit() throws {
        var stream = EventStream(lineMax: 100, dataMax: 20)
        #expect(throws: ModelError.self) {
            for _ in 0..<10 { _ = try stream.take(Array("data: abcd\n".utf8)) }
        }
    }

    @Test func linesEndInThreeWays() throws {
        var lines = LineSplitter()
        let found = try lines.take(Array("a\nb\r\nc\rd\n\r\n\re".utf8)).map { String(decoding: $0, as: UTF8.self) }
        #expect(found == ["a", "b", "c", "d", "", ""])
        #expect(String(decoding: lines.rest(), as: UTF8.self) == "e")
        #expect(lines.rest().isEmpty)
    }
}
