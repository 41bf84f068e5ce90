public import Model
import Subprocess
import SystemPackage

/// `nightshift agents` as a child of a daemon that was started by hand.
public enum AgentsChild {
    /// Runs it until it ends, and says how; cancelled, it is told to end and awaited.
    public static func run(settings: String?) async throws(Fault) -> String {
        var arguments = ["agents", "--parent"]
        if let settings { arguments += ["--settings", settings] }
        var options = PlatformOptions()
        options.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: .seconds(10))]
        do {
            let result = try await Subprocess.run(
                .path("/proc/self/exe"), arguments: Arguments(arguments), platformOptions: options,
                output: .fileDescriptor(.standardOutput, closeAfterSpawningProcess: false),
                error: .fileDescriptor(.standardError, closeAfterSpawningProcess: false))
            return "\(result.terminationStatus)"
        } catch {
            throw Fault("agents.child", "nightshift agents cannot be started: \(error)")
        }
    }
}
