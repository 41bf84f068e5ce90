public import Model
public import Text

/// A check by code that a change did not pass; written `GATE: TEXT`, and where it is stored with the evidence below it.
///
/// `text` is a sentence for the person and for the model that may try again: what, where, what next. `evidence` are
/// lines that prove it: test names, places, excerpts, the end of an output. A secret that `secret` found is named by its
/// place only; excerpts of files and outputs are as they are, so `masked` comes before storing and sending.
public struct GateFailure: Error, Sendable, Hashable, Codable, CustomStringConvertible {
    /// The names are stable: timelines, tests and people rely on them.
    public enum Gate: String, Sendable, Codable, CaseIterable {
        case citation, schema, budget, turns, refusal
        case paths, apply
        case noChange = "no-change"
        case reproduces
        case testsKept = "tests-kept"
        case testsPass = "tests-pass"
        case needed
        case buildFiles = "build-files"
        case dependency, secret, hidden, injected
        case sandbox, repository, forge, approval, staging, watch
    }

    public var gate: Gate
    public var text: String
    public var evidence: [String]

    public init(_ gate: Gate, _ text: String, evidence: [String] = []) {
        self.gate = gate
        self.text = text
        self.evidence = Array(evidence.prefix(Self.evidenceMax))
    }

    private static let evidenceMax = 20
    private static let lineMax = 400

    /// The evidence is masked as one text, since a secret may be longer than a line.
    public func masked(by masking: Masking) -> GateFailure {
        GateFailure(
            gate, masking.mask(text),
            evidence: masking.mask(evidence.joined(separator: "\n")).split(whereSeparator: \.isNewline).map(String.init)
        )
    }

    public var description: String { "\(gate.rawValue): \(text)" }

    /// The sentence on one line, and below it what proves it, a line each: a step's failure tells it so.
    public var told: String {
        let sentence = text.split(whereSeparator: \.isNewline).joined(separator: " ")
        let lines = evidence.flatMap { $0.split(whereSeparator: \.isNewline) }
        return ([sentence] + lines.prefix(Self.evidenceMax).map { String($0).prefixed(Self.lineMax) })
            .joined(separator: "\n")
    }

    /// The step failed by this gate.
    public var outcome: Outcome { .failed("\(gate.rawValue): \(told)") }
}

/// `a, b, c and 4 more`
func listed(_ names: some Collection<String>, max: Int = 5) -> String {
    let shown = names.prefix(max).joined(separator: ", ")
    return names.count > max ? "\(shown) and \(names.count - max) more" : shown
}

/// `1 test`, `2 tests`
func counted(_ count: Int, _ noun: String) -> String { count == 1 ? "1 \(noun)" : "\(count) \(noun)s" }
