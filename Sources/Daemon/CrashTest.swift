import Glibc

/// Lets a test kill this process right after its Nth commit, so that every boundary of durability can be crossed.
///
/// Named by the environment variable `NIGHTSHIFT_KILL_AFTER_COMMIT`; without it nothing happens. See docs/testing.md.
enum CrashTest {
    private static let limit = getenv("NIGHTSHIFT_KILL_AFTER_COMMIT").flatMap { Int(String(cString: $0)) }

    static let afterCommit: @Sendable (Int) -> Void = { number in
        if number == limit { kill(getpid(), SIGKILL) }
    }
}
