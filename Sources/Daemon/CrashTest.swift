import Glibc

/// Lets a test end or hold this process right after its Nth commit, so that every boundary of durability can be crossed.
///
/// `NIGHTSHIFT_KILL_AFTER_COMMIT=N` in the environment kills it after that one, `NIGHTSHIFT_STOP_AFTER_COMMIT=N` stops it
/// (SIGSTOP, until a SIGCONT) after that one and each later one. Without them nothing happens. See docs/testing.md.
enum CrashTest {
    private static let last = number("NIGHTSHIFT_KILL_AFTER_COMMIT")
    private static let firstStop = number("NIGHTSHIFT_STOP_AFTER_COMMIT")

    static let afterCommit: @Sendable (Int) -> Void = { number in
        if number == last { kill(getpid(), SIGKILL) }
        if let firstStop, number >= firstStop { kill(getpid(), SIGSTOP) }
    }

    private static func number(_ variable: String) -> Int? { getenv(variable).flatMap { Int(String(cString: $0)) } }
}
