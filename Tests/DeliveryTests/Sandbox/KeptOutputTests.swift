import Testing

@testable import Delivery

@Suite struct KeptOutputTests {
    private func kept(_ pieces: [String], keep: Int) -> KeptOutput {
        var output = KeptOutput(keep: keep)
        for piece in pieces { Array(piece.utf8).withUnsafeBytes { output.append($0) } }
        output.finish()
        return output
    }

    @Test(arguments: [
        ([], 4, "", true), (["abc"], 4, "abc", true), (["abcd", "efgh"], 4, "abcdefgh", true),
        (["abcdefghi"], 4, "abcd\n[1 bytes left out]\nfghi", false),
        (["ab", "cdef", "ghijklmnop", "qrs", "tuvwxyz"], 4, "abcd\n[18 bytes left out]\nwxyz", false),
    ])
    func theEndsAreKept(pieces: [String], keep: Int, text: String, isWhole: Bool) {
        let output = kept(pieces, keep: keep)
        #expect(output.text == text)
        #expect(output.isWhole == isWhole)
        #expect(output.total == pieces.joined().utf8.count)
    }

    @Test func aLongOutputTakesNoMore() {
        let output = kept(Array(repeating: String(repeating: "x", count: 1000), count: 1000), keep: 100)
        #expect(output.bytes.count == 200 && output.total == 1_000_000)
    }
}
