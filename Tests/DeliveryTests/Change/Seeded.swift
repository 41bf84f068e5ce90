/// SplitMix64: the same numbers from the same seed.
struct Seeded: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    /// Lines of few words, so that many are equal.
    mutating func text(lines: Int) -> String {
        let words = ["a", "b", "}", "", "if x {", "é", "\tlong line of words"]
        var text = ""
        for _ in 0..<Int.random(in: 0...lines, using: &self) {
            text += words[Int.random(in: 0..<words.count, using: &self)] + (Bool.random(using: &self) ? "\n" : "\r\n")
        }
        return Bool.random(using: &self) ? text : text + "end"
    }
}
