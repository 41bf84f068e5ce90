/// The word that a person most likely meant: the one within the fewest edits, nil when none is near.
///
/// An edit inserts, drops or changes a character, or swaps two neighbours (optimal string alignment); a third of the
/// word, at least one character, may be wrong. Letter case does not count. Of equally near words the first wins.
public func nearest(_ word: String, among words: some Sequence<String>) -> String? {
    let asked = Array(word.lowercased())
    guard !asked.isEmpty, asked.count <= 64 else { return nil }
    var best: (word: String, edits: Int)?
    for candidate in words {
        let offered = Array(candidate.lowercased())
        let allowed = max(1, max(asked.count, offered.count) / 3)
        guard abs(asked.count - offered.count) <= allowed else { continue }
        let edits = editDistance(asked, offered)
        if edits <= allowed, edits < min(best?.edits ?? .max, max(asked.count, offered.count)) {
            best = (candidate, edits)
        }
    }
    return best?.word
}

private func editDistance(_ left: [Character], _ right: [Character]) -> Int {
    var beforeLast: [Int] = []
    var last = Array(0...right.count)
    for (i, one) in left.enumerated() {
        var row = [i + 1]
        for (j, other) in right.enumerated() {
            var edits = min(last[j + 1] + 1, row[j] + 1, last[j] + (one == other ? 0 : 1))
            if i > 0, j > 0, one == right[j - 1], left[i - 1] == other { edits = min(edits, beforeLast[j - 1] + 1) }
            row.append(edits)
        }
        beforeLast = last
        last = row
    }
    return last[right.count]
}

/// `; did you mean "WORD"?` where a word is near, else nothing.
func suggestion(_ word: String, among words: some Sequence<String>) -> String {
    nearest(word, among: words).map { "; did you mean \"\($0)\"?" } ?? ""
}
