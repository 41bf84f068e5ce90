import Actuation
import Model
import Runbooks
import Synchronization

/// The rules and runbooks in force, replaced as one by a reload.
final class CurrentContent: Sendable {
    private let content: Mutex<Content>
    private let installed: InstalledDirectory

    init(_ content: Content, installed: String) {
        self.content = Mutex(content)
        self.installed = InstalledDirectory(path: installed)
    }

    var current: Content { content.withLock { $0 } }
    func replace(_ new: Content) { content.withLock { $0 = new } }

    /// The runbooks as whoever acts has them: an installed copy stands for the file of its name.
    func forRuns(_ settings: Settings) -> [Runbook] {
        let files = current.runbooks
        guard settings.actuation == .exec else { return files }
        let copies: [String: Runbook]
        do {
            copies = try installed.current().runbooks
        } catch {
            return files  // then every run is refused by the helper's own digests, with the reason
        }
        return files.filter { copies[$0.name] == nil } + copies.values.sorted { $0.name < $1.name }
    }

    /// The units that the runbooks may act on.
    func units(_ settings: Settings) -> Set<String> {
        Set(forRuns(settings).flatMap(\.unitsInReach))
    }
}

/// In a user's own session the loaded runbooks are what is installed: there is no boundary around it.
struct OwnRunbooks: InstalledSource {
    let content: CurrentContent
    let settings: Settings

    func current() throws(Fault) -> InstalledSet {
        InstalledSet(
            settings: InstalledSettings(
                protected: ProtectedUnits(add: settings.protectedAdd, remove: settings.protectedRemove),
                actions: Budget(count: settings.actionLimit.count, per: settings.actionLimit.per),
                projects: settings.installedProjects),
            runbooks: content.current.runbooks)
    }
}
