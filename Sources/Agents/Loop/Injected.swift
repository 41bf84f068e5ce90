import Model

/// Finds text that a model copied from a log line into an edit: by then a stranger would be writing the code.
public enum Injected {
    /// A stretch of an edit that stands in a log line too; blanks folded, in lower case.
    public struct Finding: Sendable, Hashable {
        public var text: String
        /// The log line, cut where it is long.
        public var line: String
    }

    /// Shorter stretches are in any two texts.
    public static let charactersMin = 20
    static let knownMin = 12
    static let lettersMin = 8

    /// The first stretch of at least twenty characters, on one line of an edit, that stands in a log line; else nil.
    ///
    /// Not counted are blanks, letter case, and what stands in `known`, the repository's own text, for at least twelve
    /// characters: a program's messages are in its code and in its log. No finding is what code and logs share anyway:
    /// one path or name (but a URL is one), and less than eight letters. Linear in the sum of the texts.
    public static func found(in edits: [String], lines: [String], known: [String] = []) -> Finding? {
        let edited = edits.flatMap { $0.split { $0.isNewline } }.map { folded($0) }
        let logged = lines.map { folded($0[...]) }
        let copied = marks(on: edited, from: logged, window: charactersMin)
        let own = marks(on: edited, from: known.map { folded($0[...]) }, window: knownMin)
        for (index, text) in edited.enumerated() {
            for run in runs(of: text, where: { copied[index][$0] && !own[index][$0] }) where speaks(run) {
                let line = logged.firstIndex { contains($0, run) }.map { lines[$0] } ?? ""
                return Finding(text: string(run), line: String(line.prefix(200)))
            }
        }
        return nil
    }

    private typealias Scalars = [Unicode.Scalar]

    /// Lower case, every run of blanks as one.
    private static func folded(_ text: Substring) -> Scalars {
        Array(Citations.folded(text.lowercased()).unicodeScalars)
    }

    /// For each text, which of its characters belong to a window that occurs in `sources` too.
    private static func marks(on texts: [Scalars], from sources: [Scalars], window: Int) -> [[Bool]] {
        var marks = texts.map { [Bool](repeating: false, count: $0.count) }
        var places: [ArraySlice<Unicode.Scalar>: [(text: Int, start: Int)]] = [:]
        for (index, text) in texts.enumerated() where text.count >= window {
            for start in 0...(text.count - window) {
                places[text[start..<start + window], default: []].append((index, start))
            }
        }
        for source in sources where source.count >= window && !places.isEmpty {
            for start in 0...(source.count - window) {
                // Found once is enough, so that a flood of equal lines costs no more than one.
                guard let found = places.removeValue(forKey: source[start..<start + window]) else { continue }
                for (index, start) in found {
                    for at in start..<start + window { marks[index][at] = true }
                }
            }
        }
        return marks
    }

    /// The stretches of enough marked characters, without blanks at their ends.
    private static func runs(of text: Scalars, where isMarked: (Int) -> Bool) -> [ArraySlice<Unicode.Scalar>] {
        var runs: [ArraySlice<Unicode.Scalar>] = []
        var start = 0
        for at in 0...text.count where at == text.count || !isMarked(at) {
            var run = text[start..<at]
            while run.first == " " { run.removeFirst() }
            while run.last == " " { run.removeLast() }
            if run.count >= charactersMin { runs.append(run) }
            start = at + 1
        }
        return runs
    }

    /// Whether it could tell somebody something: more than one word, or a URL, with enough letters.
    private static func speaks(_ run: ArraySlice<Unicode.Scalar>) -> Bool {
        let letters = run.count { $0.properties.isAlphabetic }
        return letters >= lettersMin && (run.contains(" ") || string(run).contains("://"))
    }

    private static func contains(_ text: Scalars, _ run: ArraySlice<Unicode.Scalar>) -> Bool {
        text.firstRange(of: run.prefix(charactersMin)) != nil
    }

    private static func string(_ scalars: some Sequence<Unicode.Scalar>) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        return String(view)
    }
}
