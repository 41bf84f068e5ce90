import Glibc
import Model
import Subprocess
import Synchronization
import SystemPackage

/// Looks at a running child from time to time and says when it must end.
protocol ChildWatch: Sendable {
    mutating func check(_ process: Int32) -> SandboxLimit?
}

/// Leaves everything to the child's bounds on output and time.
struct NoWatch: ChildWatch {
    mutating func check(_ process: Int32) -> SandboxLimit? { nil }
}

/// A child process with a cleared environment and bounds on output and time: the one place that starts any.
///
/// It leads a process group of its own; a limit ends the group.
struct ChildProcess: Sendable {
    var executable: String
    var arguments: [String]
    var environment: [String: String] = [:]
    var directory = "/"
    var input: [UInt8] = []
    var wall: Duration
    /// Of both streams together; one byte more ends the child.
    var outputMax: Int
    /// Kept of each end of each stream.
    var keep: Int
    /// Between two looks of the watch.
    var interval: Duration = .milliseconds(50)

    struct Outcome: Sendable {
        var end: SandboxReport.End
        var standardOutput: KeptOutput
        var standardError: KeptOutput
        var wall: Duration
    }

    /// - Throws: where the process could not be started or watched, or the task was cancelled (the child is ended then).
    func run<Watch: ChildWatch>(_ watch: Watch = NoWatch()) async throws(Fault) -> (Outcome, Watch) {
        let clock = ContinuousClock()
        let began = clock.now
        let stop = ChildStop()
        do {
            var options = PlatformOptions()
            options.processGroupID = 0
            let result = try await Subprocess.run(
                .path(FilePath(executable)), arguments: Arguments(arguments),
                environment: .custom(
                    Dictionary(uniqueKeysWithValues: environment.map { (Environment.Key(stringLiteral: $0), $1) })),
                workingDirectory: FilePath(directory), platformOptions: options,
                input: .fileDescriptor(try standardInput(), closeAfterSpawningProcess: true), output: .sequence,
                error: .sequence
            ) { execution in
                try await follow(execution, watch, until: began + wall, stop: stop)
            }
            let (output, errors, seen) = result.closureResult
            let end: SandboxReport.End =
                switch (stop.limit, result.terminationStatus) {
                case (let limit?, _): .limit(limit)
                case (nil, .exited(let code)): .exit(code)
                case (nil, .signaled(let number)): .signal(number)
                }
            return (
                Outcome(end: end, standardOutput: output, standardError: errors, wall: clock.now - began), seen
            )
        } catch is CancellationError {
            throw Fault("child.cancelled", "\(executable) was ended because its work was cancelled")
        } catch let error as Fault {
            throw error
        } catch {
            throw Fault("child.failed", "\(executable) could not be run: \(error)")
        }
    }

    private typealias Running = Execution<FileDescriptorInput, SequenceOutput, SequenceOutput>

    /// Reads both streams to their end and returns once the child has ended, whoever ended it.
    private func follow<Watch: ChildWatch>(
        _ execution: Running, _ watch: Watch, until deadline: ContinuousClock.Instant, stop: ChildStop
    ) async throws -> (KeptOutput, KeptOutput, Watch) {
        let budget = OutputBudget(outputMax)
        return try await withTaskCancellationHandler {
            var (streams, watch) = await withTaskGroup(of: Part<Watch>.self) { [keep, interval] group in
                group.addTask {
                    .output(await Self.collect(execution.standardOutput, keep, budget, execution, stop))
                }
                group.addTask {
                    .errors(await Self.collect(execution.standardError, keep, budget, execution, stop))
                }
                group.addTask {
                    var watch = watch
                    while !Task.isCancelled, Self.look(&watch, at: execution, deadline, stop) {
                        try? await Task.sleep(for: interval)  // cancelled: the loop ends
                    }
                    return .seen(watch)
                }
                var output: Result<KeptOutput, any Error>?
                var errors: Result<KeptOutput, any Error>?
                var seen = watch
                for await part in group {
                    switch part {
                    case .output(let result): output = result
                    case .errors(let result): errors = result
                    case .seen(let watch): seen = watch
                    }
                    if output != nil, errors != nil { group.cancelAll() }
                }
                return ((output, errors), seen)
            }
            // A child may close its streams and go on.
            var pause = Duration.microseconds(500)
            while Self.look(&watch, at: execution, deadline, stop) {
                try await Task.sleep(for: pause)
                pause = min(pause * 2, interval)
            }
            try Task.checkCancellation()
            guard let output = try streams.0?.get(), let errors = try streams.1?.get() else {
                throw CancellationError()
            }
            return (output, errors, watch)
        } onCancel: {
            Self.kill(execution)
        }
    }

    private enum Part<Watch: ChildWatch>: Sendable {
        case output(Result<KeptOutput, any Error>)
        case errors(Result<KeptOutput, any Error>)
        case seen(Watch)
    }

    /// False when the child has ended.
    private static func look<Watch: ChildWatch>(
        _ watch: inout Watch, at execution: Running, _ deadline: ContinuousClock.Instant, _ stop: ChildStop
    ) -> Bool {
        let process = execution.processIdentifier.value
        guard ProcessTree.isRunning(process) else { return false }
        guard stop.limit == nil else { return true }
        if let limit = ContinuousClock.now >= deadline ? .wall : watch.check(process) {
            stop.set(limit)
            kill(execution)
        }
        return true
    }

    private static func collect(
        _ stream: SubprocessOutputSequence, _ keep: Int, _ budget: OutputBudget, _ execution: Running,
        _ stop: ChildStop
    ) async -> Result<KeptOutput, any Error> {
        var kept = KeptOutput(keep: keep)
        do {
            for try await buffer in stream {
                buffer.withUnsafeBytes { kept.append($0) }
                if !budget.take(buffer.count) {
                    stop.set(.output)
                    kill(execution)
                }
            }
        } catch {
            return .failure(error)
        }
        kept.finish()
        return .success(kept)
    }

    /// The whole group: git's own children are in it; a sandbox dies with its starter.
    private static func kill(_ execution: Running) {
        do {
            try execution.send(signal: .kill, toProcessGroup: true)
        } catch {
            // It has ended by itself, which is what was wanted.
        }
    }

    /// A nameless file rather than a pipe: a child that does not read its input cannot end us by SIGPIPE.
    private func standardInput() throws(Fault) -> FileDescriptor {
        if input.isEmpty {
            let descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { throw Fault("child.input", "/dev/null could not be opened") }
            return FileDescriptor(rawValue: descriptor)
        }
        var name = Array("/tmp/nightshift-input-XXXXXX".utf8CString)
        let descriptor = mkstemp(&name)
        guard descriptor >= 0 else { throw Fault("child.input", "no file could be made in /tmp for a child's input") }
        unlink(name)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        let file = FileDescriptor(rawValue: descriptor)
        do {
            try file.writeAll(input)
            try file.seek(offset: 0, from: .start)
        } catch {
            // The first error counts.
            try? file.close()
            throw Fault("child.input", "a child's input could not be written: \(error)")
        }
        return file
    }
}

/// Why a child was ended; the first reason stays.
private final class ChildStop: Sendable {
    private let first = Mutex<SandboxLimit?>(nil)

    var limit: SandboxLimit? { first.withLock { $0 } }
    func set(_ limit: SandboxLimit) { first.withLock { $0 = $0 ?? limit } }
}

private final class OutputBudget: Sendable {
    private let left: Mutex<Int>

    init(_ bytes: Int) { left = Mutex(bytes) }

    /// False once it is used up.
    func take(_ bytes: Int) -> Bool {
        left.withLock { left in
            left = max(-1, left - bytes)
            return left >= 0
        }
    }
}
