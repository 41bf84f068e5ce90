import FoundationEssentials
public import Model
import Subprocess
import SystemPackage

/// `nightshift agents` as a child of a daemon that was started by hand.
public enum AgentsChild {
    /// Of the environment it gets where programs and the model's key are, and how to write; whatever else the person who
    /// started the daemon has in it, tokens above all, is nothing for it.
    private static let variables: Set = [
        "PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "CREDENTIALS_DIRECTORY", "JOURNAL_STREAM",
    ]

    static func kept(_ environment: [String: String]) -> [String: String] {
        environment.filter { variables.contains($0.key) }
    }

    /// Runs it until it ends, and says how; cancelled, it is told to end and awaited.
    public static func run(settings: String?) async throws(Fault) -> String {
        var arguments = ["agents", "--parent"]
        if let settings { arguments += ["--settings", settings] }
        var options = PlatformOptions()
        options.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: .seconds(10))]
        do {
            let result = try await Subprocess.run(
                .path("/proc/self/exe"), arguments: Arguments(arguments),
                environment: .custom(
                    Dictionary(
                        uniqueKeysWithValues: kept(ProcessInfo.processInfo.environment).map {
                            (Environment.Key(stringLiteral: $0), $1)
                        })),
                platformOptions: options,
                output: .fileDescriptor(.standardOutput, closeAfterSpawningProcess: false),
                error: .fileDescriptor(.standardError, closeAfterSpawningProcess: false))
            return "\(result.terminationStatus)"
        } catch {
            throw Fault("agents.child", "nightshift agents cannot be started: \(error)")
        }
    }
}
