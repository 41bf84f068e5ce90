import FoundationEssentials
public import Model
import Runbooks

/// A dry run: every effect that a runbook would have on an incident with these labels, and what it may not do.
public struct Plan: Sendable, Codable, Hashable {
    public struct Effect: Sendable, Codable, Hashable {
        public var step: String
        public var kind: String
        public var detail: String
    }

    public var runbook: String
    public var digest: String
    public var allowed: Bool
    /// Why not, or under which condition.
    public var reasons: [String]
    public var effects: [Effect]
}

extension Plan {
    /// `runbook` is a file, or the name of one that the settings load; Diagnostics or a Fault says what is wrong with it.
    public static func make(runbook name: String, labels: Labels, settingsPath: String?) throws -> Plan {
        let settings = try SettingsFile.load(settingsPath)
        return try plan(find(name, settings), labels: labels, settings: settings)
    }

    private static func find(_ name: String, _ settings: Settings) throws -> Runbook {
        if name.hasSuffix(".yaml") || name.contains("/") {
            guard let data = FileManager.default.contents(atPath: name) else {
                throw Fault("runbook.unknown", "The runbook \(name) cannot be read")
            }
            return try Runbook.parse(String(decoding: data, as: UTF8.self), file: name)
        }
        let runbooks = CurrentContent(try Content.load(settings), installed: settings.helperInstalled).forRuns(settings)
        guard let found = runbooks.first(where: { $0.name == name }) else {
            let known = runbooks.map(\.name).sorted().joined(separator: ", ")
            throw Fault(
                "runbook.unknown", "There is no runbook \"\(name)\"",
                hint: known.isEmpty ? "The settings load none." : "The settings load: \(known).")
        }
        return found
    }

    private static func plan(_ runbook: Runbook, labels: Labels, settings: Settings) -> Plan {
        var plan = Plan(runbook: runbook.name, digest: runbook.digest, allowed: true, reasons: [], effects: [])
        if !runbook.matches(labels) {
            plan.allowed = false
            plan.reasons.append("on: no list of matchers covers \(labels)")
        }
        switch runbook.effectiveMode {
        case .observe:
            plan.allowed = false
            let missing = runbook.unboundUnits
            plan.reasons.append(
                missing.isEmpty
                    ? "mode: observe, it only says what it would do"
                    : "mode: \(missing.joined(separator: ", ")) has no allow list; install it with --allow")
        case .approve: plan.reasons.append("approval: needs \(runbook.risk.approvers) before it acts")
        case .auto: break
        }
        if settings.actuation == .observe {
            plan.allowed = false
            plan.reasons.append("mode: the settings say actuation: observe")
        }
        let parameters: Parameters
        switch runbook.bind(labels: labels) {
        case .bound(let bound): parameters = bound
        case .refused(let `guard`, let text):
            plan.allowed = false
            plan.reasons.append("\(`guard`): \(text)")
            return plan
        }
        let run = RunContext(
            id: "plan", runbook: runbook.name, target: runbook.targetValue(parameters) ?? "",
            directory: "/var/lib/nightshift-exec/runs/plan", incident: "plan")
        plan.protect(runbook, parameters, settings)
        for (path, step) in zip(runbook.paths, runbook.steps) {
            plan.add(path, step.kind.word, runbook, parameters, run, labels)
        }
        if let verify = runbook.verify {
            plan.effects.append(
                Effect(
                    step: "verify", kind: "verify",
                    detail: "\(verify.expr.source) for \(verify.holdsFor.literal) within \(verify.within.literal)"))
        }
        return plan
    }

    private mutating func protect(_ runbook: Runbook, _ parameters: Parameters, _ settings: Settings) {
        let protection = ProtectedUnits(add: settings.protectedAdd, remove: settings.protectedRemove)
        do {
            for unit in try runbook.unitsNamed(parameters) where protection.protection(id: unit, names: []) != nil {
                allowed = false
                reasons.append("protected unit: \(unit) is never a target")
            }
        } catch {
            allowed = false
            reasons.append("target: \(error)")
        }
    }

    private mutating func add(
        _ path: String, _ kind: String, _ runbook: Runbook, _ parameters: Parameters, _ run: RunContext,
        _ labels: Labels
    ) {
        do {
            let step = try runbook.renderedStep(path: path, parameters: parameters, run: run, labels: labels)
            effects.append(Effect(step: path, kind: kind, detail: step.summary))
        } catch {
            effects.append(Effect(step: path, kind: kind, detail: "depends on earlier results: \(error.message)"))
        }
    }
}
