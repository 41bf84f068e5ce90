import Delivery
import FoundationEssentials
import Incidents
import Ledger
import Model
import Runbooks
import Text

/// What the driver needs to have a fix made: projects, roles, the desk of the agents' process, and git for the forge.
struct Development: Sendable {
    let desk: WorkDesk
    /// As the settings had them at the start; another set needs a restart.
    let projects: @Sendable () -> [Project]
    /// The roles as they are written.
    let roles: @Sendable () -> [RoleFile]
    /// Nil where git is not installed; a forge step then fails and says so.
    let git: Git?
    /// Whether the agents' process is a child of ours, and so of our own user.
    var startsAgents = false

    /// Whether systemd started this very process for a unit. `INVOCATION_ID` would not tell: every shell below a unit, such
    /// as a user's terminal, inherits it.
    static func isUnit(_ environment: [String: String], process: Int32) -> Bool {
        environment["SYSTEMD_EXEC_PID"] == "\(process)"
    }

    /// The definition that an escalated incident of a project begins.
    static let pipeline = "incident-fix"
    /// The one that only finds the cause.
    static let diagnosis = "diagnose"
    /// What a review by itself is listed as.
    static let review = "review"

    /// `1a2b3c4d-1` is the first fix of an incident, and `1a2b3c4d-d1` its first diagnosis, which has no branch.
    static func item(_ incident: String, _ runbook: String, _ occurrence: Int) -> String {
        "\(incident.prefix(8))-\(runbook == diagnosis ? "d" : "")\(occurrence)"
    }

    func project(named name: String) -> Project? { projects().first { $0.name == name } }

    /// Where branches of a project are taken in and merged.
    ///
    /// - Throws: `forge.git` without git, and what `LocalForge` throws where the repository is not fit for it.
    func forge(of project: Project) async throws(Fault) -> LocalForge {
        guard let git else { throw Fault("forge.git", "git is not installed") }
        return try await LocalForge(project.repository, git: git)
    }

    /// Whose unit the incident is about.
    func project(of incident: Incident) -> Project? {
        guard let unit = incident.labels["unit"] else { return nil }
        return projects().first { $0.units.contains(unit) }
    }
}

extension Project {
    /// `$project` as definitions read it.
    var snapshot: JSONValue {
        var members: [String: JSONValue] = ["name": .string(name)]
        if let production {
            members["watch"] = .string(production.watch)
            members["watch_for"] = .string(production.watchFor.literal)
        }
        return .object(members)
    }

    /// Whether the project's own policy lets a change pass without a person: only one that its lines show in full.
    func isLowRisk(_ change: TreeDiff) -> Bool {
        guard case .lowRisk(let globs, let most) = approveProduction, change.lines <= most, change.isWhole,
            !change.files.isEmpty, change.files.allSatisfy(\.isPlainText)
        else { return false }
        let allowed: [Glob]
        do {
            allowed = try globs.map { pattern throws(Fault) in try Glob(pattern) }
        } catch {
            return false  // a policy that cannot be read waives nothing
        }
        return change.files.allSatisfy { file in
            // A path that is none is nowhere allowed.
            guard let path = try? RelativePath(file.path) else { return false }
            return allowed.contains { $0.matches(path) }
        }
    }
}

extension RunState {
    /// Names branch, worktree and pull request of the run's change.
    var item: String {
        guard let facts else { return "none" }
        return Development.item(facts.incident, facts.runbook, facts.occurrence)
    }

    /// The project of the run, as it was when the run began.
    var projectName: String? { facts?.project?["name"]?.string }
}
