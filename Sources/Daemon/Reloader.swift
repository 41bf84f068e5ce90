import Detection
import Logging
import Model
import Scraper
import ServiceLifecycle
import UnixSignals

/// Reads settings, rules and runbooks anew on SIGHUP: all of it takes effect, or nothing does.
struct Reloader: Service {
    let settingsPath: String?
    let settings: Settings
    let logger: Logger
    /// Takes on what was read and checked.
    let apply: @Sendable (Settings, Content) async -> Void

    func run() async throws {
        await cancelWhenGracefulShutdown {
            for await _ in await UnixSignalsSequence(trapping: .sighup) {
                Readiness.reloading()
                let answer = await reload()
                Readiness.ready(answer)
            }
        }
    }

    /// The answer is a word for `systemctl status`; what was refused, and why, is in the log.
    func reload() async -> String {
        do {
            let new = try SettingsFile.load(settingsPath)
            let fixed = settings.needingRestart(for: new)
            guard fixed.isEmpty else {
                throw Fault(
                    "settings.restart", "\(fixed.joined(separator: ", ")) cannot change while Nightshift runs",
                    hint: "Restart it for that.")
            }
            let content = try Content.load(new)
            await apply(new, content)
            let answer = "reloaded: \(content.rules.count) rules, \(content.runbooks.count) runbooks"
            logger.notice("\(answer)")
            return answer
        } catch {
            logger.error("nothing was reloaded, what ran before goes on:\n\(error)")
            return "reload refused: see the journal"
        }
    }
}

extension Settings {
    /// The keys whose values differ and that only a restart can change; all others take effect with a reload.
    func needingRestart(for new: Settings) -> [String] {
        var keys: [String] = []
        func note(_ key: String, _ same: Bool) { if !same { keys.append(key) } }
        note("state", state == new.state)
        note("runtime", runtime == new.runtime)
        note("actuation", actuation == new.actuation)
        note(
            "helper",
            helperSocket == new.helperSocket && helperInstalled == new.helperInstalled
                && runsDirectory == new.runsDirectory)
        note("protected_units", protectedAdd == new.protectedAdd && protectedRemove == new.protectedRemove)
        note("access", access == new.access)
        note("journal", journal == new.journal)
        note(
            "metrics.retention and metrics.memory",
            metrics.retention == new.metrics.retention && metrics.memory == new.metrics.memory)
        note("redaction", redaction == new.redaction)
        note("retention", retention == new.retention)
        note("escalation", escalation == new.escalation)
        note("deadman", deadman == new.deadman)
        note(
            "console", consoleListen?.host == new.consoleListen?.host && consoleListen?.port == new.consoleListen?.port)
        note("agents", agents == new.agents)
        note("projects", projects == new.projects)
        note("limits", actionLimit == new.actionLimit)
        return keys
    }
}
