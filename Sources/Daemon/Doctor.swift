import Actuation
import CSystemd
public import Console
import Detection
import FoundationEssentials
import Glibc
import Journal
import Model

/// Says what of the settings works on this host, and how to mend the rest.
public enum Doctor {
    public struct Finding: Sendable, Codable, Hashable {
        public enum Verdict: String, Sendable, Codable {
            case fine, warning, broken
        }

        public var verdict: Verdict
        public var about: String
        public var text: String
        /// What to do; nil where nothing needs doing.
        public var mend: String?
    }

    /// Asks the daemon on a control socket how it is.
    public typealias Ask = @Sendable (_ socket: String) async throws -> StatusView

    /// Looks at everything that the settings name, and asks the daemon where one runs; changes nothing.
    public static func examine(settingsPath: String?, ask: Ask) async -> [Finding] {
        let settings: Settings
        do {
            settings = try SettingsFile.load(settingsPath)
        } catch {
            return [Finding(verdict: .broken, about: "settings", text: "\(error)", mend: "Correct the file.")]
        }
        var findings = [Finding(verdict: .fine, about: "settings", text: "they are valid", mend: nil)]
        findings.append(content(settings))
        findings.append(directory(settings.state, "state", mend: "Create it, owned by the user that runs Nightshift."))
        findings.append(directory(settings.runtime, "runtime", mend: "systemd makes it (RuntimeDirectory=)."))
        findings.append(journal(settings))
        findings.append(await actuation(settings))
        findings.append(contentsOf: people(settings))
        findings.append(clock())
        findings.append(contentsOf: await agents(settings, ask))
        return findings
    }

    private static func content(_ settings: Settings) -> Finding {
        do {
            let content = try Content.load(settings)
            return Finding(
                verdict: content.rules.count == 0 ? .warning : .fine, about: "rules and runbooks",
                text: "\(content.rules.count) rules, \(content.runbooks.count) runbooks",
                mend: content.rules.count == 0 ? "Without a rule nothing is noticed: add files under `rules`." : nil)
        } catch {
            return Finding(
                verdict: .broken, about: "rules and runbooks", text: "\(error)",
                mend: "nightshift check names every error.")
        }
    }

    private static func directory(_ path: String, _ about: String, mend: String) -> Finding {
        guard access(path, F_OK) == 0 else {
            return Finding(verdict: .broken, about: about, text: "\(path) does not exist", mend: mend)
        }
        guard access(path, W_OK) == 0 else {
            return Finding(
                verdict: .warning, about: about, text: "\(path) cannot be written by \(userName())",
                mend: "Fine where the daemon runs as another user; else change its owner.")
        }
        var info = statvfs()
        guard statvfs(path, &info) == 0 else {
            return Finding(verdict: .broken, about: about, text: "\(path) cannot be examined", mend: mend)
        }
        let free = Int(info.f_bavail) * Int(info.f_frsize)
        return Finding(
            verdict: free < 64 << 20 ? .warning : .fine, about: about, text: "\(path), \(free >> 20) MiB free",
            mend: free < 64 << 20 ? "Make room: on a full disk Nightshift stops acting." : nil)
    }

    private static func journal(_ settings: Settings) -> Finding {
        do {
            let reader = try JournalReader(settings.journal.source, matches: settings.journal.match)
            _ = try reader.seek(.head)
            let batch = try reader.nextBatch(max: 1, maxBytes: 1 << 20, fields: ["MESSAGE"])
            guard !batch.entries.isEmpty else {
                return Finding(
                    verdict: .warning, about: "journal", text: "no entry can be read by \(userName())",
                    mend: "Add the user to the group systemd-journal, and make the journal persistent.")
            }
            return Finding(verdict: .fine, about: "journal", text: "readable from \(batch.entries[0].at)", mend: nil)
        } catch {
            return Finding(verdict: .broken, about: "journal", text: "\(error)", mend: nil)
        }
    }

    private static func actuation(_ settings: Settings) async -> Finding {
        switch settings.actuation {
        case .observe:
            return Finding(
                verdict: .warning, about: "actuation", text: "observe: every run only says what it would do",
                mend: "Set `actuation: exec` when you trust the runbooks.")
        case .user:
            return Finding(
                verdict: .warning, about: "actuation",
                text: "user: this process acts on the user's own units itself; there is no boundary around it",
                mend: "On a host use `actuation: exec`.")
        case .exec:
            do {
                // As a person: the other socket takes orders from the daemon's user only.
                let hello = try await ApproveClient().status()
                let halted = hello.halted.map { "; halted: \($0)" } ?? ""
                return Finding(
                    verdict: hello.installed.isEmpty || hello.halted != nil ? .warning : .fine, about: "actuation",
                    text: "the helper answers, \(hello.installed.count) runbooks installed\(halted)",
                    mend: hello.installed.isEmpty ? "nightshift runbooks install NAME (as root)." : nil)
            } catch {
                return Finding(
                    verdict: .broken, about: "actuation", text: error.description,
                    mend: "systemctl enable --now nightshift-exec.socket")
            }
        }
    }

    private static func people(_ settings: Settings) -> [Finding] {
        var findings: [Finding] = []
        if settings.escalation == nil {
            findings.append(
                Finding(
                    verdict: .warning, about: "escalation", text: "nobody is told of what cannot be repaired",
                    mend: "Add `escalation` with a receiver."))
        }
        if settings.deadman.url == nil {
            findings.append(
                Finding(
                    verdict: .warning, about: "deadman", text: "nobody outside would notice that Nightshift died",
                    mend: "Set `deadman.url`."))
        }
        for name in [settings.access.operators, settings.access.approvers] where getgrnam(name) == nil {
            findings.append(
                Finding(
                    verdict: .warning, about: "access", text: "there is no group \(name)",
                    mend: "Create it (groupadd --system \(name)) and add the people who may."))
        }
        return findings
    }

    private static func clock() -> Finding {
        let synchronized = HostSamples.read().first { $0.0["__name__"] == "host_clock_synchronized" }?.1
        switch synchronized {
        case 1: return Finding(verdict: .fine, about: "clock", text: "synchronized", mend: nil)
        case nil: return Finding(verdict: .warning, about: "clock", text: "the kernel does not say", mend: nil)
        default:
            return Finding(
                verdict: .warning, about: "clock", text: "the kernel says that it is not synchronized",
                mend: "Run chrony or systemd-timesyncd.")
        }
    }

    private static func userName() -> String {
        getpwuid(geteuid()).map { String(cString: $0.pointee.pw_name) } ?? "uid \(geteuid())"
    }
}
