import Glibc
import Model

/// A file that holds one secret, a line feed at its end not counted.
enum SecretFile {
    static let bytesMax = 65_536

    static func read(_ path: String) throws(Fault) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw fault(path, String(cString: strerror(errno))) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        while true {
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            guard count >= 0 else { throw fault(path, String(cString: strerror(errno))) }
            if count == 0 { break }
            bytes += buffer.prefix(count)
            guard bytes.count <= bytesMax else { throw fault(path, "it is larger than 64KiB") }
        }
        while let last = bytes.last, last == 10 || last == 13 { bytes.removeLast() }
        guard !bytes.isEmpty else { throw fault(path, "it is empty") }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func fault(_ path: String, _ reason: String) -> Fault {
        Fault("scrape.secret", "the secret in \(path) cannot be read: \(reason)")
    }
}
