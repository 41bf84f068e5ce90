import Glibc
import Model

extension Sandbox {
    /// The user that a sandbox started by root has: of a range that no system hands out.
    static let standIn = 61_000

    /// Of /etc only what programs need; none of it is secret.
    private static let settings = [
        "alternatives", "bash.bashrc", "ca-certificates", "ca-certificates.conf", "crypto-policies", "debian_version",
        "fonts", "group", "host.conf", "hosts", "inputrc", "java-11-openjdk", "java-17-openjdk", "java-21-openjdk",
        "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "locale.alias", "locale.conf", "localtime", "lsb-release", "magic",
        "mime.types", "networks", "nsswitch.conf", "os-release", "passwd", "perl", "pki/tls", "pki/ca-trust",
        "profile", "protocols", "rpc", "services", "shells", "ssl/certs", "ssl/openssl.cnf", "terminfo", "timezone",
    ]

    /// Everything but the worktree and the command.
    func walls(limits: SandboxLimits, environment: [String: String]) -> [String] {
        var words: [String]
        if isRoot {
            words = [
                "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try",
                "--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID",
            ]
        } else {
            words = ["--unshare-all", "--unshare-user", "--uid", "1000", "--gid", "1000"]
            if forbidsNamespaces { words.append("--disable-userns") }
        }
        words += ["--die-with-parent", "--new-session", "--clearenv"]
        var variables = [
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/tmp", "TMPDIR": "/tmp",
            "LANG": "C.UTF-8",
        ]
        variables.merge(environment) { $1 }
        for (name, value) in variables.sorted(by: { $0.key < $1.key }) { words += ["--setenv", name, value] }
        words += ["--ro-bind", "/usr", "/usr"]
        for name in ["bin", "sbin", "lib", "lib32", "lib64", "libx32"] { words += Self.systemFolder("/" + name) }
        words += Self.folders(["/etc/ssl", "/etc/pki"])
        for name in Self.settings { words += ["--ro-bind-try", "/etc/" + name, "/etc/" + name] }
        words += ["--proc", "/proc", "--dev", "/dev"]
        for folder in ["/dev/shm", "/tmp"] {
            words += ["--perms", "1777", "--size", String(limits.memory.bytes), "--tmpfs", folder]
        }
        return words
    }

    /// Folders that anybody may pass through, the outermost first; bubblewrap's own are its user's alone.
    static func folders(_ paths: [String]) -> [String] {
        var all: [String] = []
        for path in paths {
            for end in path.indices.dropFirst().filter({ path[$0] == "/" }) + [path.endIndex] {
                let folder = String(path[..<end])
                if !all.contains(folder) { all.append(folder) }
            }
        }
        return all.flatMap { ["--perms", "0755", "--dir", $0] }
    }

    /// A link where it is one outside, else the folder read-only.
    private static func systemFolder(_ path: String) -> [String] {
        var target = [CChar](repeating: 0, count: 4096)
        let length = readlink(path, &target, target.count)
        if length > 0 {
            let bytes = target[..<length].map { UInt8(bitPattern: $0) }
            return ["--symlink", String(decoding: bytes, as: UTF8.self), path]
        }
        return ["--ro-bind-try", path, path]
    }

    /// The command under the kernel's limits for each process.
    ///
    /// Of memory it is the data that counts (`RLIMIT_DATA`): runtimes reserve address space that they never use. The
    /// limits here are wider than those of the watch, which says which one was met.
    func command(_ command: [String], limits: SandboxLimits) -> [String] {
        var words: [String] = []
        if isRoot {
            words += [
                "/usr/bin/setpriv", "--reuid", String(Self.standIn), "--regid", String(Self.standIn),
                "--clear-groups", "--inh-caps=-all", "--no-new-privs", "--",
            ]
        }
        let seconds = max(1, Int(limits.cpu.inSeconds.rounded(.up))) + 1
        let tasks = limits.processes + 16
        words += [
            "/usr/bin/prlimit", "--core=0", "--data=\(limits.memory.bytes * 2 + (256 << 20))",
            "--fsize=\(limits.file.bytes)",
            "--nproc=\(tasks)", "--cpu=\(seconds):\(seconds + 5)", "--nofile=4096", "--",
        ]
        return words + command
    }
}
