import Glibc

/// Runs a program and awaits it; a failure of it is a failure of the check.
func command(_ words: String...) throws(Failure) { _ = try output(words) }

func output(_ words: String...) throws(Failure) -> String { try output(words) }

func output(_ program: String, _ arguments: [String]) throws(Failure) -> String { try output([program] + arguments) }

private func output(_ words: [String]) throws(Failure) -> String {
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else { throw Failure("no pipe") }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO)
    posix_spawn_file_actions_addclose(&actions, ends[0])
    var pid: pid_t = 0
    var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    let spawned = posix_spawn(&pid, words[0], &actions, nil, &arguments, environ)
    close(ends[1])
    defer { close(ends[0]) }
    guard spawned == 0 else { throw Failure("\(words[0]) cannot be run (error \(spawned))") }
    var text: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
        let count = Glibc.read(ends[0], &buffer, buffer.count)
        guard count > 0 else { break }
        text += buffer[..<count]
    }
    var status: Int32 = 0
    waitpid(pid, &status, 0)
    guard status == 0 else { throw Failure("\(words.joined(separator: " ")) ended with \(status)") }
    let out = String(decoding: text, as: UTF8.self)
    return out.hasSuffix("\n") ? String(out.dropLast()) : out
}
