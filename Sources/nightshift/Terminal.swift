import Glibc
import Model
import Text

/// Where a person reads: data goes to standard output, everything else to standard error.
///
/// Whatever a person reads shows its hidden characters: no text of a model's or a stranger's moves the cursor, hides a
/// line or turns one round.
enum Terminal {
    static var isInteractive: Bool { isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1 }

    /// Who types.
    static var userName: String { getpwuid(getuid()).map { String(cString: $0.pointee.pw_name) } ?? "uid \(getuid())" }

    static func complain(_ text: String) {
        write(HiddenCharacters.shown(in: text) + "\n", to: STDERR_FILENO)
    }

    static func say(_ text: String) {
        write(HiddenCharacters.shown(in: text) + "\n", to: STDOUT_FILENO)
    }

    /// Data for a program, such as JSON: as it is.
    static func give(_ data: String) {
        write(data + "\n", to: STDOUT_FILENO)
    }

    /// Asks on the terminal; anything but y or yes is no, and so is a closed input.
    static func confirm(_ question: String) -> Bool {
        write(HiddenCharacters.shown(in: question) + " [y/N] ", to: STDERR_FILENO)
        return ["y", "yes"].contains(readLine()?.lowercased() ?? "")
    }

    /// Seconds east of UTC of this host's zone at a time.
    static func zoneOffset(at time: Timestamp) -> Int {
        var seconds = time_t(time.microseconds / 1_000_000)
        var local = tm()
        localtime_r(&seconds, &local)
        return local.tm_gmtoff
    }

    private static func write(_ text: String, to descriptor: Int32) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let written = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if written < 0 && errno == EINTR { continue }
            // Nobody reads any more (a closed pipe): there is no one left to tell.
            if written <= 0 { return }
            bytes = bytes.dropFirst(written)
        }
    }
}
