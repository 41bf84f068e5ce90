public import Model
public import Text

// Nothing that was read from outside is stored or sent before it went through here.
extension Masking {
    public func mask(_ evidence: Evidence) -> Evidence {
        Evidence(evidence.kind, mask(evidence.reference), mask(evidence.text))
    }

    public func mask(_ line: TimelineLine) -> TimelineLine {
        var masked = line
        masked.text = mask(line.text)
        masked.evidence = line.evidence.map(mask)
        return masked
    }

    /// The values of labels; their names are the rules' own words.
    public func mask(_ labels: Labels) -> Labels {
        Labels(labels.pairs.map { ($0.name, mask($0.value)) })
    }
}
