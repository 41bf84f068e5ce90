import CSystemd
import Glibc
import Model

/// The helper's process: the executor behind its two sockets, until SIGTERM.
public enum ExecutorService {
    /// The exit status: 0 after a clean stop, 64 for wrong arguments, 1 where it cannot start.
    public static func run(_ arguments: [String]) async -> Int32 {
        let stop = StopSignal()
        do throws(Fault) {
            let options = try ServiceOptions.parse(arguments)
            let (core, server) = try start(options)
            notify("READY=1\nSTATUS=Takes orders")
            say("takes orders: \(options.installed), \(options.state)")
            await withDiscardingTaskGroup { group in
                group.addTask { await core.run() }
                group.addTask { await server.run() }
                group.addTask { await watch(core) }
                await stop.wait()
                notify("STOPPING=1")
                group.cancelAll()
            }
            say("stopped; what systemd was asked for goes on")
            return 0
        } catch {
            say("cannot start: \(error)", priority: 3)
            return error.code == "usage" ? 64 : 1
        }
    }

    private static func start(_ options: ServiceOptions) throws(Fault) -> (ExecutorCore, ExecutorServer) {
        var listeners = try ListeningSocket.inherited()
        if let path = options.execSocket { listeners.append(try ListeningSocket.bound(.exec, path: path)) }
        if let path = options.approveSocket { listeners.append(try ListeningSocket.bound(.approve, path: path)) }
        guard !listeners.isEmpty else {
            throw Fault("usage", "There is no socket to listen on\n\(ServiceOptions.usage)")
        }
        let installed = InstalledDirectory(path: options.installed)
        // As for the core, a test may name the commit right after which this process dies (docs/testing.md).
        let deadly = getenv("NIGHTSHIFT_KILL_AFTER_COMMIT").flatMap { Int(String(cString: $0)) }
        let core = try ExecutorCore(
            bus: SystemBus(.system), installed: installed, clock: .host,
            options: .init(
                directory: options.state, isRoot: geteuid() == 0,
                onCommit: { number in if number == deadly { kill(getpid(), SIGKILL) } }, say: { say($0) }))
        let coreName = options.core
        let server = ExecutorServer(core: core, listeners: listeners) {
            let settings: InstalledSettings
            do throws(Fault) {
                settings = try installed.current().settings
            } catch {
                settings = InstalledSettings()  // nothing can be done then, and the reason is told to whoever may ask
            }
            var admission = Admission(settings)
            if let coreName { admission.coreUID = Accounts.user(coreName)?.uid }
            return admission
        }
        return (core, server)
    }

    /// systemd's watchdog, where the unit asks for it: a sign of life whenever the executor answers.
    private static func watch(_ core: ExecutorCore) async {
        var microseconds: UInt64 = 0
        guard sd_watchdog_enabled(0, &microseconds) > 0 else { return }
        do {
            while !Task.isCancelled {
                _ = await core.isAlive
                notify("WATCHDOG=1")
                try await HostClock.host.sleep(.microseconds(Int64(microseconds / 3)))
            }
        } catch {
            // Cancelled: the process is stopping.
        }
    }

    private static func notify(_ text: String) { sd_notify(0, text) }

    /// A line of the journal, by way of standard error (sd-daemon's priority prefix).
    private static func say(_ text: String, priority: Int = 6) {
        let bytes = Array("<\(priority)>\(text)\n".utf8)
        _ = write(STDERR_FILENO, bytes, bytes.count)
    }
}
