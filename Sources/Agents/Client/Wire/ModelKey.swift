import Glibc
public import Model

/// A vendor's key, which is never shown.
public struct ModelKey: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    let secret: String

    /// Nil where the text cannot be sent in a header: it is empty or has anything but visible ASCII.
    public init?(_ secret: String) {
        guard !secret.isEmpty, secret.utf8.allSatisfy({ (33...126).contains($0) }) else { return nil }
        self.secret = secret
    }

    public var description: String { "[key]" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: [:]) }

    /// The text without the key.
    func hidden(in text: String) -> String { text.replacing(secret, with: description) }
}

extension ModelKey {
    static let bytesMax = 4096

    /// Where `setting` leads: an absolute path, or `$CREDENTIALS_DIRECTORY/NAME` for systemd's LoadCredential.
    public static func path(_ setting: String, environment: [String: String]) throws(Fault) -> String {
        guard let name = credential(setting) else {
            guard setting.hasPrefix("/") else {
                throw fault(setting, "its path must begin with / or with $CREDENTIALS_DIRECTORY/")
            }
            return setting
        }
        guard let directory = environment["CREDENTIALS_DIRECTORY"], directory.hasPrefix("/") else {
            throw fault(
                setting, "systemd passed no credentials", hint: "Name it in LoadCredential=\(name):PATH of the unit.")
        }
        return "\(directory)/\(name)"
    }

    /// The credential's name; nil for a path.
    static func credential(_ setting: String) -> Substring? {
        let prefix = "$CREDENTIALS_DIRECTORY/"
        guard setting.hasPrefix(prefix) else { return nil }
        let name = setting.dropFirst(prefix.count)
        return name.isEmpty || name.contains("/") || name.hasPrefix(".") ? nil : name
    }

    /// The key in a file that is nobody else's: not readable or writable by everybody, and one line.
    public static func read(_ path: String) throws(Fault) -> ModelKey {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw fault(path, String(cString: strerror(errno))) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw fault(path, String(cString: strerror(errno))) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw fault(path, "it is not a file") }
        guard status.st_mode & (S_IROTH | S_IWOTH) == 0 else {
            throw fault(path, "everybody on this host may read or write it", hint: "Run chmod 600 \(path)")
        }
        var bytes: [UInt8] = []
        while true {
            var buffer = [UInt8](repeating: 0, count: bytesMax + 1)
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            guard count >= 0 else { throw fault(path, String(cString: strerror(errno))) }
            if count == 0 { break }
            bytes += buffer.prefix(count)
            guard bytes.count <= bytesMax else { throw fault(path, "it is larger than \(bytesMax) bytes") }
        }
        while let last = bytes.last, [9, 10, 13, 32].contains(last) { bytes.removeLast() }
        guard !bytes.isEmpty else { throw fault(path, "it is empty") }
        guard let key = ModelKey(String(decoding: bytes, as: UTF8.self)) else {
            throw fault(path, "it is not one line of visible ASCII characters")
        }
        return key
    }

    private static func fault(_ path: String, _ reason: String, hint: String? = nil) -> Fault {
        Fault("agents.key", "the model's key in \(path) cannot be used: \(reason)", hint: hint)
    }
}
