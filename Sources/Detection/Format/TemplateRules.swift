import Model
import Text

/// What the templates of a rule may read, and which of it is a sender's claim.
struct TemplateRules {
    private let variables: [String]
    /// The labels that `$labels` can have; nil where only the expression's result will tell.
    private let labels: [String]?
    private let groups: Set<String>
    private let isLog: Bool

    /// `kind` is nil where the rule's condition is wrong; then only the variables are checked.
    init(_ word: String, _ kind: Rule.Kind?) {
        isLog = word == "log"
        variables = ["labels", "value", "externalLabels", "externalURL"] + (isLog ? ["fields"] : [])
        switch kind {
        case .log(let log):
            groups = Set(log.pattern?.groupNames ?? [])
            labels = ["unit"] + groups.sorted()
        case .heartbeat(let heartbeat):
            groups = []
            labels = heartbeat.unit == nil ? [] : ["unit"]
        case .record, .alert, .anomaly, nil:
            groups = []
            labels = nil
        }
    }

    /// The first thing that a template reads and cannot; nil where there is none.
    ///
    /// A log rule's label may not read `$value`: each count would be an alert of its own.
    func problem(in template: Template, isLabel: Bool) -> Diagnostic? {
        for read in template.reads {
            if let sentence = problem(read.path, isLabel: isLabel) { return Diagnostic(read.place, sentence) }
        }
        return nil
    }

    private func problem(_ path: [String], isLabel: Bool) -> String? {
        guard let root = path.first else { return nil }
        guard variables.contains(root) else {
            let near = nearest(root, among: variables).map { "; did you mean \"$\($0)\"?" } ?? ""
            return "this rule's templates cannot read \"$\(root)\"\(near)"
        }
        switch root {
        case "value" where isLog && isLabel:
            return "a log rule's label cannot read \"$value\", which changes with each entry; put it into an annotation"
        case "fields" where path.count != 2 || !Names.isField(path[1]):
            return "\"$fields\" needs the name of one journal field, such as $fields.MESSAGE"
        case "labels":
            guard let labels, path.count > 1, !labels.contains(path[1]) else { return nil }
            let near = nearest(path[1], among: labels).map { "; did you mean \"\($0)\"?" } ?? ""
            let known = labels.isEmpty ? "it has none" : "it has \(labels.joined(separator: ", "))"
            return "this rule finds no label \"\(path[1])\" (\(known))\(near)"
        default: return nil
        }
    }

    /// Whether any of what the template reads was written by an entry's sender.
    func readsClaim(_ template: Template) -> Bool {
        template.references.contains { path in
            if path.first == "fields" { return true }
            return path.first == "labels" && (path.count < 2 ? !groups.isEmpty : groups.contains(path[1]))
        }
    }

    /// The journal fields that the template reads.
    static func fields(of template: Template) -> [String] {
        template.references.compactMap { $0.count == 2 && $0[0] == "fields" ? $0[1] : nil }
    }
}
