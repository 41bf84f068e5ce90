public import Model
import Text

/// All rules of a host, checked.
public struct RuleSet: Sendable {
    public let groups: [RuleGroup]

    static let rulesMax = 5000

    public init() { groups = [] }

    init(groups: [RuleGroup]) { self.groups = groups }

    /// How many rules there are.
    public var count: Int { groups.reduce(0) { $0 + $1.rules.count } }
    public var rules: some Sequence<Rule> { groups.lazy.flatMap(\.rules) }

    /// The fields of a journal entry that some rule reads; a reader need not fetch any other.
    public var journalFields: Set<String> {
        rules.reduce(into: LogEntry.coreFields) { fields, rule in
            switch rule.kind {
            case .log(let log):
                let matches = [log.match] + log.unless + (log.until.map { [$0] } ?? [])
                fields.formUnion(matches.flatMap(\.names) + log.fields)
            case .heartbeat(let heartbeat): fields.formUnion(heartbeat.match?.names ?? [])
            case .record, .alert, .anomaly: break
            }
        }
    }

    /// Reads rule files: Prometheus' format, with `log`, `anomaly` and `heartbeat` rules beside `record` and `alert`.
    ///
    /// Throws every problem of every file; then nothing of the set may be used. An empty file holds no rules.
    public static func parse(_ files: [(path: String, text: String)]) throws(Diagnostics) -> RuleSet {
        let problems = Problems()
        var groups: [RuleGroup] = []
        for file in files {
            do {
                guard let root = try YAML.parse(file.text, file: file.path) else { continue }
                groups += RuleReader(problems).groups(root)
            } catch {
                problems.add(error)
            }
        }
        let set = RuleSet(groups: groups)
        if set.count > rulesMax, let last = groups.last {
            problems.add(last.place, "there are \(set.count) rules, more than \(rulesMax); remove some")
        }
        try problems.throwIfAny()
        return set
    }
}
